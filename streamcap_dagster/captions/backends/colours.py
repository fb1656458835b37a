"""Names the light and the colours of pictures, in integers, so that every machine says the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.captions.thumbnails import Pixels

COLOURS = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "turquoise", "blue", "purple", "pink")
LIGHTS = ("dark", "dim", "evenly lit", "bright")
PLACES = ("on the left", "on the right", "at the top", "at the bottom", "in the centre")

_LIGHT_BOUNDS = (40, 90, 170)
_HUES = ((15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"), (255, "blue"), (310, "purple"), (345, "pink"), (360, "red"))
"""Each hue in degrees up to which a name holds."""
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
    names = _named(pictures)
    overall = _prevailing(names, _MOSTLY_PERCENT)
    found = ((place, _prevailing(part, _PLACE_PERCENT)) for place, part in zip(PLACES, _parts(names), strict=True))
    return Colouring(LIGHTS[sum(luma >= bound for bound in _LIGHT_BOUNDS)], overall, tuple((place, colour) for place, colour in found if colour))


def _parts(names: NDArray[np.intp]) -> tuple[NDArray[np.intp], ...]:
    rows, columns = names.shape[1] // 3, names.shape[2] // 3
    centre = names[:, rows:-rows, columns:-columns]
    return names[:, :, :columns], names[:, :, -columns:], names[:, :rows], names[:, -rows:], centre


def _prevailing(names: NDArray[np.intp], percent: int) -> str:
    counts = np.bincount(names.ravel(), minlength=len(COLOURS))
    most = int(counts.argmax())
    return COLOURS[most] if int(counts[most]) * 100 > names.size * percent else ""


def _named(pictures: Pixels) -> NDArray[np.intp]:
    """The index in COLOURS of each pixel."""
    red, green, blue = _rgb(pictures)
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    spread = most - least
    hue = _hue(red, green, blue, most, np.maximum(spread, 1))
    named = np.array([COLOURS.index(name) for _, name in _HUES])[np.searchsorted([bound for bound, _ in _HUES], hue, side="right")]
    named = np.where((hue >= 15) & (hue < 60) & (most < 150), COLOURS.index("brown"), named)
    grey = COLOURS.index("black") + (most >= 50) + (most >= 190)
    return np.where((spread * 5 < most) | (most < 50), grey, named)


def _rgb(pictures: Pixels) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """ITU-R BT.601 at full range, as JPEG stores it (JFIF 1.02), in sixteen-bit fixed point."""
    luma = pictures[..., 0].astype(np.int32) << 16
    cb, cr = pictures[..., 1].astype(np.int32) - 128, pictures[..., 2].astype(np.int32) - 128
    red, green, blue = luma + 91881 * cr, luma - 22554 * cb - 46802 * cr, luma + 116130 * cb
    return tuple(np.clip(channel >> 16, 0, 255) for channel in (red, green, blue))


def _hue(red: NDArray[np.int32], green: NDArray[np.int32], blue: NDArray[np.int32], most: NDArray[np.int32], spread: NDArray[np.int32]) -> NDArray[np.int32]:
    """Degrees round the colour circle, red at 0."""
    from_red, from_green, from_blue = (green - blue) * 60 // spread, (blue - red) * 60 // spread + 120, (red - green) * 60 // spread + 240
    return np.where(most == red, from_red, np.where(most == green, from_green, from_blue)) % 360
