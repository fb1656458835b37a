"""Names the light and the colours of pictures, in integers, so that every machine says the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.colours import COLOURS, named
from streamcap_dagster.pixels.places import PLACES, parts
from streamcap_dagster.pixels.thumbnails import Pixels

LIGHTS = ("dark", "dim", "evenly lit", "bright")

_LIGHT_BOUNDS = (40, 90, 170)
_MOSTLY_PERCENT = 50
_PLACE_PERCENT = 50


@dataclass(frozen=True)
class Colouring:
    """The light of a scene, the colour that most of it has (if one does), and where another colour prevails."""

    light: str
    overall: str
    places: tuple[tuple[str, str], ...]
    """Place and colour, for each place that one colour fills by more than half, the overall colour included."""


def colouring(pictures: Pixels) -> Colouring:
    """What colours pictures of one scene have, together; they come as luma and chroma, shape (pictures, rows, columns, 3)."""
    luma = int(pictures[..., 0].sum(dtype=np.int64)) // pictures[..., 0].size
    names = named(pictures)
    overall = _prevailing(names, _MOSTLY_PERCENT)
    found = ((place, _prevailing(part, _PLACE_PERCENT)) for place, part in zip(PLACES, parts(names), strict=True))
    return Colouring(LIGHTS[sum(luma >= bound for bound in _LIGHT_BOUNDS)], overall, tuple((place, colour) for place, colour in found if colour))


def _prevailing(names: NDArray[np.intp], percent: int) -> str:
    counts = np.bincount(names.ravel(), minlength=len(COLOURS))
    most = int(counts.argmax())
    return COLOURS[most] if int(counts[most]) * 100 > names.size * percent else ""
