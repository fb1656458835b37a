"""A picture of many frames of a video at once, for people who look at what was sampled."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Final

from PIL import Image

from streamcap_dagster.records import Frame
from streamcap_dagster.storage.frame_table import FramesFile, read_spread

_GAP = 2
_PAPER = (24, 24, 24)
SMALL_BYTES: Final = 8000
"""The most that a small contact sheet may weigh: it lives inside event metadata."""


def contact_sheet(parquet: FramesFile, columns: int, rows: int, height: int, quality: int = 80) -> bytes:
    """A JPEG of at most columns x rows frames, evenly spread over the video, each `height` pixels high; one blank cell when there are none."""
    return sheet(read_spread(parquet, columns * rows), columns, height, quality)


def small_contact_sheet(parquet: FramesFile) -> bytes:
    """A contact sheet of at most SMALL_BYTES: as many and as fine pictures as fit."""

    @cache
    def frames(most: int) -> list[Frame]:
        return read_spread(parquet, most)

    for columns, rows, height, quality in ((4, 2, 90, 70), (4, 2, 90, 50), (4, 2, 72, 40), (4, 2, 54, 30), (4, 1, 54, 30), (2, 1, 48, 20)):
        small = sheet(frames(columns * rows), columns, height, quality)
        if len(small) <= SMALL_BYTES:
            return small
    return _jpeg(Image.new("RGB", (48, 48), _PAPER), 20)


def sheet(frames: Sequence[Frame], columns: int, height: int, quality: int) -> bytes:
    """A JPEG of these frames row by row, each `height` pixels high; one blank cell when there are none."""
    cells = [_cell(frame, height) for frame in frames] or [Image.new("RGB", (height, height), _PAPER)]
    width = max(cell.width for cell in cells)
    columns = min(columns, len(cells))
    lines = -(-len(cells) // columns)
    page = Image.new("RGB", (columns * (width + _GAP) - _GAP, lines * (height + _GAP) - _GAP), _PAPER)
    for place, cell in enumerate(cells):
        line, column = divmod(place, columns)
        page.paste(cell, (column * (width + _GAP), line * (height + _GAP)))
    return _jpeg(page, quality)


def _cell(frame: Frame, height: int) -> Image.Image:
    """One frame, scaled; a very wide one is cut off at four times its height."""
    picture = Image.open(BytesIO(frame.jpeg))
    width = max(1, round(frame.width * height / frame.height))
    return picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR).crop((0, 0, min(width, 4 * height), height))


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=quality, optimize=True)
    return encoded.getvalue()
