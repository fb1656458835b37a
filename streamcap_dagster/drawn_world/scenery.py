"""Draws the places of a drawn world, the covers that things hide behind, the signs and the light that blinks."""

from collections.abc import Callable, Mapping
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from streamcap_dagster.drawn_world.brush import FINE, GROUND, HEIGHT, MARGIN, WIDTH, Brush, blank
from streamcap_dagster.drawn_world.paints import Rgb, darker, lighter

HORIZON = 168.0
COVER_WIDTH, COVER_HEIGHT = 78.0, 132.0
_LEFT, _RIGHT, _BOTTOM = -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN
_SIGN_WIDTH, _SIGN_HEIGHT = 138.0, 44.0
SIGN_UP = -60.0
"""How far a sign is moved when it is out of sight."""


def cover_x(cover_left: bool) -> float:
    return 60.0 if cover_left else WIDTH - 60.0


def _decor_x(cover_left: bool) -> float:
    return WIDTH - 48.0 if cover_left else 48.0


@cache
def paint_place(name: str, cover_left: bool, tint: int) -> Image.Image:
    """The sheet with nothing but the place, without its cover. `tint` makes places of one kind differ; the sheet is shared, so copy it."""
    sheet = blank((0, 0, 0))
    _PLACES[name](Brush(sheet), _decor_x(cover_left), tint)
    return sheet


def paint_cover(brush: Brush, name: str, cover_left: bool) -> None:
    _COVERS[name](brush, cover_x(cover_left))


def paint_sign(sheet: Image.Image, brush: Brush, text: str, up: float) -> None:
    """A board that hangs from above, in the middle."""
    x, top = WIDTH / 2, 16 + up
    for side in (-1, 1):
        brush.bar([(x + side * 48, -MARGIN), (x + side * 48, top + 4)], 2, (70, 70, 76))
    brush.block(x - _SIGN_WIDTH / 2, top, x + _SIGN_WIDTH / 2, top + _SIGN_HEIGHT, (252, 252, 246), (36, 36, 44), round_by=5)
    middle = (x + MARGIN) * FINE, (top + _SIGN_HEIGHT / 2 + MARGIN) * FINE
    ImageDraw.Draw(sheet).text(middle, text, fill=(24, 24, 32), font=_font(text), anchor="mm", stroke_width=1, stroke_fill=(24, 24, 32))


def paint_blinker(brush: Brush, cover_left: bool, lit: bool) -> None:
    """A small lamp high up on the side of the cover."""
    x = 22.0 if cover_left else WIDTH - 22.0
    brush.oval(x, 24, 11, 11, (60, 60, 66))
    brush.oval(x, 24, 8, 8, (255, 236, 120) if lit else (120, 112, 84))


@cache
def _font(text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """As large as fits the board."""
    for size in range(30, 14, -1):
        font = ImageFont.load_default(size * FINE)
        if font.getlength(text) <= (_SIGN_WIDTH - 16) * FINE:
            return font
    return ImageFont.load_default(14 * FINE)


def _shade(rgb: Rgb, tint: int) -> Rgb:
    """A paint a little lighter or darker, a little warmer or cooler."""
    light, warm = (tint % 5 - 2) * 5, (tint // 5 % 3 - 1) * 6
    red, green, blue = rgb
    return _level(red + light + warm), _level(green + light), _level(blue + light - warm)


def _level(value: int) -> int:
    return min(255, max(0, value))


def _room(brush: Brush, decor: float, tint: int) -> None:
    wall, floor = _shade((224, 214, 196), tint), _shade((170, 122, 78), tint)
    brush.block(_LEFT, -MARGIN, _RIGHT, HORIZON, wall)
    brush.block(_LEFT, HORIZON, _RIGHT, _BOTTOM, floor)
    brush.block(_LEFT, HORIZON - 5, _RIGHT, HORIZON + 1, (246, 242, 234))
    for plank in range(5):
        y = HORIZON + 12 + plank * 18
        brush.bar([(_LEFT, y), (_RIGHT, y)], 1, darker(floor, 0.85))
    brush.block(decor - 34, 48, decor + 34, 118, (250, 250, 248), (150, 140, 126))
    brush.block(decor - 28, 54, decor + 28, 112, (176, 214, 240))
    brush.bar([(decor, 54), (decor, 112)], 4, (250, 250, 248))
    brush.bar([(decor - 28, 83), (decor + 28, 83)], 4, (250, 250, 248))


def _meadow(brush: Brush, decor: float, tint: int) -> None:
    brush.block(_LEFT, -MARGIN, _RIGHT, _BOTTOM, _shade((164, 212, 242), tint))
    brush.oval(WIDTH / 2, HORIZON + 60, 260, 92, _shade((138, 196, 106), tint))
    brush.block(_LEFT, HORIZON, _RIGHT, _BOTTOM, _shade((122, 186, 92), tint))
    brush.bar([(decor, HORIZON + 10), (decor, 104)], 12, (116, 82, 52))
    for x, y, radius in ((-18, 92, 24), (18, 92, 24), (0, 70, 28)):
        brush.oval(decor + x, y, radius, radius, (88, 148, 84))
    for x in range(_LEFT + 14, _RIGHT, 37):
        brush.bar([(x, 226), (x - 3, 219)], 1.6, (96, 158, 74))
        brush.bar([(x, 226), (x + 3, 218)], 1.6, (96, 158, 74))


def _beach(brush: Brush, decor: float, tint: int) -> None:
    brush.block(_LEFT, -MARGIN, _RIGHT, _BOTTOM, _shade((190, 224, 244), tint))
    brush.oval(decor, 44, 24, 24, (255, 226, 96))
    brush.block(_LEFT, 116, _RIGHT, HORIZON, _shade((84, 152, 196), tint))
    for y, from_x in ((128, 10), (142, 130), (154, 40)):
        for x in range(_LEFT + from_x, _RIGHT, 120):
            brush.bar([(x, y), (x + 34, y)], 2, (186, 220, 236))
    brush.block(_LEFT, HORIZON, _RIGHT, _BOTTOM, _shade((234, 214, 170), tint))


def _street(brush: Brush, decor: float, tint: int) -> None:
    brush.block(_LEFT, -MARGIN, _RIGHT, _BOTTOM, _shade((206, 216, 226), tint))
    for number, x in enumerate(range(_LEFT, _RIGHT, 84)):
        top = 48 + (number * 29 + tint * 7) % 38
        wall = _shade(((196, 178, 166), (178, 184, 190), (206, 196, 178))[number % 3], tint)
        brush.block(x, top, x + 84, HORIZON, wall, darker(wall, 0.85))
        for row in range(3):
            for column in range(2):
                left, upper = x + 14 + column * 34, top + 12 + row * 32
                if upper + 20 < HORIZON:
                    brush.block(left, upper, left + 20, upper + 20, (122, 146, 168))
    brush.block(_LEFT, HORIZON, _RIGHT, _BOTTOM, _shade((168, 168, 172), tint))
    brush.block(_LEFT, HORIZON, _RIGHT, HORIZON + 6, (204, 204, 206))
    brush.bar([(decor, HORIZON + 12), (decor, 60)], 5, (70, 76, 84))
    brush.bar([(decor, 60), (decor + 18, 54)], 4, (70, 76, 84))
    brush.oval(decor + 20, 58, 10, 6, (250, 240, 190), (70, 76, 84))


def _snow(brush: Brush, decor: float, tint: int) -> None:
    brush.block(_LEFT, -MARGIN, _RIGHT, _BOTTOM, _shade((176, 186, 200), tint))
    brush.oval(80, HORIZON + 40, 200, 62, _shade((222, 228, 236), tint))
    brush.block(_LEFT, HORIZON, _RIGHT, _BOTTOM, _shade((236, 240, 246), tint))
    brush.bar([(decor, HORIZON + 12), (decor, 140)], 9, (100, 74, 54))
    for top, width in ((108, 34), (82, 27), (56, 19)):
        brush.shape([(decor - width, top + 46), (decor, top), (decor + width, top + 46)], (62, 110, 88))
        brush.shape([(decor - width * 0.35, top + 16), (decor, top), (decor + width * 0.35, top + 16)], (240, 244, 250))


def _desert(brush: Brush, decor: float, tint: int) -> None:
    brush.block(_LEFT, -MARGIN, _RIGHT, _BOTTOM, _shade((186, 218, 238), tint))
    brush.oval(60, HORIZON + 20, 170, 64, _shade((222, 186, 130), tint))
    brush.oval(280, HORIZON + 30, 180, 60, _shade((212, 174, 116), tint))
    brush.block(_LEFT, HORIZON + 4, _RIGHT, _BOTTOM, _shade((230, 198, 144), tint))
    stem = (84, 134, 96)
    brush.bar([(decor, HORIZON + 14), (decor, 92)], 16, stem)
    brush.bar([(decor, 142), (decor - 22, 142), (decor - 22, 116)], 10, stem)
    brush.bar([(decor, 130), (decor + 22, 130), (decor + 22, 104)], 10, stem)


def _wardrobe(brush: Brush, x: float) -> None:
    wood = (124, 84, 54)
    _slab(brush, x, wood, 4)
    brush.bar([(x, GROUND + 8 - COVER_HEIGHT), (x, GROUND + 6)], 2, darker(wood))
    for side in (-6, 6):
        brush.oval(x + side, GROUND - 58, 2.6, 2.6, (232, 206, 130))


def _hedge(brush: Brush, x: float) -> None:
    leaf = (60, 112, 64)
    _slab(brush, x, leaf, 26)
    for row in range(6):
        for column in range(4):
            brush.oval(x - 27 + column * 18 + row % 2 * 4, GROUND - 106 + row * 20, 5, 4, lighter(leaf, 0.14))


def _hut(brush: Brush, x: float) -> None:
    half, top = COVER_WIDTH / 2, GROUND + 10 - COVER_HEIGHT
    for stripe in range(6):
        left = x - half + stripe * COVER_WIDTH / 6
        brush.block(left, top + 26, left + COVER_WIDTH / 6, GROUND + 10, (248, 246, 240) if stripe % 2 else (120, 160, 190))
    brush.shape([(x - half - 5, top + 28), (x, top - 4), (x + half + 5, top + 28)], (96, 120, 146), (70, 90, 112))


def _kiosk(brush: Brush, x: float) -> None:
    half, top = COVER_WIDTH / 2, GROUND + 10 - COVER_HEIGHT
    _slab(brush, x, (132, 140, 150), 2)
    brush.block(x - half + 10, top + 26, x + half - 10, top + 66, (206, 216, 224), (84, 92, 102))
    brush.block(x - half - 4, top + 6, x + half + 4, top + 20, (92, 100, 112))


def _shed(brush: Brush, x: float) -> None:
    half, top, wood = COVER_WIDTH / 2, GROUND + 10 - COVER_HEIGHT, (140, 104, 74)
    _slab(brush, x, wood, 0, lower=18)
    for plank in range(1, 5):
        brush.bar([(x - half + plank * COVER_WIDTH / 5, top + 26), (x - half + plank * COVER_WIDTH / 5, GROUND + 8)], 1.5, darker(wood))
    brush.shape([(x - half - 6, top + 26), (x - half + 12, top - 2), (x + half - 12, top - 2), (x + half + 6, top + 26)], (232, 236, 244), (150, 160, 174))


def _rock(brush: Brush, x: float) -> None:
    half, top, stone = COVER_WIDTH / 2, GROUND + 10 - COVER_HEIGHT, (142, 122, 106)
    edge = [(-1.04, 132), (-1.0, 30), (-0.7, 8), (-0.1, 0), (0.55, 4), (0.98, 26), (1.04, 132)]
    brush.shape([(x + share * half, top + down) for share, down in edge], stone, darker(stone))
    brush.bar([(x - 12, top + 36), (x - 2, top + 62), (x - 16, top + 84)], 2, darker(stone))
    brush.bar([(x + 18, top + 70), (x + 10, top + 100)], 2, darker(stone))


def _slab(brush: Brush, x: float, fill: Rgb, round_by: float, lower: float = 0) -> None:
    half = COVER_WIDTH / 2
    brush.block(x - half, GROUND + 10 - COVER_HEIGHT + lower, x + half, GROUND + 10, fill, darker(fill), round_by=round_by)


_PLACES: Mapping[str, Callable[[Brush, float, int], None]] = {
    "room": _room,
    "meadow": _meadow,
    "beach": _beach,
    "street": _street,
    "snow": _snow,
    "desert": _desert,
}
_COVERS: Mapping[str, Callable[[Brush, float], None]] = {
    "room": _wardrobe,
    "meadow": _hedge,
    "beach": _hut,
    "street": _kiosk,
    "snow": _shed,
    "desert": _rock,
}
