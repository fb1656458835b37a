"""Who and what takes part in a drawn video: a thing with all that it does, written down while the video is plotted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from streamcap_dagster.drawn_world.brush import WIDTH
from streamcap_dagster.drawn_world.figures import Look
from streamcap_dagster.drawn_world.kinds import Kind
from streamcap_dagster.drawn_world.paints import PAINTS
from streamcap_dagster.drawn_world.tracks import Track

Span = tuple[float, float]


@dataclass(eq=False)
class Actor:
    """A thing on its way through a video. Its tracks and spans say how it is at any time, the rest how it is by now."""

    kind: Kind
    stand: Track
    """Where its middle is, and how far it is above the ground."""
    pose: Track
    """Its size, how far its arms are up, how far an arm reaches forward."""
    colour: Track
    facings: list[tuple[float, int]]
    """From when on it looks to the right (1) or to the left (-1)."""
    paints: list[tuple[float, str]] = field(default_factory=list)
    """The colours that it has had, each from when on."""
    shown: list[Span] = field(default_factory=list)
    behind: list[Span] = field(default_factory=list)
    """When the cover is in front of it."""
    busy_until_s: float = 0.0
    hidden: bool = False
    away: bool = True
    """Not in the picture: not yet, not now or never again."""
    done: bool = False
    """Never to be seen again."""
    holds: "Actor | None" = None
    held: bool = False

    @property
    def paint(self) -> str:
        return self.paints[-1][1]

    @property
    def visible(self) -> bool:
        return not self.away and not self.hidden

    @property
    def free(self) -> bool:
        """Whether it can do something by itself."""
        return self.visible and not self.held

    @property
    def x(self) -> float:
        return self.stand.last[0]

    @property
    def facing(self) -> int:
        return self.facings[-1][1]

    def enter_picture(self, second: float) -> None:
        self.shown.append((second, inf))
        self.away = False

    def leave_picture(self, second: float, for_good: bool) -> None:
        self.shown[-1] = (self.shown[-1][0], second)
        self.away, self.done = True, for_good

    def go(self, start_s: float, end_s: float, x: float, lift: float | None = None) -> None:
        """Get to another place, looking there; at rest it keeps its height above the ground unless one is given."""
        if abs(x - self.x) > 1:
            self.face(start_s, 1 if x > self.x else -1)
        self.stand.go(start_s, end_s, x, self.stand.last[1] if lift is None else lift)

    def put(self, second: float, x: float) -> None:
        """Be somewhere from now on, looking to the middle of the picture."""
        self.stand.go(second, second, x, self.kind.hover)
        self.face(second, 1 if x < WIDTH / 2 else -1)

    def face(self, second: float, facing: int) -> None:
        self.facings.append((second, facing))

    def pose_as(self, start_s: float, end_s: float, size: float | None = None, arms: float | None = None, reach: float | None = None) -> None:
        now = self.pose.last
        given = (size, arms, reach)
        self.pose.go(start_s, end_s, *(old if new is None else new for old, new in zip(now, given, strict=True)))

    def look(self, second: float) -> Look:
        x, lift = self.stand.at(second)
        size, arms, reach = self.pose.at(second)
        red, green, blue = (round(level) for level in self.colour.at(second))
        facing = [way for since, way in self.facings if since <= second][-1]
        walking = self.stand.moving(second) and abs(self.stand.way(second)[0]) > 1
        return Look(self.kind, (red, green, blue), round(x, 2), round(lift, 2), round(size, 3), facing, round(x, 1), walking, round(arms, 2), round(reach, 2))


def new_actor(kind: Kind, paint: str) -> Actor:
    return Actor(kind, Track(0.0, kind.hover), Track(1.0, 0.0, 0.0), Track(*PAINTS[paint].rgb), [(0.0, 1)], [(0.0, paint)])


def within(spans: Iterable[Span], second: float) -> bool:
    return any(start <= second < end for start, end in spans)
