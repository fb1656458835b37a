"""Draws the things of a drawn world, each as it is at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi, sin

from streamcap_dagster.drawn_world.brush import GROUND, Brush
from streamcap_dagster.drawn_world.kinds import Kind
from streamcap_dagster.drawn_world.paints import Rgb, darker, lighter

_SKIN, _SHOES, _INK = (236, 188, 150), (40, 34, 34), (30, 28, 34)
_HAIR: Mapping[str, Rgb] = {"man": (70, 46, 30), "woman": (44, 30, 26), "child": (196, 148, 70)}


@dataclass(frozen=True)
class Look:
    """A thing at one moment. `x` is its middle; `lift` is how far its lowest point is above the ground."""

    kind: Kind
    rgb: Rgb
    x: float
    lift: float
    size: float = 1.0
    facing: int = 1
    """1 to the right, -1 to the left."""
    gone: float = 0.0
    """Pixels that it has gone so far, which turns wheels and moves legs."""
    walking: bool = False
    arms: float = 0.0
    """How far its arms are up, 0 to 1."""
    reach: float = 0.0
    """How far it reaches forward with an arm, 0 to 1."""


def in_hand(person: Kind, x: float, facing: int, thing: Kind) -> tuple[float, float]:
    """Where a thing is that a person at x holds: its middle, and how far its lowest point is above the ground."""
    return x + facing * person.width * 0.95, person.height * 0.53 - (thing.grip or 0.0)


def paint_figure(brush: Brush, look: Look) -> None:
    _PAINTERS[look.kind.name](brush, look, GROUND - look.lift)


def _ball(brush: Brush, look: Look, bottom: float) -> None:
    radius = look.kind.width / 2 * look.size
    y, turn = bottom - radius, look.gone / radius
    brush.oval(look.x, y, radius, radius, look.rgb, darker(look.rgb))
    for spoke in range(3):
        angle = turn + spoke * 2 * pi / 3
        brush.oval(look.x + cos(angle) * radius * 0.52, y + sin(angle) * radius * 0.52, radius * 0.2, radius * 0.2, lighter(look.rgb, 0.7))


def _box(brush: Brush, look: Look, bottom: float) -> None:
    half, height = look.kind.width / 2 * look.size, look.kind.height * look.size
    brush.block(look.x - half, bottom - height, look.x + half, bottom, look.rgb, darker(look.rgb))
    brush.bar([(look.x - half + 4, bottom - height + 4), (look.x + half - 4, bottom - 4)], 2.5, darker(look.rgb))
    brush.bar([(look.x - half + 4, bottom - 4), (look.x + half - 4, bottom - height + 4)], 2.5, darker(look.rgb))


def _star(brush: Brush, look: Look, bottom: float) -> None:
    radius = look.kind.width / 2 * look.size
    middle = bottom - look.kind.height / 2 * look.size
    spikes = [(radius if corner % 2 == 0 else radius * 0.42, corner * pi / 5 - pi / 2) for corner in range(10)]
    brush.shape([(look.x + reach * cos(angle), middle + reach * sin(angle)) for reach, angle in spikes], look.rgb, darker(look.rgb))


def _triangle(brush: Brush, look: Look, bottom: float) -> None:
    half, height = look.kind.width / 2 * look.size, look.kind.height * look.size
    brush.shape([(look.x - half, bottom - 1), (look.x, bottom - height), (look.x + half, bottom - 1)], look.rgb, darker(look.rgb))


def _balloon(brush: Brush, look: Look, bottom: float) -> None:
    across, down = look.kind.width / 2 * look.size, look.kind.height / 2 * look.size
    middle = bottom - down
    brush.bar([(look.x, bottom), (look.x + 3, bottom + 12), (look.x - 2, bottom + 24), (look.x + 1, bottom + 36)], 1.6, _INK)
    brush.oval(look.x, middle, across, down, look.rgb, darker(look.rgb))
    brush.shape([(look.x - 4, bottom + 4), (look.x, bottom - 3), (look.x + 4, bottom + 4)], darker(look.rgb))
    brush.oval(look.x - across * 0.35, middle - down * 0.4, across * 0.2, down * 0.22, lighter(look.rgb, 0.75))


def _umbrella(brush: Brush, look: Look, bottom: float) -> None:
    radius, top = look.kind.width / 2 * look.size, bottom - look.kind.height * look.size
    rim = top + radius
    brush.bar([(look.x, rim), (look.x, bottom - 4), (look.x + 6, bottom - 2), (look.x + 9, bottom - 7)], 3, _INK)
    brush.half_disc(look.x, rim, radius, look.rgb, darker(look.rgb))
    for rib in (-0.5, 0.0, 0.5):
        brush.bar([(look.x, top + 1), (look.x + rib * radius, rim - 1)], 1.6, darker(look.rgb))


def _car(brush: Brush, look: Look, bottom: float) -> None:
    half, front = look.kind.width / 2, look.facing
    floor = bottom - 8
    roof = [(-0.52, -17), (-0.34, -31), (0.24, -31), (0.5, -17)]
    brush.shape([(look.x + front * share * half, floor + up) for share, up in roof], (206, 228, 240), darker(look.rgb))
    brush.bar([(look.x - front * 2, floor - 30), (look.x - front * 2, floor - 17)], 3, darker(look.rgb))
    brush.block(look.x - half, floor - 18, look.x + half, floor + 2, look.rgb, darker(look.rgb), round_by=6)
    brush.oval(look.x + front * (half - 5), floor - 10, 3.5, 3.5, (255, 244, 180))
    for wheel in (-0.56, 0.56):
        x = look.x + wheel * half
        brush.oval(x, bottom - 9, 9, 9, _INK)
        brush.oval(x, bottom - 9, 4, 4, (190, 190, 196))
        turn = look.gone / 9
        brush.bar([(x - 7 * cos(turn), bottom - 9 - 7 * sin(turn)), (x + 7 * cos(turn), bottom - 9 + 7 * sin(turn))], 1.6, (150, 150, 156))


def _dog(brush: Brush, look: Look, bottom: float) -> None:
    front, dark = look.facing, darker(look.rgb)
    swing = sin(look.gone / 5) * 6 if look.walking else 0.0
    for leg, way in ((-17, 1), (-11, -1), (11, 1), (17, -1)):
        brush.bar([(look.x + front * leg, bottom - 18), (look.x + front * leg + way * swing, bottom - 3)], 6, dark if way < 0 else look.rgb)
    brush.bar([(look.x - front * 20, bottom - 24), (look.x - front * 29, bottom - 38)], 5, dark)
    brush.oval(look.x, bottom - 23, 23, 10, look.rgb, dark)
    brush.oval(look.x + front * 22, bottom - 35, 11, 10, look.rgb, dark)
    brush.oval(look.x + front * 32, bottom - 32, 6, 5, look.rgb, dark)
    brush.oval(look.x + front * 36, bottom - 34, 2.4, 2.4, _INK)
    brush.oval(look.x + front * 16, bottom - 36, 4, 9, dark)
    brush.oval(look.x + front * 25, bottom - 38, 1.8, 1.8, _INK)


def _person(brush: Brush, look: Look, bottom: float) -> None:
    tall = look.kind.height * look.size / 104
    hip, neck, head = bottom - 44 * tall, bottom - 82 * tall, bottom - 91 * tall
    _legs(brush, look, bottom, hip, tall)
    _arm(brush, look, neck, tall, behind=True)
    if look.kind.wears == "dress":
        brush.shape(
            [(look.x - 9 * tall, neck), (look.x + 9 * tall, neck), (look.x + 20 * tall, hip + 12 * tall), (look.x - 20 * tall, hip + 12 * tall)],
            look.rgb,
            darker(look.rgb),
        )
    else:
        brush.block(look.x - 13 * tall, neck, look.x + 13 * tall, hip + 4 * tall, look.rgb, darker(look.rgb), round_by=6 * tall)
    _arm(brush, look, neck, tall, behind=False)
    _head(brush, look, head, tall)


def _legs(brush: Brush, look: Look, bottom: float, hip: float, tall: float) -> None:
    swing = sin(look.gone / 7) * 15 * tall if look.walking else 0.0
    cloth = _SKIN if look.kind.wears == "dress" else (58, 62, 84)
    for side, way in ((-5.5, -1), (5.5, 1)):
        foot = look.x + (side + way * swing / 1.4) * (1 if look.walking else tall)
        brush.bar([(look.x + side * tall, hip), (foot, bottom - 4 * tall)], 8.5 * tall, cloth)
        brush.bar([(foot, bottom - 3 * tall), (foot + look.facing * 5 * tall, bottom - 3 * tall)], 6 * tall, _SHOES)


def _arm(brush: Brush, look: Look, neck: float, tall: float, behind: bool) -> None:
    """From the shoulder over the elbow to the hand: hanging, up, or reaching forward."""
    side = -look.facing if behind else look.facing
    shoulder = (look.x + side * 12 * tall, neck + 6 * tall)
    swing = sin(look.gone / 7) * 10 * tall * (1 if behind else -1) if look.walking else 0.0
    hanging = (shoulder[0] + side * 5 * tall + swing, shoulder[1] + 36 * tall)
    raised = (shoulder[0] + side * 12 * tall, shoulder[1] - 36 * tall)
    ahead = (look.x + look.facing * look.kind.width * 0.75, neck + 27 * tall)
    hand = _between(_between(hanging, raised, look.arms), ahead, look.reach)
    brush.bar([shoulder, hand], 7.5 * tall, darker(look.rgb, 0.82))
    brush.oval(*hand, 4.6 * tall, 4.6 * tall, _SKIN)


def _between(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _head(brush: Brush, look: Look, middle: float, tall: float) -> None:
    hair, radius = _HAIR[look.kind.name], 12.5 * tall
    if look.kind.wears == "dress":
        brush.block(look.x - 13.5 * tall, middle - 10 * tall, look.x + 13.5 * tall, middle + 17 * tall, hair, round_by=7 * tall)
    brush.oval(look.x, middle, radius, radius, _SKIN)
    brush.half_disc(look.x, middle - 2 * tall, radius + tall, hair)
    eye = look.x + look.facing * 4 * tall
    for apart in (-3.4, 3.4):
        brush.oval(eye + apart * tall, middle + 1.5 * tall, 1.5 * tall, 1.9 * tall, _INK)
    brush.bar([(eye - 2.5 * tall, middle + 7 * tall), (eye + 2.5 * tall, middle + 7 * tall)], 1.6 * tall, (176, 84, 80))


_PAINTERS: Mapping[str, Callable[[Brush, Look, float], None]] = {
    "ball": _ball,
    "box": _box,
    "star": _star,
    "triangle": _triangle,
    "balloon": _balloon,
    "umbrella": _umbrella,
    "car": _car,
    "dog": _dog,
    "man": _person,
    "woman": _person,
    "child": _person,
}
