"""What the pixels of a window show, in numbers that words can be held against: colours, change, movement, cuts and light."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.colours import COLOURS, named
from streamcap_dagster.pixels.places import PLACES, parts
from streamcap_dagster.pixels.thumbnails import Pixels, thumbnails
from streamcap_dagster.records import Frame

WAYS = ("to the right", "to the left", "down", "up")
LIGHTS = ("bright", "dark", "brighter", "darker")
CHANGE, CUT = "change", "cut"
SIGHTS = (
    *COLOURS,
    *(f"{colour} changes" for colour in COLOURS),
    *(f"{colour} {way}" for colour in COLOURS for way in WAYS),
    *WAYS,
    *PLACES,
    CHANGE,
    CUT,
    *LIGHTS,
)
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
    """The numbers of SIGHTS for the pictures of a window; `before` is the last picture of the window before it, shape (rows, columns, 3).

    Change and cuts are told by the colours that occur, from the beginning to the end and from picture to picture: a camera that shakes changes none.
    """
    steps = pictures if before is None else np.concatenate([before[np.newaxis], pictures])
    colours = named(steps)
    changed = np.abs(np.diff(steps.astype(np.int16), axis=0)).max(axis=-1) >= _CHANGED
    luma = steps[..., 0].mean(axis=(1, 2))
    light = float(luma[-len(pictures) :].mean())
    brighter = float(luma[-1] - luma[0])
    shares = np.array([_shares(picture) for picture in colours])
    numbers = [
        *shares[-len(pictures) :].mean(axis=0),
        *_touched(colours, changed),
        *(way for path in _paths_of_colours(colours, changed) for way in _ways(path)),
        *_ways(_path([np.argwhere(mask) for mask in changed])),
        *_places(changed),
        float(np.abs(shares[-1] - shares[0]).sum()) / 2,
        float(np.abs(np.diff(shares, axis=0)).sum(axis=1).max(initial=0)) / 2,
        *(light, -light, brighter, -brighter),
    ]
    rounded: Sight = np.array(numbers, np.float64).round(6)
    return rounded


def _shares(colours: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of the picture that each colour has."""
    return np.bincount(colours.ravel(), minlength=len(COLOURS)) / max(1, colours.size)


def _touched(colours: NDArray[np.intp], changed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the picture that became, or ceased to be, of each colour or another shade of it."""
    counts = [np.bincount(side[changed], minlength=len(COLOURS)) for side in (colours[:-1], colours[1:])]
    return (counts[0] + counts[1]) / max(1, changed.size)


def _paths_of_colours(colours: NDArray[np.intp], changed: NDArray[np.bool_]) -> Iterator[tuple[float, float]]:
    """The path of what each colour has that changes, among the cells that change just before or after each picture."""
    moving = np.zeros(colours.shape, bool)
    moving[1:] |= changed
    moving[:-1] |= changed
    cells = [(np.argwhere(mask), picture[mask]) for picture, mask in zip(colours, moving, strict=True)]
    for number in range(len(COLOURS)):
        yield _path([places[of == number] for places, of in cells])


def _path(cells: Sequence[NDArray[np.intp]]) -> tuple[float, float]:
    """How far cells go to the right and down from picture to picture, in pictures; nothing where they are not there in two."""
    centres = [places.mean(axis=0) for places in cells if len(places) >= _SMALLEST]
    if len(centres) < 2:
        return 0.0, 0.0
    down, across = centres[-1] - centres[0]
    return float(across) / _WIDTH, float(down) / _HEIGHT


def _ways(path: tuple[float, float]) -> tuple[float, ...]:
    """How far it goes each of WAYS."""
    across, down = path
    return across, -across, down, -down


def _places(changed: NDArray[np.bool_]) -> list[float]:
    """Share of all change that is in each of PLACES."""
    counts = changed.sum(axis=0)
    total = int(counts.sum())
    return [int(part.sum()) / total if total else 0.0 for part in parts(counts)]
