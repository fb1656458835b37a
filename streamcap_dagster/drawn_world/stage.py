"""What a drawn video holds while it is plotted: the place, who is there, what has happened and what was said of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from streamcap_dagster.drawn_world.brush import WIDTH
from streamcap_dagster.drawn_world.cast import Actor, new_actor
from streamcap_dagster.drawn_world.kinds import KINDS, Kind
from streamcap_dagster.drawn_world.naming import cap, identity, known
from streamcap_dagster.drawn_world.paints import PAINTS
from streamcap_dagster.drawn_world.places import Place
from streamcap_dagster.drawn_world.scenery import COVER_WIDTH, SIGN_UP, cover_x
from streamcap_dagster.drawn_world.tracks import Track
from streamcap_dagster.truth import EventType, Words

FPS: Final = 12
"""Three pictures between two stills of the pipeline's usual four a second."""
WINDOW_S: Final = 2.0
"""The grid that events are spread over: quiet windows are quiet on it, and each event is complete before its window's last still."""
_MOST_VISIBLE = 3
_LARGEST_CAST = 7
_FULL_NAME_SHARE = 0.3
_SAME_KIND_SHARE = 0.2
_WANTED_SHARE = 0.7


def on_frame(second: float) -> float:
    """The time of the picture that is nearest."""
    return round(round(second * FPS) / FPS, 6)


@dataclass(frozen=True)
class Told:
    """An event as it is plotted."""

    type: EventType
    start_s: float
    end_s: float
    sentence: str
    words: Words
    semantic: bool = True


@dataclass(frozen=True)
class Moment:
    """When something has to be complete, and the earliest that it may begin."""

    end_s: float
    earliest_s: float

    def rested(self, actor: Actor) -> bool:
        """Whether a thing has done nothing yet that is told in the same window: two moves of one thing would be told as one."""
        return self.is_first_after(actor.busy_until_s)

    def is_first_after(self, second: float) -> bool:
        """Whether nothing that was complete then is told in the same window."""
        return not second or second // WINDOW_S != self.end_s // WINDOW_S


@dataclass(frozen=True)
class Setting:
    """A place with all that does not move in it, from a time on."""

    since_s: float
    place: Place
    cover_left: bool
    tint: int
    blinks: bool = False

    @property
    def cover_side(self) -> str:
        return "left" if self.cover_left else "right"

    @property
    def decor_side(self) -> str:
        return "right" if self.cover_left else "left"


@dataclass
class Stage:
    """Acts change it; what they write down in tracks and lists is what is filmed."""

    draw: Random
    settings: list[Setting]
    cast: list[Actor] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    sign_texts: list[tuple[float, str]] = field(default_factory=list)
    """What the sign says, each from when on."""
    sign_height: Track = field(default_factory=lambda: Track(SIGN_UP))
    sign_busy_until_s: float = 0.0
    light: Track = field(default_factory=lambda: Track(1.0))
    light_busy_until_s: float = 0.0
    _said: set[str] = field(default_factory=set)

    @property
    def here(self) -> Setting:
        return self.settings[-1]

    @property
    def sign(self) -> str:
        """What can be read by now; empty when there is no sign."""
        return self.sign_texts[-1][1] if self.sign_height.last[0] == 0 else ""

    @property
    def dark(self) -> bool:
        return self.light.last[0] < 1

    @property
    def full(self) -> bool:
        return sum(actor.free for actor in self.cast) >= _MOST_VISIBLE

    @property
    def enough(self) -> bool:
        """Whether nothing new should come any more, so that colours last."""
        return len(self.cast) >= _LARGEST_CAST

    def start(self, moment: Moment, seconds: float, least_s: float, *busy_until_s: float) -> float | None:
        """When something begins that would like to take so long; None when there is not even the least of time."""
        begin = on_frame(max(moment.end_s - seconds, moment.earliest_s, self.here.since_s, *busy_until_s))
        return begin if moment.end_s - begin >= least_s - 1e-6 else None

    def any(self, wanted: Callable[[Actor], bool]) -> Actor | None:
        """One of those who can do something by themselves, drawn by chance; None when none is as wanted."""
        found = [actor for actor in self.cast if actor.free and wanted(actor)]
        return self.draw.choice(found) if found else None

    def newcomer(self) -> Actor:
        """A thing that was not there yet, of a colour that nothing else of this video has; it is not on the stage before it is put there."""
        return new_actor(self._fresh_kind(), self.fresh_paint())

    def fresh_paint(self) -> str:
        """A colour that nothing has had yet; one that something had and lost when there is no other."""
        worn, ever = {actor.paint for actor in self.cast}, {paint for actor in self.cast for _, paint in actor.paints}
        choice = [paint for paint in PAINTS if paint not in self.here.place.unlike and paint not in worn]
        return self.draw.choice([paint for paint in choice if paint not in ever] or choice)

    def free_x(self, kind: Kind, far_from: float | None = None) -> float | None:
        """Where a thing can stand without touching another or the cover; far from a place when that is given."""
        low, high = (cover_x(True) + COVER_WIDTH / 2, WIDTH) if self.here.cover_left else (0.0, cover_x(False) - COVER_WIDTH / 2)
        half = kind.width / 2
        spots = [float(x) for x in range(round(low + half + 6), round(high - half - 6), 6) if self.is_free(x, kind)]
        if far_from is not None:
            spots = [x for x in spots if abs(x - far_from) >= 64]
        return self.draw.choice(spots) if spots else None

    def has_room(self, actor: Actor) -> bool:
        """Whether it can grow by half."""
        return all(abs(actor.x - other.x) > (actor.kind.width * 1.5 + other.kind.width) / 2 for other in self.cast if other.free and other is not actor)

    def is_free(self, x: float, kind: Kind, *but: Actor) -> bool:
        """Whether a thing can stand there without touching any other, but for some."""
        others = [other for other in self.cast if other.visible and other not in but]
        return all(abs(x - other.x) >= (kind.width + other.kind.width * max(1.0, other.pose.last[0])) / 2 + 5 for other in others)

    def the(self, actor: Actor) -> str:
        return known(actor, self._seen, self.draw.random() < _FULL_NAME_SHARE)

    def told(self, kind: EventType, start_s: float, moment: Moment, sentence: str, actor: Actor, words: Words) -> Told:
        """An event of a thing, which is known by what means nothing else that was seen so far."""
        return Told(kind, start_s, moment.end_s, sentence, (identity(actor, self._seen), *words))

    @property
    def _seen(self) -> list[Actor]:
        return [actor for actor in self.cast if actor.shown]

    def words_for(self, *sentences: str) -> str:
        """One of these sentences that was not said yet; empty when all were."""
        fresh = [cap(sentence) for sentence in sentences if sentence and cap(sentence) not in self._said]
        return self.draw.choice(fresh) if fresh else ""

    def happen(self, told: Told, *actors: Actor) -> bool:
        """Write an event down; those who take part are busy until it is over. Always True, so that an act can end with it."""
        self._said.add(told.sentence)
        self.events.append(told)
        for actor in actors:
            actor.busy_until_s = told.end_s
        return True

    def _fresh_kind(self) -> Kind:
        """Now and then a person where there is none, and something to carry where there is one; a kind that was there already is rare."""
        there = [actor.kind for actor in self.cast if not actor.done]
        fresh = [kind for kind in KINDS.values() if kind not in there or (not kind.person and self.draw.random() < _SAME_KIND_SHARE)]
        people = any(kind.person for kind in there)
        wanted = [kind for kind in fresh if (kind.grip is not None if people else kind.person)]
        return self.draw.choice(wanted if wanted and self.draw.random() < _WANTED_SHARE else fresh or list(KINDS.values()))
