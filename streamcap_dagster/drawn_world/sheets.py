"""A picture of a drawn video at a glance: one still per window, with what has to be told of it."""

from textwrap import wrap
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.drawn_world.brush import HEIGHT, WIDTH
from streamcap_dagster.drawn_world.filming import picture_at
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.stage import FPS
from streamcap_dagster.truth import reference

_COLUMNS: Final = 4
_TEXT_HEIGHT, _GAP, _LETTERS = 62, 6, 52
_PAPER, _INK, _QUIET = (250, 250, 248), (24, 24, 28), (150, 150, 150)
_LAST_STILL_S = 0.25
"""How long before the end of a window its last still is taken."""


def contact_sheet(script: Script, window_s: float) -> Image.Image:
    """The last still of each window, in rows of four; below each its time and its reference."""
    truth = script.truth
    windows = int(truth.duration_s / window_s + 1e-6)
    rows = -(-windows // _COLUMNS)
    page = Image.new("RGB", (_COLUMNS * (WIDTH + _GAP) + _GAP, rows * (HEIGHT + _TEXT_HEIGHT + _GAP) + _GAP), _PAPER)
    for window in range(windows):
        row, column = divmod(window, _COLUMNS)
        start, end = window * window_s, (window + 1) * window_s
        left, top = _GAP + column * (WIDTH + _GAP), _GAP + row * (HEIGHT + _TEXT_HEIGHT + _GAP)
        page.paste(picture_at(script, max(start, end - max(_LAST_STILL_S, 1 / FPS))), (left, top))
        _write(page, left, top + HEIGHT + 3, f"{start:g} s", reference(truth, start, end, initial=window == 0))
    return page


def _write(page: Image.Image, left: int, top: int, time: str, said: str) -> None:
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    lines = wrap(f"{time}: {said}", _LETTERS, max_lines=4, placeholder=" …") if said else [f"{time}: nothing to say"]
    draw.multiline_text((left, top), "\n".join(lines), fill=_INK if said else _QUIET, font=font, spacing=2)
