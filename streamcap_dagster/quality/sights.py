"""What the pixels of a window show, in numbers that words can be held against: colours, change, movement, cuts and light."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.colours import COLOURS, named
from streamcap_dagster.pixels.thumbnails import Pixels, thumbnails
from streamcap_dagster.records import Frame

WAYS = ("to the right", "to the left", "down", "up")
PLACES = ("on the left", "on the right", "at the top", "at the bottom", "in the centre")
LIGHTS = ("bright", "dark", "brighter", "darker")
CHANGE, STILL, CUT = "change", "still", "cut"
SIGHTS = (*COLOURS, *(f"{colour} changes" for colour in COLOURS), CHANGE, STILL, *WAYS, *PLACES, CUT, *LIGHTS)
"""The name of each number, in order."""

Sight = NDArray[np.float64]

_WIDTH, _HEIGHT = 64, 36
_FRAMES = 4
"""Frames of a window that are looked at: enough to see which way something goes."""
_CHANGED = 12
"""Levels of luma or chroma by which a cell differs once it has changed; noise and compression stay below."""
_SMALLEST = 3
"""Cells that must change before it is movement."""


def look_at(frames: Sequence[Frame], video_id: str) -> Pixels:
    """A few frames of a window, small, the first and the last among them."""
    chosen = np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).round().astype(int)
    return thumbnails([frames[index] for index in chosen], video_id, _WIDTH, _HEIGHT)


def sight(pictures: Pixels, before: Pixels | None) -> Sight:
    """The numbers of SIGHTS for the pictures of a window; `before` is the last picture of the window before it, shape (rows, columns, 3)."""
    steps = pictures if before is None else np.concatenate([before[np.newaxis], pictures])
    colours = named(steps)
    changed = np.abs(np.diff(steps.astype(np.int16), axis=0)).max(axis=-1) >= _CHANGED
    change = _share(changed)
    across, down = _path(changed)
    luma = steps[..., 0].mean(axis=(1, 2))
    light = float(luma[-len(pictures) :].mean())
    brighter = float(luma[-1] - luma[0])
    numbers = [
        *_shares(colours[-len(pictures) :]),
        *_touched(colours, changed),
        *(change, -change),
        *(across, -across, down, -down),
        *_places(changed),
        _cut(colours),
        *(light, -light, brighter, -brighter),
    ]
    return np.round(np.array(numbers, np.float64), 6)


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if mask.size else 0.0


def _shares(colours: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of the picture that each colour has."""
    return np.bincount(colours.ravel(), minlength=len(COLOURS)) / max(1, colours.size)


def _touched(colours: NDArray[np.intp], changed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the picture that became, or ceased to be, of each colour or another shade of it."""
    counts = [np.bincount(side[changed], minlength=len(COLOURS)) for side in (colours[:-1], colours[1:])]
    return (counts[0] + counts[1]) / max(1, changed.size)


def _path(changed: NDArray[np.bool_]) -> tuple[float, float]:
    """How far what changes goes to the right and down, in pictures; nothing where it does not go on for two steps."""
    centres = [np.argwhere(mask).mean(axis=0) for mask in changed if int(mask.sum()) >= _SMALLEST]
    if len(centres) < 2:
        return 0.0, 0.0
    down, across = centres[-1] - centres[0]
    return float(across) / _WIDTH, float(down) / _HEIGHT


def _places(changed: NDArray[np.bool_]) -> list[float]:
    """Share of all change that is in each of PLACES."""
    counts = changed.sum(axis=0)
    total, rows, columns = int(counts.sum()), _HEIGHT // 3, _WIDTH // 3
    parts = (counts[:, :columns], counts[:, -columns:], counts[:rows], counts[-rows:], counts[rows:-rows, columns:-columns])
    return [int(part.sum()) / total if total else 0.0 for part in parts]


def _cut(colours: NDArray[np.intp]) -> float:
    """Largest share of the picture whose colours do not occur in the picture before: nothing while things only move."""
    shares = np.array([_shares(picture) for picture in colours])
    return float(np.abs(np.diff(shares, axis=0)).sum(axis=1).max()) / 2 if len(shares) > 1 else 0.0
