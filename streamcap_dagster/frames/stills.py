"""Small pictures of single moments of a video, for people who compare what was said of them."""

from collections.abc import Collection
from io import BytesIO

from PIL import Image

from streamcap_dagster.records import Frame
from streamcap_dagster.storage.frame_table import FramesFile, read_positions, read_rows

_DIGITS = 3
_QUALITY = 70


def first_stills(frames: FramesFile, starts_s: Collection[float], height: int) -> dict[float, bytes]:
    """A JPEG of the first frame of each window that starts at one of these seconds; of one that has no frame there is none."""
    wanted = {round(start_s, _DIGITS): start_s for start_s in starts_s}
    positions = read_positions(frames).select(["k", "target_s"]).to_pylist()
    rows = {}
    for row, position in enumerate(positions):
        if position["k"] == 0 and (start_s := wanted.pop(round(position["target_s"], _DIGITS), None)) is not None:
            rows[row] = start_s
    return {rows[row]: _small(frame, height) for row, frame in zip(rows, read_rows(frames, list(rows)), strict=True)}


def _small(frame: Frame, height: int) -> bytes:
    picture = Image.open(BytesIO(frame.jpeg)).convert("RGB")
    picture.thumbnail((4 * height, height))
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()
