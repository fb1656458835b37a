"""Perceptual hashes of a video's pictures, about one a second, by which copies of it are found: re-encoded, resized, cropped, with bars, trimmed.

A hash (imagehash's phash: the 64 lowest frequencies of the picture, each above or below their median) survives scaling and compression, but no
crop. So a picture has several: of the whole of it without black bars, and of parts of that, one of which is what a cropped copy shows as its whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamcap_dagster.records import FrameHash, FrameHashes
from streamcap_dagster.storage.frame_table import read_positions, read_rows

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, as shares of its sides."""

PARTS: tuple[tuple[float, float, float], ...] = (
    (0.5, 0.5, 1.0),
    (0.5, 0.5, 0.95),
    (0.5, 0.5, 0.9),
    (0.5, 0.5, 0.85),
    (0.5, 0.5, 0.8),
    (0.0, 0.0, 0.9),
    (1.0, 0.0, 0.9),
    (0.0, 1.0, 0.9),
    (1.0, 1.0, 0.9),
)
"""The parts of a picture that are hashed: which side they keep to, across and down (0.5 is the middle), and how much of each side they show.
The first is the whole."""
EVERY_S = 1.0
_DECODED = (96, 96)
"""A picture is decoded at an eighth, a quarter or half its size, as long as both sides stay above this: hashes look at 32 x 32."""
_LOOKED_AT_FOR_BARS = 64
_BAR_LEVEL = 16.0
"""Mean brightness, 0 to 255, that no row of a black bar has in any picture."""
_SMALLEST_PICTURE = 0.4
"""Share of a side that bars leave at least; what is darker all over has no bars, it is dark."""
_SIDE = 32
_LEAST_DETAIL = 6.0
"""Standard deviation of brightness, 0 to 255, about an even slope, below which a picture is plain: black, one colour, a fade or noise."""


@dataclass(frozen=True)
class HashingJob:
    """A video whose pictures are to be hashed; travels to another process."""

    video_id: str
    frames: Path


def hash_frames(job: HashingJob) -> FrameHashes:
    """The hashes of about one picture a second, in order of time. A second that is not in any clip has none."""
    rows = _one_a_second(job.frames)
    box = _without_bars(_decoded(job.frames, _spread(rows, _LOOKED_AT_FOR_BARS))) if rows else (0.0, 0.0, 1.0, 1.0)
    hashes: list[FrameHash] = []
    last = ""
    for frame in read_rows(job.frames, rows):
        known = hashes[-1] if frame.sha256 == last else _hashed(_small(frame.jpeg), box)
        hashes.append(known.model_copy(update={"at_s": frame.target_s}))
        last = frame.sha256
    return FrameHashes(video_id=job.video_id, hashes=tuple(hashes))


def _one_a_second(frames: Path) -> list[int]:
    """The row of the first frame of each second."""
    seconds = read_positions(frames)["target_s"].to_numpy() // EVERY_S
    return [int(row) for row in np.unique(seconds, return_index=True)[1]]


def _spread(rows: Sequence[int], most: int) -> list[int]:
    shown = min(most, len(rows))
    return [rows[(2 * place + 1) * len(rows) // (2 * shown)] for place in range(shown)]


def _decoded(frames: Path, rows: Sequence[int]) -> Iterator[NDArray[np.float32]]:
    return (np.asarray(_small(frame.jpeg), np.float32) for frame in read_rows(frames, rows))


def _small(jpeg: bytes) -> Image.Image:
    """The picture in grey and small, which its JPEG gives for a fraction of the work."""
    picture = Image.open(BytesIO(jpeg))
    picture.draft("L", _DECODED)
    return picture.convert("L")


def _without_bars(pictures: Iterator[NDArray[np.float32]]) -> Box:
    """What is not always black."""
    rows, columns = np.zeros(1), np.zeros(1)
    for picture in pictures:
        rows, columns = np.maximum(rows, picture.mean(axis=1)), np.maximum(columns, picture.mean(axis=0))
    (left, right), (top, bottom) = _lit(columns), _lit(rows)
    return left, top, right, bottom


def _lit(brightness: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where a side is lit, and a pixel less at a bar, whose edge is blurred."""
    lit = np.flatnonzero(brightness > _BAR_LEVEL)
    side = len(brightness)
    if not len(lit):
        return 0.0, 1.0
    start, stop = int(lit[0]), int(lit[-1]) + 1
    start, stop = start + (start > 0), stop - (stop < side)
    return (start / side, stop / side) if stop - start >= _SMALLEST_PICTURE * side else (0.0, 1.0)


def _hashed(picture: Image.Image, box: Box) -> FrameHash:
    import imagehash  # brings scipy along, which takes a quarter of a second

    parts = [picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, box=_part(picture, box, *part)) for part in PARTS]
    return FrameHash(at_s=0, plain=_detail(parts[0]) < _LEAST_DETAIL, hashes=" ".join(str(imagehash.phash(part)) for part in parts))


def _part(picture: Image.Image, box: Box, across: float, down: float, share: float) -> Box:
    """In pixels, a part of the box within a picture."""
    left, right, top, bottom = box[0] * picture.width, box[2] * picture.width, box[1] * picture.height, box[3] * picture.height
    x, y = left + across * (1 - share) * (right - left), top + down * (1 - share) * (bottom - top)
    return x, y, x + share * (right - left), y + share * (bottom - top)


def _detail(picture: Image.Image) -> float:
    """How much brightness varies, apart from an even slope across the picture, which has next to nothing in it either."""
    grey = np.asarray(picture, np.float64)
    grey = grey - grey.mean()
    ramp = np.linspace(-1, 1, _SIDE)
    slopes = (grey.mean(axis=0) @ ramp, grey.mean(axis=1) @ ramp) / (ramp @ ramp)
    return float((grey - slopes[0] * ramp - slopes[1] * ramp[:, None]).std())
