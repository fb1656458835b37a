"""Names the colour of each pixel, in integers, so that every machine says the same."""

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.pixels.thumbnails import Pixels

COLOURS = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "turquoise", "blue", "purple", "pink")

_HUES = ((15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"), (255, "blue"), (310, "purple"), (345, "pink"), (360, "red"))
"""Each hue in degrees up to which a name holds."""


def named(pictures: Pixels) -> NDArray[np.intp]:
    """The index in COLOURS of each pixel."""
    red, green, blue = _rgb(pictures)
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    spread = most - least
    hue = _hue(red, green, blue, most, np.maximum(spread, 1))
    names = np.array([COLOURS.index(name) for _, name in _HUES])[np.searchsorted([bound for bound, _ in _HUES], hue, side="right")]
    names = np.where((hue >= 15) & (hue < 60) & (most < 150), COLOURS.index("brown"), names)
    grey = COLOURS.index("black") + (most >= 50) + (most >= 190)
    return np.where((spread * 5 < most) | (most < 50), grey, names)


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
