"""Histograms as a picture, drawn with Pillow: the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT = 380, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 44, 34
_PAPER, _INK, _PALE = (255, 255, 255), (60, 60, 60), (214, 214, 214)
_COLOURS = {"initial captions": (46, 98, 158), "deltas": (232, 145, 52), "anchors": (98, 146, 92)}

Series = Mapping[str, Sequence[float]]
"""Share of each bin, from 0 to 1, by what it is of; all of one length."""


def draw_histograms(charts: Sequence[tuple[str, Sequence[str], Series]]) -> bytes:
    """A PNG with charts side by side, each a title, labels under the bins (empty where there is to be none), and one to three series."""
    picture = Image.new("RGB", (_WIDTH * len(charts), _HEIGHT), _PAPER)
    for place, (title, labels, series) in enumerate(charts):
        _draw(ImageDraw.Draw(picture), place * _WIDTH, title, labels, series)
    encoded = BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def _draw(pen: ImageDraw.ImageDraw, left: int, title: str, labels: Sequence[str], series: Series) -> None:
    font = ImageFont.load_default(11)
    pen.text((left + _LEFT, 8), title, _INK, ImageFont.load_default(13))
    floor, high = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    top = max((share for shares in series.values() for share in shares), default=0) or 1
    for part in (0.0, 0.5, 1.0):
        y = round(floor - part * high)
        pen.line((left + _LEFT, y, left + _WIDTH - _RIGHT, y), _PALE)
        pen.text((left + _LEFT - 6, y), f"{part * top:.0%}", _INK, font, anchor="rm")
    _bars(pen, left + _LEFT, floor, high, {name: [share / top for share in shares] for name, shares in series.items()})
    step = (_WIDTH - _LEFT - _RIGHT) / len(labels)
    for place, label in enumerate(labels):
        pen.text((left + _LEFT + (place + 0.5) * step, floor + 5), label, _INK, font, anchor="ma")
    if len(series) > 1:
        _legend(pen, left, list(series), font)


def _bars(pen: ImageDraw.ImageDraw, left: int, floor: int, high: int, series: Series) -> None:
    for number, (name, shares) in enumerate(series.items()):
        step = (_WIDTH - _LEFT - _RIGHT) / len(shares)
        wide = step * 0.84 / len(series)
        for place, share in enumerate(shares):
            x = left + (place + 0.08) * step + number * wide
            if share:
                pen.rectangle((round(x), floor - max(1, round(share * high)), round(x + wide) - 1, floor), _COLOURS[name])


def _legend(pen: ImageDraw.ImageDraw, left: int, names: Sequence[str], font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> None:
    x = left + _LEFT
    for name in names:
        pen.rectangle((x, 28, x + 9, 37), _COLOURS[name])
        pen.text((x + 14, 33), name, _INK, font, anchor="lm")
        x += 24 + round(pen.textlength(name, font))
