"""Draws on a sheet that is larger than the picture, so that a camera can move over it, and finer, so that edges are smooth."""

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

from streamcap_dagster.drawn_world.paints import Rgb

WIDTH: Final = 320
HEIGHT: Final = 240
"""Of the picture; even, as H.264 wants it."""
MARGIN: Final = 48
"""What the sheet has around the picture."""
FINE: Final = 2
"""Dots of the sheet for each pixel, across and down."""
GROUND: Final = 206.0
"""Where things stand."""
Point = tuple[float, float]


def blank(ground: Rgb) -> Image.Image:
    return Image.new("RGB", ((WIDTH + 2 * MARGIN) * FINE, (HEIGHT + 2 * MARGIN) * FINE), ground)


class Brush:
    """Takes pixels of the picture, the upper left corner at 0, 0."""

    def __init__(self, sheet: Image.Image) -> None:
        self._draw = ImageDraw.Draw(sheet)

    def oval(self, x: float, y: float, across: float, down: float, fill: Rgb, edge: Rgb | None = None) -> None:
        """Given its centre and half its size."""
        self._draw.ellipse([self._dot(x - across, y - down), self._dot(x + across, y + down)], fill=fill, outline=edge, width=_FINE_EDGE if edge else 0)

    def block(self, left: float, top: float, right: float, bottom: float, fill: Rgb, edge: Rgb | None = None, round_by: float = 0) -> None:
        corners = [self._dot(left, top), self._dot(right, bottom)]
        self._draw.rounded_rectangle(corners, radius=round_by * FINE, fill=fill, outline=edge, width=_FINE_EDGE if edge else 0)

    def shape(self, points: Sequence[Point], fill: Rgb, edge: Rgb | None = None) -> None:
        dots = [self._dot(*point) for point in points]
        self._draw.polygon(dots, fill=fill)
        if edge:
            self._draw.line([*dots, dots[0], dots[1]], fill=edge, width=_FINE_EDGE, joint="curve")

    def bar(self, points: Sequence[Point], thick: float, fill: Rgb) -> None:
        """A line with round ends and bends."""
        dots = [self._dot(*point) for point in points]
        self._draw.line(dots, fill=fill, width=round(thick * FINE), joint="curve")
        for x, y in points:
            self.oval(x, y, thick / 2 - 0.2, thick / 2 - 0.2, fill)

    def half_disc(self, x: float, y: float, radius: float, fill: Rgb, edge: Rgb | None = None) -> None:
        """The upper half, its straight side at y."""
        corners = [self._dot(x - radius, y - radius), self._dot(x + radius, y + radius)]
        self._draw.pieslice(corners, 180, 360, fill=fill, outline=edge, width=_FINE_EDGE if edge else 0)

    def _dot(self, x: float, y: float) -> Point:
        return (x + MARGIN) * FINE, (y + MARGIN) * FINE


_FINE_EDGE = 2 * FINE
