"""What a claim is worth at its time: news, said already, told before it could be seen, or about what never was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from streamcap_dagster.evaluation.claims import Claim, Mention, Reader
from streamcap_dagster.rewards import redundancy
from streamcap_dagster.rewards.words import words
from streamcap_dagster.truth import DrawnEvent, DrawnTruth, EventType, Words

Worth = Literal["news", "repeated", "leaked", "idle", "false_event", "false_thing", "other"]
"""`idle`: it tells of what means nothing, such as a camera that shakes. `other`: it describes what there is, or speaks of an event too vaguely to tell it."""
_SAID_ALREADY = 0.8
"""Redundancy from which a description counts as repeated."""
_MOVEMENT: frozenset[EventType] = frozenset({"enter", "leave", "move", "hide", "reveal", "pick_up", "put_down"})
"""Types that a vague claim of one may mean another of: what enters moves, too."""


@dataclass(frozen=True)
class Known:
    """What a claim is held against: when it is made, what is to be told now, what was told before, and in which words."""

    start_s: float
    end_s: float
    due: Sequence[DrawnEvent]
    told: frozenset[int]
    """Events that earlier captions told."""
    telling: frozenset[int]
    """Events that this caption told in an earlier clause."""
    said: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """`events` are those that the claim tells first; `type` is of the event that a wrong claim speaks of."""

    worth: Worth
    events: tuple[DrawnEvent, ...] = ()
    type: EventType | None = None


class Witness:
    """Knows what was to be seen in one drawn video, and judges captions by that."""

    def __init__(self, truth: DrawnTruth) -> None:
        self.truth = truth
        self.reader = Reader(truth)
        self._meant: dict[tuple[str, str], list[DrawnEvent]] = {}

    def standing(self, claim: Claim, known: Known) -> Standing:
        """The best that can be said of a claim. An event told in a wrong colour is no news but a false event, and stays to be told."""
        meant = self._told_by(claim)
        begun = [event for event in meant if event.start_s < known.end_s]
        if begun:
            return self._of_begun(claim, begun, known)
        ahead = [event for event in meant if event.type in claim.actions]
        return Standing("leaked", (), ahead[0].type) if ahead else self._of_no_event(claim, known)

    def _told_by(self, claim: Claim) -> list[DrawnEvent]:
        """The events that a claim has the words for, at whatever time. The same clause often comes again."""
        said = (claim.text, " ".join(claim.lent))
        if said not in self._meant:
            self._meant[said] = [event for event in self.truth.events if event.semantic and claim.tells(event.words)]
        return self._meant[said]

    def _of_begun(self, claim: Claim, begun: Sequence[DrawnEvent], known: Known) -> Standing:
        meant = [event for event in begun if not _in_other_colour(claim, self._vocabulary[event.event], self.truth.colours)]
        if not (meant and self._all_there(claim, known)):
            return Standing("false_event", (), begun[0].type)
        news = [event for event in meant if event.event not in known.told | known.telling]
        due = [event for event in news if event in known.due]
        if due:
            return Standing("news", tuple(due), due[0].type)
        if any(event.event in known.telling for event in meant):
            return Standing("other")
        return Standing("news", tuple(news[:1]), news[0].type) if news else Standing("repeated", (), meant[0].type)

    def _of_no_event(self, claim: Claim, known: Known) -> Standing:
        idle = [event for event in self._lately(known) if not event.semantic and self._is_of(claim, event)]
        if idle:
            return Standing("idle", (), idle[0].type)
        if not self._all_there(claim, known):
            return Standing("false_event", (), claim.actions[0]) if claim.actions else Standing("false_thing")
        if redundancy(claim.text, known.said) >= _SAID_ALREADY:
            return Standing("repeated")
        if claim.actions and not (self._something_like_it(claim, known) or any(map(claim.tells, self._written))):
            return Standing("false_event", (), claim.actions[0])
        return Standing("other")

    def _lately(self, known: Known) -> list[DrawnEvent]:
        """What happens in the window, or happened in the one before."""
        since_s = known.start_s - (known.end_s - known.start_s)
        return [event for event in self.truth.events if event.start_s < known.end_s and event.end_s >= since_s]

    @staticmethod
    def _is_of(claim: Claim, event: DrawnEvent) -> bool:
        return claim.tells(event.words) if event.words else event.type in claim.actions

    def _something_like_it(self, claim: Claim, known: Known) -> bool:
        """Whether there is an event of the kind that the claim may mean, vague as it is: of such a thing, or of none that is named, and in no other colour."""
        meant = {*claim.actions, *(_MOVEMENT if not _MOVEMENT.isdisjoint(claim.actions) else ())}
        return any(event.type in meant and _may_mean(claim, self._vocabulary[event.event]) for event in self._lately(known))

    def _all_there(self, claim: Claim, known: Known) -> bool:
        return all(self.is_there(mention, known.end_s) for mention in claim.mentions)

    def is_there(self, mention: Mention, end_s: float) -> bool:
        """Whether such a thing was ever to be seen until then; in that colour, if it has one."""
        looks = [look for look in self.truth.looks if look.start_s < end_s and mention.noun in look.nouns]
        if not looks:
            return mention.noun in self._scenery or any(mention.noun in self._vocabulary[event.event] for event in self.truth.events if event.start_s < end_s)
        return not mention.colour or any(not look.colours or mention.colour in look.colours for look in looks)

    @cached_property
    def _vocabulary(self) -> dict[int, frozenset[str]]:
        """By event, the words and phrases that it may be told with."""
        return {event.event: _phrases(event.words) for event in self.truth.events}

    @cached_property
    def _written(self) -> list[Words]:
        """What is there from the beginning and known by no name of a thing, such as what a sign reads: to tell it may sound like an event."""
        return [thing for thing in self.truth.scene_words if _phrases(thing).isdisjoint(self.truth.nouns)]

    @cached_property
    def _scenery(self) -> frozenset[str]:
        return _phrases(group for thing in self.truth.scene_words for group in thing)


def _phrases(groups: Iterable[tuple[str, ...]]) -> frozenset[str]:
    return frozenset(" ".join(words(phrase)) for group in groups for phrase in group)


def _in_other_colour(claim: Claim, vocabulary: frozenset[str], colours: Iterable[str]) -> bool:
    """Whether a claim names what an event is about, in a colour that it has not."""
    coloured = not vocabulary.isdisjoint(colours)
    return coloured and any(mention.noun in vocabulary and mention.colour and mention.colour not in vocabulary for mention in claim.mentions)


def _may_mean(claim: Claim, vocabulary: frozenset[str]) -> bool:
    named = not claim.mentions or any(mention.noun in vocabulary and (not mention.colour or mention.colour in vocabulary) for mention in claim.mentions)
    return named and claim.stray_colours <= vocabulary
