"""Looks at pictures and says what is there, or what is new; coarse, but from the pixels alone and the same every time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamcap_dagster.emulators.draws import digest
from streamcap_dagster.emulators.gemini.legible import read_word

Cells = NDArray[np.int16]

_COLUMNS, _ROWS = 18, 12
_DRAFT = (_COLUMNS * 8, _ROWS * 8)
_PLACES = tuple(f"{down} {across}" for down in ("top", "middle", "bottom") for across in ("left", "centre", "right"))
_CHANGED = 6
"""Levels by which the mean of a ninth must change to be spoken of; compression stays below."""
_COLOURS = ("grey", "red", "green", "yellow", "blue", "purple", "turquoise")
"""By which channels stand out: 1 for red, 2 for green, 4 for blue, added up."""
_MOST_CHANGES = 3
_LIGHTS = ("black", "dark", "dim", "light", "bright", "white")


class NoPicture(Exception):
    """The picture at `index` cannot be decoded."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(index)


@dataclass(frozen=True)
class Sight:
    """What was seen: ninths of the first and last picture as mean colours, shape (9, 3), the word in them if there is one, and a mark of the bytes."""

    first: Cells
    last: Cells
    word: str
    mark: str


def look(jpegs: Sequence[bytes]) -> Sight:
    """Decodes all pictures of one window, in time order. Raises NoPicture."""
    cells = [_cells(jpeg, index) for index, jpeg in enumerate(jpegs)]
    word = read_word(jpegs[0]) if _is_plain(cells[0]) else ""
    return Sight(_ninths(cells[0]), _ninths(cells[-1]), word, digest(*jpegs).hex()[:6])


def describe(sight: Sight) -> str:
    """All that is seen."""
    said = [f"A view that is {_name(sight.first.mean(axis=0))} on the whole", *_places(sight.first)]
    return _sentence([*said, *_word(sight), *_changes(sight)], sight)


def describe_news(sight: Sight, said: Sequence[str]) -> str:
    """What is seen and was not said before; nothing when that is nothing."""
    last = said[-1].lower() if said else ""
    news = [phrase for phrase in (*_word(sight), *_changes(sight)) if phrase.lower() not in last]
    overall = f"{_name(sight.last.mean(axis=0))} on the whole"
    if not any(overall in text for text in said):
        news.append(f"now {overall}")
    return _sentence(news, sight) if news else ""


def _sentence(phrases: Sequence[str], sight: Sight) -> str:
    text = "; ".join(phrases)
    return f"{text[0].upper()}{text[1:]}; pattern {sight.mark}."


def _cells(jpeg: bytes, index: int) -> Cells:
    try:
        image = Image.open(BytesIO(jpeg))
        image.draft("RGB", _DRAFT)
        small = image.convert("RGB").resize((_COLUMNS, _ROWS), Image.Resampling.BOX)
    except (OSError, ValueError, Image.DecompressionBombError):
        raise NoPicture(index) from None
    return np.asarray(small).astype(np.int16)


def _ninths(cells: Cells) -> Cells:
    rows, columns = _ROWS // 3, _COLUMNS // 3
    means = cells.astype(np.float64).reshape(3, rows, 3, columns, 3).mean(axis=(1, 3)).reshape(9, 3)
    rounded: Cells = means.round().astype(np.int16)
    return rounded


def _is_plain(cells: Cells) -> bool:
    """Whether the rim is of one colour, as on a title card."""
    rim = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
    return bool((np.ptp(rim, axis=0) <= 2 * _CHANGED).all())


def _places(ninths: Cells) -> Iterator[str]:
    """The ninths whose name differs from that of the whole."""
    overall = _name(ninths.mean(axis=0))
    yield from (f"{_name(colour)} in the {place}" for place, colour in zip(_PLACES, ninths, strict=True) if _name(colour) != overall)


def _word(sight: Sight) -> Iterator[str]:
    if sight.word:
        yield f'the word "{sight.word}" can be read'


def _changes(sight: Sight) -> Iterator[str]:
    """How the ninths differ between the first picture and the last: the greatest changes, the greatest first."""
    by = sight.last.mean(axis=1) - sight.first.mean(axis=1)
    moved = np.abs(sight.last - sight.first).max(axis=1)
    for place in np.argsort(-moved, kind="stable")[:_MOST_CHANGES]:
        if moved[place] >= _CHANGED:
            way = "brighter" if by[place] > 1 else "darker" if by[place] < -1 else "of another colour"
            yield f"the {_PLACES[place]} gets {way} by {int(moved[place]) * 100 // 255} %"


def _name(colour: NDArray[np.floating] | Cells) -> str:
    """A light and a colour: the channels that stand out name it."""
    most, least = float(colour.max()), float(colour.min())
    light = _LIGHTS[min(int(float(colour.mean()) * len(_LIGHTS) / 256), len(_LIGHTS) - 1)]
    if most - least < max(24.0, most / 5):
        return f"{light} grey" if light not in ("black", "white") else light
    return f"{light} {_COLOURS[sum(1 << at for at, channel in enumerate(colour) if channel > (most + least) / 2)]}"
