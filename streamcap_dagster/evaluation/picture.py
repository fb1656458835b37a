"""Scores as one picture, drawn with Pillow: who does how well with bounds, and how events of each type fare. The same bytes for the same scores."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.evaluation.measures import OVERALL, OfType, Scores

_LABEL, _BARS, _NUMBER, _GAP = 104, 220, 74, 26
_TOP, _ROW, _BAR, _BOTTOM = 58, 30, 18, 20
_PAPER, _INK, _PALE = (255, 255, 255), (60, 60, 60), (226, 226, 226)
_BLUE, _ORANGE, _GREY = (46, 98, 158), (232, 145, 52), (150, 150, 150)
_PANEL = _LABEL + _BARS + _NUMBER + _GAP

Bar = tuple[float | None, tuple[int, int, int]]


def draw_scores(scores: Sequence[Scores]) -> bytes:
    """A PNG: on the left the overall score of each, on the right recall and precision by type of the first, which is the run."""
    types = scores[0].types
    height = _TOP + _ROW * max(len(scores), len(types)) + _BOTTOM
    picture = Image.new("RGB", (2 * _PANEL + _GAP, height), _PAPER)
    pen = ImageDraw.Draw(picture)
    _head(pen, _GAP, "Overall score, with 95 % bounds over videos", ())
    for row, scored in enumerate(scores):
        _draw_row(pen, _GAP, row, scored.name, [(scored.overall, _GREY if row else _BLUE)])
        _draw_bounds(pen, row, scored)
    _head(pen, _GAP + _PANEL, f"Events by type: {scores[0].name}", (("recall", _BLUE), ("precision", _ORANGE), ("silence", _GREY)))
    for row, of_type in enumerate(types):
        _draw_row(pen, _GAP + _PANEL, row, of_type.type.replace("_", " "), _bars_of(of_type))
    encoded = BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def _bars_of(of_type: OfType) -> list[Bar]:
    return [(of_type.recall, _BLUE), (of_type.precision, _ORANGE)] if of_type.silence is None else [(of_type.silence, _GREY)]


def _head(pen: ImageDraw.ImageDraw, left: int, title: str, legend: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
    pen.text((left, 10), title, _INK, ImageFont.load_default(14))
    x = left + _LABEL
    for name, colour in legend:
        pen.rectangle((x, 36, x + 9, 45), colour)
        pen.text((x + 14, 41), name, _INK, ImageFont.load_default(11), anchor="lm")
        x += 80


def _draw_row(pen: ImageDraw.ImageDraw, left: int, row: int, label: str, bars: Sequence[Bar]) -> None:
    """One bar, or several that share its height; what could not be measured has a dash."""
    font, middle = ImageFont.load_default(12), _TOP + row * _ROW + _ROW // 2
    pen.text((left + _LABEL - 8, middle), _fitted(pen, label, font), _INK, font, anchor="rm")
    pen.rectangle((left + _LABEL, middle - _BAR // 2, left + _LABEL + _BARS, middle + _BAR // 2 - 1), _PALE)
    high = _BAR // len(bars)
    for place, (value, colour) in enumerate(bars):
        top = middle - _BAR // 2 + place * high
        if value:
            pen.rectangle((left + _LABEL, top, left + _LABEL + max(1, round(value * _BARS)), top + high - 1), colour)
    told = " / ".join("-" if value is None else f"{value:.0%}" for value, _ in bars)  # the font has no dash
    pen.text((left + _LABEL + _BARS + 6, middle), told, _INK, ImageFont.load_default(10), anchor="lm")


def _draw_bounds(pen: ImageDraw.ImageDraw, row: int, scored: Scores) -> None:
    bounds, middle = scored.measures[OVERALL], _TOP + row * _ROW + _ROW // 2
    if bounds.low is None or bounds.high is None:
        return
    ends = [_GAP + _LABEL + round(at * _BARS) for at in (bounds.low, bounds.high)]
    pen.line((ends[0], middle, ends[1], middle), _INK)
    for x in ends:
        pen.line((x, middle - 4, x, middle + 4), _INK)


def _fitted(pen: ImageDraw.ImageDraw, label: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    while pen.textlength(label, font) > _LABEL - 8:
        label = f"{label[:-2]}…"
    return label
