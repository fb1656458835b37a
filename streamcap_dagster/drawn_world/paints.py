"""The colours that things of a drawn world have, and the words that people have for them."""

from collections.abc import Mapping
from dataclasses import dataclass

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Paint:
    rgb: Rgb
    words: tuple[str, ...]


PAINTS: Mapping[str, Paint] = {
    "red": Paint((214, 32, 38), ("red", "crimson", "scarlet")),
    "orange": Paint((246, 134, 16), ("orange",)),
    "yellow": Paint((250, 216, 20), ("yellow", "golden", "gold")),
    "green": Paint((26, 152, 62), ("green", "emerald")),
    "blue": Paint((30, 82, 214), ("blue", "navy")),
    "purple": Paint((128, 44, 172), ("purple", "violet")),
    "pink": Paint((246, 92, 170), ("pink", "magenta")),
    "white": Paint((250, 250, 250), ("white",)),
    "black": Paint((22, 22, 26), ("black",)),
}


def darker(rgb: Rgb, share: float = 0.65) -> Rgb:
    red, green, blue = (round(level * share) for level in rgb)
    return red, green, blue


def lighter(rgb: Rgb, share: float = 0.5) -> Rgb:
    red, green, blue = (round(level + (255 - level) * share) for level in rgb)
    return red, green, blue
