"""Finds what comes, goes, moves or changes in a window: patches that differ between its first picture and its last, told by their colours, in integers.

What a patch is, nothing here knows. Whether it is in the first picture or in the last is told by its outline, which can be seen where it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.colours import COLOURS, named
from streamcap_dagster.pixels.thumbnails import Pixels

Mask = NDArray[np.bool_]
Levels = NDArray[np.int16]
Side = Literal["", "left", "right"]

_CHANGED = 22
"""Levels of luma or chroma by which a cell differs once something else is there; noise that is averaged over a cell stays below."""
_SMALLEST_PERMILLE = 2
"""Of all cells, that a patch has."""
_LARGEST_PERCENT = 40
"""Of all cells, that may differ where single things move; beyond it the view or the light has changed."""
_OUTLINE = 9
"""Mean levels by which a thing stands out from what is around it."""
_REACH = 2
"""Cells between a patch and what counts as around it."""
_UNIFORM_PERCENT = 60
_CHIEF_PERCENT = 60
_PLAIN = ("black", "grey", "white", "brown")
_FAR_PERCENT = 6
"""Of the width or height of the picture, from which something has moved."""
_BEGINS_PERCENT = 20
"""Of the width, within which a path begins at a side: a thing that is fast is first seen when it is well within the picture."""
_SEEN_CELLS = 5
_RIM_PERCENT = 15
_ACROSS, _DOWN = 6, 5
"""Cells that a view may have moved by."""


@dataclass(frozen=True, eq=False)
class _Patch:
    mask: Mask
    colour: str
    """Empty when it has several, or one that cannot be named."""

    @property
    def cells(self) -> int:
        return int(self.mask.sum())

    @property
    def centre(self) -> tuple[int, int]:
        """Column and row."""
        rows, columns = np.nonzero(self.mask)
        return int(columns.sum()) // len(columns), int(rows.sum()) // len(rows)


@dataclass(frozen=True)
class _Turned:
    """A patch that is in both pictures, in another colour."""

    before: str
    after: str


def happenings(pictures: Pixels) -> list[str]:
    """Sentences about what came, went, moved and changed; none where all of the picture differs. Pictures as luma and chroma, (pictures, rows, columns, 3)."""
    if len(pictures) < 2:
        return []
    window = _Window(_in_place(pictures))
    if _differs(window.levels[0], window.levels[-1]).sum() * 100 > window.names[0].size * _LARGEST_PERCENT:
        return []
    told = list(_told(window, window.between(0, len(window.levels) - 1)))
    return list(dict.fromkeys(told or _bounced(window)))


@dataclass(frozen=True)
class _Found:
    """What is only in the earlier of two pictures, what is only in the later, and what is in both in two colours."""

    gone: tuple[_Patch, ...]
    come: tuple[_Patch, ...]
    turned: tuple[_Turned, ...]

    @property
    def moved(self) -> list[tuple[_Patch, _Patch]]:
        """Those of one colour: a thing that is elsewhere now."""
        pairs, left = [], list(self.come)
        for before in self.gone:
            after = next((patch for patch in left if patch.colour == before.colour), None)
            if after is not None and before.colour:
                left.remove(after)
                pairs.append((before, after))
        return pairs


class _Window:
    """The pictures of a window, evenly lit, with the name of the colour of each cell."""

    def __init__(self, pictures: Pixels) -> None:
        self.levels = _evenly_lit(pictures)
        self.names = named(pictures)

    def between(self, first: int, last: int) -> _Found:
        """Patches of one colour each; a thing of several is known by the largest of them."""
        changed = _opened(_differs(self.levels[first], self.levels[last]))
        found = _Found((), (), ())
        for part in _parts(changed):
            if self._blinks(part):
                continue
            turned = self._turned(part, changed, first, last)
            gone = () if turned else tuple(_chief(self._patches(part, changed, first, last)))
            come = () if turned else tuple(_chief(self._patches(part, changed, last, first)))
            found = _Found((*found.gone, *gone), (*found.come, *come), (*found.turned, *turned))
        return found

    def _blinks(self, part: Mask) -> bool:
        """Whether a part goes to and fro between two looks: that is no news."""
        apart = [int(np.abs(levels[part] - self.levels[0][part]).sum(dtype=np.int64)) for levels in self.levels]
        like_first = [distance * 2 < max(apart) for distance in apart]
        return sum(before != after for before, after in pairwise(like_first)) > 2

    def _turned(self, part: Mask, changed: Mask, first: int, last: int) -> tuple[_Turned, ...]:
        """A part that stands out in both pictures, in a colour each."""
        then, now = _stands_out(self.levels[first], part, changed), _stands_out(self.levels[last], part, changed)
        before, after = _colour(self.names[first][part]), _colour(self.names[last][part])
        same_outline = min(then, now) >= _OUTLINE and max(then, now) < 3 * min(then, now)
        return (_Turned(before, after),) if same_outline and before and after and before != after else ()

    def _patches(self, part: Mask, changed: Mask, there: int, not_there: int) -> Iterator[_Patch]:
        """What stands out in one picture, and in the other less."""
        counts = np.bincount(self.names[there][part & (self.names[there] != self.names[not_there])], minlength=len(COLOURS))
        for name in np.flatnonzero(counts * 1000 >= part.size * _SMALLEST_PERMILLE):
            for mask in _parts(_opened(part & (self.names[there] == name) & (self.names[not_there] != name))):
                here, elsewhere = _stands_out(self.levels[there], mask, changed), _stands_out(self.levels[not_there], mask, changed)
                if here >= _OUTLINE and here > elsewhere:
                    yield _Patch(mask, COLOURS[name])

    def path(self, colour: str, without: int) -> list[tuple[int, int]]:
        """Where a colour is in each picture that has it, as column and row; only what is not so in the picture `without` it counts."""
        places = []
        for levels, names in zip(self.levels, self.names, strict=True):
            rows, columns = np.nonzero(_differs(levels, self.levels[without]) & (names == COLOURS.index(colour)))
            if len(rows) >= _SEEN_CELLS:
                places.append((int(columns.sum()) // len(columns), int(rows.sum()) // len(rows)))
        return places


def _in_place(pictures: Pixels) -> Pixels:
    """The last picture moved back to where the first is when the view has moved between them, and all cut to what both show."""
    first, last = pictures[0, ..., 0].astype(np.int16), pictures[-1, ..., 0].astype(np.int16)
    rows, columns = first.shape
    if min(rows - 3 * _DOWN, columns - 3 * _ACROSS) < 0 or int((np.abs(first - last) >= _CHANGED).sum()) * 100 < first.size:
        return pictures
    core = first[_DOWN : rows - _DOWN, _ACROSS : columns - _ACROSS]
    misfits = {
        (abs(down) + abs(right), down, right): _misfit(core, last[_DOWN + down : rows - _DOWN + down, _ACROSS + right : columns - _ACROSS + right])
        for down in range(-_DOWN, _DOWN + 1)
        for right in range(-_ACROSS, _ACROSS + 1)
    }
    best = min(misfits, key=lambda shift: (misfits[shift], shift))
    if misfits[best] * 2 >= misfits[0, 0, 0]:
        return pictures
    _, down, right = best
    moved = pictures[:, _DOWN : rows - _DOWN, _ACROSS : columns - _ACROSS].copy()
    moved[-1] = pictures[-1, _DOWN + down : rows - _DOWN + down, _ACROSS + right : columns - _ACROSS + right]
    return moved


def _misfit(one: Levels, other: Levels) -> int:
    return int(np.minimum(np.abs(one - other), _CHANGED).sum(dtype=np.int64))


def _told(window: _Window, found: _Found) -> Iterator[str]:
    yield from (f"{_a(patch.before)} turns {patch.after}." for patch in found.turned)
    moved = found.moved
    for before, after in moved:
        yield from _went(before, after)
    elsewhere = {id(patch) for pair in moved for patch in pair}
    for patch in found.come:
        if id(patch) not in elsewhere:
            yield _larger(window, patch) or _came(window, patch)
    for patch in found.gone:
        if id(patch) not in elsewhere:
            yield _smaller(window, patch) or _left(window, patch)


def _evenly_lit(pictures: Pixels) -> Levels:
    """As bright as the first picture, unless one is very much brighter or darker: a light that flickers is no change."""
    levels = pictures.astype(np.int16)
    usual = [max(1, int(np.median(picture))) for picture in levels[..., 0]]
    for number, light in enumerate(usual):
        if abs(light - usual[0]) * 5 < usual[0]:
            levels[number, ..., 0] = levels[number, ..., 0].astype(np.int32) * usual[0] // light
    return levels


def _differs(one: Levels, other: Levels) -> Mask:
    mask: Mask = np.abs(one - other).max(axis=-1) >= _CHANGED
    return mask


def _opened(mask: Mask) -> Mask:
    """Without what is thinner than three cells, such as edges that tremble."""
    return _grown(_shrunk(mask)) & mask


def _shrunk(mask: Mask) -> Mask:
    return ~_grown(~mask)


def _grown(mask: Mask, by: int = 1) -> Mask:
    """With all neighbours, diagonal ones included."""
    for _ in range(by):
        padded = np.pad(mask, 1)
        rows, columns = mask.shape
        mask = np.logical_or.reduce([padded[down : down + rows, right : right + columns] for down in range(3) for right in range(3)])
    return mask


def _parts(mask: Mask) -> Iterator[Mask]:
    """Each connected part that is large enough."""
    left = mask.copy()
    while left.any():
        part = np.zeros_like(mask)
        part.flat[int(left.argmax())] = True
        while (larger := _grown(part) & left).sum() > part.sum():
            part = larger
        left &= ~part
        if part.sum() * 1000 >= mask.size * _SMALLEST_PERMILLE:
            yield part


def _stands_out(picture: Levels, mask: Mask, changed: Mask) -> int:
    """Mean difference over the outline of a patch, in the picture's levels; what else has changed does not count as around it."""
    steps = [(0, _REACH + 1), (0, -_REACH - 1), (_REACH + 1, 0), (-_REACH - 1, 0)]
    rows, columns = np.nonzero(mask)
    differences = []
    for down, right in steps:
        beside, along = rows + down, columns + right
        inside = (beside >= 0) & (beside < mask.shape[0]) & (along >= 0) & (along < mask.shape[1])
        pairs = inside.copy()
        pairs[inside] = ~changed[beside[inside], along[inside]]
        within = picture[rows[pairs], columns[pairs]]
        differences.append(np.abs(within - picture[beside[pairs], along[pairs]]).max(axis=-1))
    found = np.concatenate(differences)
    return int(found.sum()) // len(found) if len(found) else 0


def _chief(patches: Iterator[_Patch]) -> list[_Patch]:
    """The largest, vivid ones before others, and those that are not much smaller: one thing may be beside another."""
    found = sorted(patches, key=lambda patch: patch.cells * (1 if patch.colour in _PLAIN else 4), reverse=True)
    vivid = [patch for patch in found if patch.colour not in _PLAIN] or found
    return [patch for patch in vivid if patch.cells * 100 >= vivid[0].cells * _CHIEF_PERCENT]


def _colour(names: NDArray[np.intp]) -> str:
    """The colour that nearly all cells have; empty where none is."""
    counts = np.bincount(names, minlength=len(COLOURS))
    return COLOURS[int(counts.argmax())] if int(counts.max()) * 100 >= len(names) * _UNIFORM_PERCENT else ""


def _a(colour: str) -> str:
    return f"{'An' if colour[0] in 'aeiou' else 'A'} {colour} shape" if colour else "A shape"


def _went(before: _Patch, after: _Patch) -> Iterator[str]:
    """From one place to another, in from a side or out over it."""
    rows, columns = before.mask.shape
    across, down = after.centre[0] - before.centre[0], after.centre[1] - before.centre[1]
    shape = _a(after.colour)
    if (side := _side(before.mask)) and not _side(after.mask):
        yield f"{shape} comes in from the {side}."
    elif (side := _side(after.mask)) and not _side(before.mask):
        yield f"{shape} goes out to the {side}."
    elif abs(across) * rows >= abs(down) * columns:
        if abs(across) * 100 >= columns * _FAR_PERCENT:
            yield f"{shape} moves to the {'right' if across > 0 else 'left'}."
    elif abs(down) * 100 >= rows * _FAR_PERCENT:
        yield f"{shape} moves {'down' if down > 0 else 'up'}."


def _came(window: _Window, patch: _Patch) -> str:
    path = window.path(patch.colour, without=0) if patch.colour else []
    side = _over_side(path, patch.mask.shape[1])
    return f"{_a(patch.colour)} comes in from the {side}." if side else f"{_a(patch.colour)} appears {_place(patch)}."


def _left(window: _Window, patch: _Patch) -> str:
    path = window.path(patch.colour, without=-1) if patch.colour else []
    side = _over_side(path[::-1], patch.mask.shape[1])
    return f"{_a(patch.colour)} goes out to the {side}." if side else f"{_a(patch.colour)} disappears {_place(patch)}."


def _larger(window: _Window, patch: _Patch) -> str:
    return f"{_a(patch.colour)} gets larger." if _is_rim(window.names[-1], window, patch) else ""


def _smaller(window: _Window, patch: _Patch) -> str:
    return f"{_a(patch.colour)} gets smaller." if _is_rim(window.names[0], window, patch) else ""


def _is_rim(names: NDArray[np.intp], window: _Window, patch: _Patch) -> bool:
    """Whether a patch lies around cells of its colour that have stayed."""
    if not patch.colour:
        return False
    stayed = ~_differs(window.levels[0], window.levels[-1]) & (names == COLOURS.index(patch.colour))
    near = int((_grown(patch.mask, 2) & stayed).sum())
    return near * 100 >= patch.cells * _RIM_PERCENT


def _bounced(window: _Window) -> Iterator[str]:
    """What went up in the meantime and is back: one thing, since all of them go when it is the view that moves."""
    meanwhile = max(range(len(window.levels)), key=lambda number: int(_differs(window.levels[0], window.levels[number]).sum()))
    pairs = window.between(0, meanwhile).moved
    if len(pairs) == 1:
        before, after = pairs[0]
        if (before.centre[1] - after.centre[1]) * 100 >= before.mask.shape[0] * _FAR_PERCENT > abs(before.centre[0] - after.centre[0]) * 100:
            yield f"{_a(after.colour)} moves up and down."


def _side(mask: Mask) -> Side:
    return "left" if mask[:, 0].any() else "right" if mask[:, -1].any() else ""


def _over_side(path: Sequence[tuple[int, int]], columns: int) -> Side:
    """The side that a path begins at, if it goes on inwards."""
    if not path:
        return ""
    first, last = path[0][0], path[-1][0]
    if min(first, columns - 1 - first) * 100 > columns * _BEGINS_PERCENT:
        return ""
    inwards = last - first if first < columns // 2 else first - last
    return ("left" if first < columns // 2 else "right") if inwards * 100 >= columns * _FAR_PERCENT else ""


def _place(patch: _Patch) -> str:
    columns = patch.mask.shape[1]
    return ("on the left", "in the middle", "on the right")[patch.centre[0] * 3 // columns]
