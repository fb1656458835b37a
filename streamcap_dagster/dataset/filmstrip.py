"""A few frames of a row as one small picture: a line per window, in time order."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, UnidentifiedImageError

_PER_WINDOW = 4
_HEIGHT, _GAP = 96, 2
_PAPER = (24, 24, 24)


def draw_filmstrip(windows: Sequence[Sequence[bytes]]) -> bytes:
    """A JPEG of at most four frames of each window, evenly spread, from their JPEG bytes. A frame that cannot be opened stays an empty cell."""
    lines = [[_cell(jpeg) for jpeg in _spread(frames)] for frames in windows]
    wide = max((cell.width for line in lines for cell in line), default=_HEIGHT)
    columns = max((len(line) for line in lines), default=1)
    strip = Image.new("RGB", (columns * (wide + _GAP) - _GAP, len(lines) * (_HEIGHT + _GAP) - _GAP), _PAPER)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            strip.paste(cell, (column * (wide + _GAP), row * (_HEIGHT + _GAP)))
    encoded = BytesIO()
    strip.save(encoded, "JPEG", quality=75, optimize=True)
    return encoded.getvalue()


def _spread(frames: Sequence[bytes]) -> list[bytes]:
    shown = min(_PER_WINDOW, len(frames))
    return [frames[(2 * place + 1) * len(frames) // (2 * shown)] for place in range(shown)]


def _cell(jpeg: bytes) -> Image.Image:
    """Scaled to the height of a line; a very wide picture is cut off at four times that."""
    try:
        picture = Image.open(BytesIO(jpeg)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return Image.new("RGB", (_HEIGHT, _HEIGHT), _PAPER)
    wide = max(1, round(picture.width * _HEIGHT / picture.height))
    return picture.resize((wide, _HEIGHT), Image.Resampling.BILINEAR).crop((0, 0, min(wide, 4 * _HEIGHT), _HEIGHT))
