"""How far what was said of a clip has drifted from what is there: an opening caption and its deltas, held against the anchor that ends their segment.

Words are compared, no picture is looked at: another word for the same thing counts as drift, so that a single value tells little and its course much.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from streamcap_dagster.quality.records import Drift
from streamcap_dagster.records import Caption
from streamcap_dagster.rewards.words import content, negated, sentences, stem, words

Fact = tuple[str, ...]
"""A content word; or a quality and the word it stands at, such as `red` and `car`."""

_QUALITIES = (
    "black white grey red orange brown yellow green turquoise blue purple pink",
    "left right",
    "open closed shut",
    "lit unlit",
    "empty full",
    "one two three four five six seven eight nine ten",
)
_GROUP = {stem(word): number for number, listed in enumerate(_QUALITIES) for word in listed.split()}
"""Of words of the same number a thing can have one at a time."""
_LEAVES = re.compile(
    r"\b(?:leav\w*|(?:has|have) left|exit\w*|disappear\w*|vanish\w*|gone|removed|no longer|out of (?:view|sight|frame)|(?:walk|run|drive|fly)\w* off)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,:;]")
_EVENTS = "enter appear arrive come go walk run move turn start begin stop pass cross take pick put raise lower reach approach follow look say add new now"
_PASSING = frozenset(map(stem, _EVENTS.split()))
"""What happens and is over: nobody expects it in a description of what is there."""
_DECIMALS = 6


@dataclass(frozen=True)
class Difference:
    """What two tellings of the same moment do not have in common, as words for people."""

    drift: float
    """0 when both say the same, 1 when they have nothing in common: the mean of the shares of what the one lacks and of what the other lacks."""
    unsaid: tuple[str, ...]
    lost: tuple[str, ...]


def drifts_of(captions: Iterable[Caption]) -> tuple[Drift, ...]:
    """One for each anchor that opened a segment, where anything was said in the segment before; `captions` are of a video, in order of clip, then window."""
    found: list[Drift] = []
    for clip, chain in groupby(captions, key=lambda caption: caption.clip):
        segments = [list(segment) for _, segment in groupby(chain, key=lambda caption: caption.segment)]
        for before, after in pairwise(segments):
            said, anchor = [caption.text for caption in before if caption.text], after[0]
            if said and anchor.text:
                difference = drift(said, anchor.text)
                found.append(Drift(clip=clip, window=anchor.window, drift=difference.drift, unsaid=difference.unsaid, lost=difference.lost))
    return tuple(found)


def drift(said: Sequence[str], anchor: str) -> Difference:
    """Hold all that was said of a segment, in order, against an independent description of where it has come to.

    Unsaid is what the anchor tells and nothing before did. Lost is what should still hold, by what was said, and the anchor does not tell or tells otherwise;
    what was said to leave, what was denied and what happened in passing is not expected there.
    """
    state = _State.after(said)
    told = _State.after([anchor])
    unsaid, lost = list(state.lacks(told)), list(told.lacks(state))
    named = {**_forms(said), **_forms([anchor])}
    apart = _share(unsaid, told.facts) + _share(lost, state.facts)
    return Difference(round(apart / 2, _DECIMALS), tuple(_named(unsaid, named)), tuple(_named(lost, named)))


@dataclass(frozen=True)
class _State:
    """What holds after some texts, and all they ever told."""

    facts: Mapping[Fact, str]
    """In the order they were told in, each with what its clause speaks of."""
    ever: frozenset[Fact]

    @classmethod
    def after(cls, texts: Iterable[str]) -> "_State":
        facts: dict[Fact, str] = {}
        ever: set[Fact] = set()
        for clause in (clause for text in texts for sentence in sentences(text) for clause in _CLAUSE_END.split(sentence) if words(clause)):
            stems = content(clause)
            ever.update((word,) for word in stems)
            subject = next((word for word in stems if word not in _GROUP), stems[0])
            if negated(clause) or _LEAVES.search(clause):
                facts = {fact: about for fact, about in facts.items() if subject not in (about, fact[-1])}
                continue
            for fact in _facts(stems):
                facts = _without_others(facts, fact) if len(fact) == 2 else facts
                facts[fact] = subject
        return cls(facts, frozenset(ever | facts.keys()))

    def lacks(self, other: "_State") -> Iterator[Fact]:
        """What the other holds and this never told: a thing, or a quality of a thing that has another one here."""
        for fact in other.facts:
            if fact not in self.ever and (len(fact) == 1 or fact[-1:] not in self.ever or any(_excludes(fact, known) for known in self.facts)):
                yield fact


def _facts(stems: Sequence[str]) -> Iterator[Fact]:
    """The content words of a clause but for what passes, and each quality with the word after it."""
    for before, word in pairwise(("", *stems)):
        if word not in _PASSING:
            yield (word,)
        if before in _GROUP and word not in _GROUP:
            yield before, word


def _without_others(facts: Mapping[Fact, str], fact: Fact) -> dict[Fact, str]:
    """Without the quality that a thing has no more, nor the word for it where no other thing has it."""
    gone = {known for known in facts if _excludes(fact, known)}
    left = {known: about for known, about in facts.items() if known not in gone}
    bare = {known[:1] for known in gone} - {known[:1] for known in left if len(known) == 2}
    return {known: about for known, about in left.items() if known not in bare}


def _excludes(fact: Fact, other: Fact) -> bool:
    """Whether two qualities of one thing cannot be true at the same time."""
    return len(fact) == len(other) == 2 and fact[1] == other[1] and fact[0] != other[0] and _GROUP[fact[0]] == _GROUP[other[0]]


def _share(part: Sequence[Fact], whole: Mapping[Fact, str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _forms(texts: Iterable[str]) -> dict[str, str]:
    """How each stem was first written."""
    forms: dict[str, str] = {}
    for word in (word for text in texts for word in words(text)):
        forms.setdefault(stem(word), word)
    return forms


def _named(facts: Iterable[Fact], forms: Mapping[str, str]) -> Iterator[str]:
    """A quality with its thing where the two are told, else the word; none that is a part of another."""
    listed = list(facts)
    within = {(word,) for fact in listed if len(fact) == 2 for word in fact}
    yield from (" ".join(forms[word] for word in fact) for fact in listed if fact not in within)
