"""Whether a thing keeps its name from caption to caption, as far as words alone can tell.

Only things of a few kinds are followed, in English: people, animals, vehicles. A definite name that nobody has introduced (`the goalkeeper`) is taken
for a new name of the one thing of its kind that is known (`a man`); where two are known nobody can tell, and nothing is said. A colour that a known
thing never had (`the blue car`, of a red one) is another name too. Somebody who is new in fact but was introduced with `the` looks just the same.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from streamcap_dagster.quality.quoting import unquoted
from streamcap_dagster.rewards.words import every, words

_HEADS = {
    "person": "man woman boy girl lady gentleman guy person figure individual child kid baby toddler teenager adult player goalkeeper keeper striker defender "
    "referee umpire athlete runner jogger cyclist skater skier surfer swimmer dancer singer musician guitarist drummer pianist performer actor actress artist "
    "chef cook baker waiter waitress bartender barista customer shopper cashier clerk worker builder mechanic doctor nurse patient teacher student speaker "
    "presenter reporter journalist officer policeman policewoman guard soldier firefighter driver rider passenger pedestrian pilot farmer fisherman hunter "
    "gardener priest bride groom mother father bowler batsman boxer wrestler gymnast climber hiker tourist visitor pupil magician clown",
    "animal": "animal dog puppy hound cat kitten horse pony foal cow bull calf sheep lamb goat pig bird duck swan parrot crow pigeon gull seagull chicken hen "
    "bear lion tiger elephant monkey rabbit squirrel deer fox wolf mouse rat snake",
    "road vehicle": "vehicle car automobile taxi cab van truck lorry pickup bus minibus suv sedan jeep",
    "bicycle or motorcycle": "bicycle bike motorcycle motorbike scooter moped",
    "boat": "boat ship ferry motorboat sailboat yacht vessel canoe kayak",
    "aircraft": "aircraft airplane aeroplane plane jet helicopter",
}
_KIND_OF = {head: kind for kind, heads in _HEADS.items() for head in heads.split()}
_SEVERAL = {
    **{f"{head}s": head for head in _KIND_OF},
    **{"men": "man", "women": "woman", "children": "child", "people": "person", "policemen": "policeman", "ladies": "lady", "babies": "baby"},
    **{"puppies": "puppy", "ponies": "pony", "ferries": "ferry", "lorries": "lorry", "buses": "bus", "calves": "calf", "wolves": "wolf", "mice": "mouse"},
}
_COLOURS = every("red orange yellow green blue purple violet pink brown black white grey gray gold golden silver beige")
_NEW, _KNOWN = every("a an another"), every("the this that")
_OTHERS = every("another other second third next new different")
_ENDS_A_NAME = every("and or but of in on at to from with by into as is are has have who which while then")
_ARRIVES = every("enters enter appears appear arrives arrive comes come joins join emerges emerge entering arriving appearing")
_OF_A_VEHICLE = every("driver rider passenger pilot cyclist")
_WEARS = every("in wearing with")
_BEFORE, _AFTER = 4, 5
"""Words in which the article of a name is looked for, and the colour of what somebody wears."""


@dataclass
class _Thing:
    name: str
    """As it was called last."""
    names: set[str]
    colours: set[str] = field(default_factory=set)
    several: bool = False


@dataclass(frozen=True)
class _Mention:
    name: str
    article: str
    """Empty where it has none."""
    colours: tuple[str, ...]
    several: bool
    another: bool
    arrives: bool


class Names:
    """What the things of one segment are called so far."""

    def __init__(self) -> None:
        self._known: defaultdict[str, list[_Thing]] = defaultdict(list)

    def hear(self, text: str, introduces: bool = False) -> tuple[str, ...]:
        """The things that a caption gives another name, as `man -> goalkeeper`; one that introduces everything gives no thing another."""
        found = (self._changed(mention, introduces) for mention in _mentions(words(unquoted(text))))
        return tuple(dict.fromkeys(change for change in found if change))

    def _changed(self, mention: _Mention, introduces: bool) -> str:
        things = self._known[_KIND_OF[mention.name]]
        thing = next((thing for thing in reversed(things) if mention.name in thing.names), None)
        if thing is not None and not (mention.article in _NEW or mention.another):
            return self._recoloured(thing, mention, alone=len(things) == 1 and not introduces)
        if thing is None and not introduces and self._must_be_known(mention) and len(things) == 1 and not things[0].several:
            (thing,) = things
            change = f"{thing.name} -> {mention.name}"
            thing.names.add(mention.name)
            thing.name = mention.name
            thing.colours.update(mention.colours)
            return change
        things.append(_Thing(mention.name, {mention.name}, set(mention.colours), mention.several))
        return ""

    def _must_be_known(self, mention: _Mention) -> bool:
        """Whether a name speaks of something that was there already. The driver of a car that is known may be new all the same."""
        if mention.article not in _KNOWN or mention.another or mention.several or mention.arrives:
            return False
        return mention.name not in _OF_A_VEHICLE or not any(self._known[kind] for kind in _HEADS if kind not in ("person", "animal"))

    def _recoloured(self, thing: _Thing, mention: _Mention, alone: bool) -> str:
        clash = mention.article in _KNOWN and mention.colours and thing.colours and thing.colours.isdisjoint(mention.colours)
        change = f"{min(thing.colours)} {thing.name} -> {mention.colours[0]} {mention.name}" if alone and clash and not thing.several else ""
        thing.colours.update(mention.colours)
        thing.several |= mention.several
        return change


def _mentions(spoken: tuple[str, ...]) -> Iterator[_Mention]:
    """Every name of a thing, in order. Of `taxi driver` the last word names the thing."""
    places = [place for place, word in enumerate(spoken) if word in _KIND_OF or word in _SEVERAL]
    for place, after in pairwise([*places, len(spoken)]):
        if after == place + 1 and after < len(spoken):
            continue
        word = spoken[place]
        before = _before(spoken, place)
        rest = spoken[place + 1 : min(after, place + 1 + _AFTER)]
        worn = rest if rest[:1] and rest[0] in _WEARS else ()
        yield _Mention(
            name=_SEVERAL.get(word, word),
            article=before[0] if before and before[0] in _NEW | _KNOWN else "",
            colours=tuple(colour for colour in (*before, *worn) if colour in _COLOURS),
            several=word in _SEVERAL,
            another=not _OTHERS.isdisjoint(before),
            arrives=not _ARRIVES.isdisjoint(rest[:2]),
        )


def _before(spoken: tuple[str, ...], place: int) -> tuple[str, ...]:
    """The article of a name and what is between; without an article what is before it up to what cannot be part of it."""
    first = place
    while first > 0 and place - first < _BEFORE:
        word = spoken[first - 1]
        if word in _ENDS_A_NAME or word in _KIND_OF:
            break
        first -= 1
        if word in _NEW or word in _KNOWN:
            break
    return spoken[first:place]
