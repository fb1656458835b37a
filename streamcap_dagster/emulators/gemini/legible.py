"""Reads one word in capitals on an otherwise plain picture, by matching its letters with those that Pillow draws."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Grey = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIZE = 48
_GRID = (16, 24)
"""Columns and rows that a letter is compared in."""
_SHORTEST = 3
"""Letters of the shortest word: a single upright bar is more likely a thing than an I."""
_LEAST_CONTRAST = 40
_MOST_INK = 0.25
_UNLIKE = 0.22
"""Mean difference from the nearest letter, of 1, from which on it is none."""


def read_word(jpeg: bytes) -> str:
    """The word, or nothing when the picture holds anything else than letters."""
    ink = _ink(np.asarray(Image.open(BytesIO(jpeg)).convert("L")).astype(np.float32))
    if ink is None:
        return ""
    letters = [_letter(ink[:, left:right]) for left, right in _columns(ink > 0.5)]
    return "".join(letters) if all(letters) and len(letters) >= _SHORTEST else ""


def _ink(grey: Grey) -> Grey | None:
    """How much of each pixel is ink, from 0 to 1; None when the picture is empty or full of something else."""
    off = np.abs(grey - np.median(grey))
    strongest = float(np.percentile(off, 99.9))
    if strongest < _LEAST_CONTRAST:
        return None
    ink = np.clip(off / strongest, 0, 1)
    return ink if float((ink > 0.5).mean()) < _MOST_INK else None


def _columns(mask: Mask) -> Iterator[tuple[int, int]]:
    """Where each letter begins and ends: runs of columns with ink."""
    filled = np.concatenate([[False], mask.any(axis=0), [False]])
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _letter(ink: Grey) -> str:
    shape, aspect = _shape(ink)
    misfit = {letter: float(np.abs(shape - known).mean()) + abs(aspect - known_aspect) for letter, (known, known_aspect) in _alphabet().items()}
    best = min(misfit, key=lambda letter: misfit[letter])
    return best if misfit[best] < _UNLIKE else ""


def _shape(ink: Grey) -> tuple[Grey, float]:
    """A letter cut out at its edges and brought to the grid, and how much wider than high it was, of 1."""
    rows = np.flatnonzero((ink > 0.5).any(axis=1))
    columns = np.flatnonzero((ink > 0.5).any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grid = Image.fromarray((cut * 255).astype(np.uint8)).resize(_GRID, Image.Resampling.BOX)
    return np.asarray(grid).astype(np.float32) / 255, float(cut.shape[1] / (cut.shape[0] + cut.shape[1]))


@cache
def _alphabet() -> dict[str, tuple[Grey, float]]:
    font = ImageFont.load_default(size=_SIZE)
    drawn = {}
    for letter in _LETTERS:
        image = Image.new("L", (2 * _SIZE, 2 * _SIZE))
        ImageDraw.Draw(image).text((_SIZE // 2, _SIZE // 2), letter, fill=255, font=font)
        drawn[letter] = _shape(np.asarray(image).astype(np.float32) / 255)
    return drawn
