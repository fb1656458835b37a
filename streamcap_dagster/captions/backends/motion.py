"""Says what moves in a window: cuts, fades, a moving view, or something that moves in it; from small pictures, in integers."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.thumbnails import Pixels

Luma = NDArray[np.int16]
Mask = NDArray[np.bool_]

STILL = "Nothing moves."
_CUT_DIFFERENCE = 20
_CUT_COLOURS_PERCENT = 32
"""Share of cells whose class of colour is new: on real street scenes 35 and more at cuts, 29 and less where a vehicle fills the view."""
_FADE_DIFFERENCE = 24
_BLACK = 20
_CHANGED = 10
"""Levels of luma by which a cell differs once it has changed; noise and compression stay below."""
_SMALLEST = 3
"""Cells that must change before it is motion."""
_EVERYWHERE_PERCENT = 35
_ROWS = ("upper", "", "lower")
_COLUMNS = ("left", "", "right")


@dataclass(frozen=True)
class Motion:
    """What happens in a window, as sentences. `settled` is the index of the first picture after the last cut."""

    event: str
    movement: str
    settled: int
    returns: bool = False
    """Whether all is where it was in the end, as after a camera that shook or looked aside."""


def motion(pictures: Pixels, seconds: Fraction) -> Motion:
    """What happens between pictures, shape (pictures, rows, columns, 3), luma and chroma, the first and the last of which are so many seconds apart."""
    luma = pictures[..., 0].astype(np.int16)
    if fade := _fade(luma):
        return Motion(fade, "", len(luma) - 1)
    if light := _switched(luma):
        return Motion(light, "", len(luma) - 1)
    if cuts := _cuts(pictures):
        return Motion("The scene cuts to another." if len(cuts) == 1 else "The scene cuts several times.", "", cuts[-1])
    return Motion("", _movement(luma, seconds) if len(luma) > 1 else "", 0, _returns(luma))


def _returns(luma: Luma) -> bool:
    changed = np.abs(np.diff(luma, axis=0)) >= _CHANGED
    return bool(changed.any()) and int((np.abs(luma[-1] - luma[0]) >= _CHANGED).sum()) * 4 < int(changed.sum(axis=(1, 2)).max())


def _cuts(pictures: Pixels) -> list[int]:
    """Indices of the pictures that begin another scene: cells differ from the picture before, and so do the colours that occur at all."""
    return [index for index in range(1, len(pictures)) if _is_cut(pictures[index - 1], pictures[index])]


def _is_cut(before: Pixels, after: Pixels) -> bool:
    difference = _mean(np.abs(after[..., 0].astype(np.int16) - before[..., 0]))
    if difference < _CUT_DIFFERENCE or _other_colours_percent(before, after) < _CUT_COLOURS_PERCENT:
        return False
    return not _alike(before[..., 0].astype(np.int64), after[..., 0].astype(np.int64))


def _alike(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether light and shade lie as before, however bright the whole is: a correlation of 0.9 and more. Of plain pictures it cannot be told."""
    apart = one.size * int((one * other).sum()) - int(one.sum()) * int(other.sum())
    spreads = [picture.size * int((picture * picture).sum()) - int(picture.sum()) ** 2 for picture in (one, other)]
    return min(spreads) > 0 and apart > 0 and apart * apart * 100 >= 81 * spreads[0] * spreads[1]


def _switched(luma: Luma) -> str:
    """A light that goes on or off: the same picture, of another brightness."""
    first, last = luma[0].astype(np.int64), luma[-1].astype(np.int64)
    change = _mean(luma[-1]) - _mean(luma[0])
    if abs(change) < _FADE_DIFFERENCE or not _alike(first, last):
        return ""
    return "The picture gets darker." if change < 0 else "The picture gets brighter."


def _other_colours_percent(before: Pixels, after: Pixels) -> int:
    counts = [np.bincount(_colour_classes(picture).ravel(), minlength=512) for picture in (before, after)]
    return int(np.abs(counts[0] - counts[1]).sum()) * 50 // before[..., 0].size


def _colour_classes(picture: Pixels) -> NDArray[np.int16]:
    """Each cell's class of luma and chroma, eight levels of each."""
    levels = (picture >> 5).astype(np.int16)
    return levels[..., 0] * 64 + levels[..., 1] * 8 + levels[..., 2]


def _fade(luma: Luma) -> str:
    means = [_mean(picture) for picture in luma]
    steps, change = np.diff(means), means[-1] - means[0]
    gradual = np.all(steps >= -1) or np.all(steps <= 1)
    if abs(change) < _FADE_DIFFERENCE or not gradual or int(np.abs(steps).max()) * 10 > abs(change) * 7:
        return ""
    if change < 0:
        return "The picture fades to black." if means[-1] < _BLACK else "The picture gets darker."
    return "The picture fades in from black." if means[0] < _BLACK else "The picture gets brighter."


def _movement(luma: Luma, seconds: Fraction) -> str:
    changed = np.abs(np.diff(luma, axis=0)) >= _CHANGED
    moving = [index for index, mask in enumerate(changed) if int(mask.sum()) >= _SMALLEST]
    if not moving:
        return STILL
    share = int(changed[moving].sum()) * 100 // changed[moving].size
    everywhere = share >= _EVERYWHERE_PERCENT
    if everywhere or _scattered(changed[moving]):
        otherwise = "all over the picture" if everywhere else "in several places"
        return _whole_view(luma) or f"There is movement {otherwise}."
    if len(moving) * 3 <= len(changed):
        return f"Something changes {_place(changed[moving])}."
    return _something(changed[moving], share, seconds)


def _whole_view(luma: Luma) -> str:
    """How the picture as a whole goes, from the shifts that fit its column and row profiles best."""
    across = _shift(luma.sum(axis=1, dtype=np.int32) // luma.shape[1])
    down = _shift(luma.sum(axis=2, dtype=np.int32) // luma.shape[2])
    way = _way(across, down, luma.shape[2], luma.shape[1])
    return f"The whole view moves {way}." if way else ""


def _shift(profiles: NDArray[np.int32]) -> int:
    """By how many cells profiles move from the first picture to the last; nothing unless most steps go the same way."""
    reach = profiles.shape[1] // 5
    steps = [_step(before, after, reach) for before, after in pairwise(profiles)]
    total = sum(steps)
    return total if sum(step * total > 0 for step in steps) * 2 > len(steps) else 0


def _step(before: NDArray[np.int32], after: NDArray[np.int32], reach: int) -> int:
    """The shift that fits two profiles best, 0 unless it fits much better than none."""
    core = before[reach:-reach]
    misfit = [int(np.abs(after[reach + by : len(after) - reach + by] - core).sum()) for by in range(-reach, reach + 1)]
    best = min(range(len(misfit)), key=lambda index: (misfit[index], abs(index - reach)))
    return best - reach if misfit[best] * 2 < misfit[reach] else 0


def _something(changed: Mask, share: int, seconds: Fraction) -> str:
    size = "Something small" if int(changed.sum()) * 100 < changed.size else "Something large" if share >= 10 else "Something"
    path = [_centre(mask) for mask in changed]
    across, down = path[-1][0] - path[0][0], path[-1][1] - path[0][1]
    way = _way(across, down, changed.shape[2], changed.shape[1])
    if not way:
        return f"{size} moves {_place(changed)}."
    return f"{size} moves {way} {_place(changed)}{_pace(across, down, changed.shape, seconds)}."


def _way(across: int, down: int, columns: int, rows: int) -> str:
    """The direction of a path in cells, or nothing when it is shorter than a twentieth of the picture."""
    if max(abs(across) * rows, abs(down) * columns) * 20 < rows * columns:
        return ""
    if abs(across) * rows >= abs(down) * columns:
        return "to the right" if across > 0 else "to the left"
    return "down" if down > 0 else "up"


def _pace(across: int, down: int, shape: tuple[int, ...], seconds: Fraction) -> str:
    """In pictures crossed per second."""
    crossed = max(Fraction(abs(across), shape[2]), Fraction(abs(down), shape[1])) / seconds
    return ", quickly" if crossed > Fraction(1, 2) else ", slowly" if crossed < Fraction(1, 10) else ""


def _centre(mask: Mask) -> tuple[int, int]:
    rows, columns = np.nonzero(mask)
    return int(columns.sum()) // len(columns), int(rows.sum()) // len(rows)


def _ninths(changed: Mask) -> list[int]:
    """Changed cells in each ninth of the picture, row by row."""
    total = changed.sum(axis=0)
    return [int(part.sum()) for band in np.array_split(total, 3, axis=0) for part in np.array_split(band, 3, axis=1)]


def _scattered(changed: Mask) -> bool:
    ninths = _ninths(changed)
    return sum(part * 8 >= sum(ninths) for part in ninths) >= 4


def _place(changed: Mask) -> str:
    """Which ninth of the picture the changes centre on."""
    column, row = _centre(np.any(changed, axis=0, keepdims=True)[0])
    across, down = _COLUMNS[column * 3 // changed.shape[2]], _ROWS[row * 3 // changed.shape[1]]
    if across and down:
        return f"in the {down} {across}"
    if across:
        return f"on the {across}"
    return {"upper": "at the top", "lower": "at the bottom", "": "in the centre"}[down]


def _mean(levels: NDArray[np.int16]) -> int:
    return int(levels.sum(dtype=np.int64)) // levels.size
