"""What a caption claims, clause by clause: what happens, and which things there are, in the words of a drawn world."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from streamcap_dagster.rewards.words import NEGATIONS, PRONOUNS, words
from streamcap_dagster.truth import DrawnTruth, EventType, Words, tells

_SENTENCE_END = re.compile(r"[.!?;\n…。！？]+")
_JOINT = re.compile(r"[,:()–—]|\b(?:and|while|as|then|but|whereas)\b")
_POSSESSIVE = re.compile(r"['’]s\b")
_DENIALS = NEGATIONS - {"without"}
_ENDED = ("no longer", "no more")
_STATE = frozenset({"is", "are", "was", "were", "there"})
_LINKS = _STATE | {"in", "wearing", "with"}
_BEFORE, _AFTER = 2, 3
"""A colour so many words before a thing is the thing's, as in `a red rubber ball`, and so many after it where a link is between: `a man in a red shirt`."""

Spoken = tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """A thing that is spoken of; its colour is empty where none is said."""

    noun: str
    colour: str


@dataclass(frozen=True)
class Claim:
    """A clause. `lent` are the words that one without a subject of its own may take from the clause before."""

    spoken: Spoken
    lent: Spoken
    actions: tuple[EventType, ...]
    """What kinds of events its verbs can stand for."""
    mentions: tuple[Mention, ...]
    stray_colours: frozenset[str]
    """Those that belong to no thing named before or after them: `the ball turns blue`."""
    denies: bool = False
    """True of `nothing moves` and `there is no dog`: it claims no event, and no thing."""

    @property
    def text(self) -> str:
        return " ".join(self.spoken)

    def tells(self, what: Words) -> bool:
        if self.denies:
            return False
        return tells(self.text, what) or (bool(self.lent) and bool(self.actions) and tells(" ".join((*self.lent, *self.spoken)), what))


class Reader:
    """Reads captions in the words of one drawn video."""

    def __init__(self, truth: DrawnTruth) -> None:
        self._truth = truth

    def claims(self, text: str) -> list[Claim]:
        """The claims of a text, however it is spaced, cased or encoded."""
        even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        found: list[Claim] = []
        for sentence in _SENTENCE_END.split(_POSSESSIVE.sub("", even)):
            for spoken in self._clauses(sentence):
                before = found[-1].spoken if found else ()
                found.append(self._claim(spoken, before))
        return found

    def _clauses(self, sentence: str) -> Iterator[Spoken]:
        """What stands between joints; a list of things is one clause with the verb that follows it, and what names no thing belongs to the clause before."""
        clauses: list[Spoken] = []
        listed: Spoken = ()
        for part in filter(None, map(words, _JOINT.split(sentence))):
            happens, named = bool(self._actions.found(part)), bool(self._nouns.found(part))
            if happens or not _STATE.isdisjoint(part):
                clauses.append((*listed, *part))
                listed = ()
            elif named:
                listed = (*listed, *part)
            elif clauses and not listed:
                clauses[-1] = (*clauses[-1], *part)
            else:
                listed = (*listed, *part)
        yield from clauses
        if listed:
            yield listed

    def _claim(self, spoken: Spoken, before: Spoken) -> Claim:
        if self._denies(spoken):
            return Claim(spoken, (), (), (), frozenset(), denies=True)
        happens = self._actions.found(spoken)
        mentions, stray = self._mentions(spoken)
        subjectless = not mentions or not PRONOUNS.isdisjoint(spoken) or any(place == 0 for place, _ in happens)
        said = {action for _, action in happens}
        actions = tuple(kind for kind, phrases in self._phrases_of.items() if not said.isdisjoint(phrases))
        return Claim(spoken, before if subjectless else (), actions, mentions, stray)

    def _mentions(self, spoken: Spoken) -> tuple[tuple[Mention, ...], frozenset[str]]:
        colours, taken = self._colours.found(spoken), set[int]()
        mentions = []
        for place, noun in self._nouns.found(spoken):
            end = place + len(noun)
            near = [(at, colour) for at, colour in colours if at not in taken and (0 < place - at <= _BEFORE or _says_of_it(spoken, end, at))]
            taken |= {at for at, _ in near}
            mentions.append(Mention(" ".join(noun), " ".join(near[-1][1]) if near else ""))
        return tuple(mentions), frozenset(" ".join(colour) for at, colour in colours if at not in taken)

    def _denies(self, spoken: Spoken) -> bool:
        """What a sign reads, such as `no entry`, and what tells that something ended, such as `no longer`, deny nothing."""
        free = {at + place for at, phrase in self._undenied.found(spoken) for place in range(len(phrase))}
        return any(at not in free and (word in _DENIALS or word.endswith("n't")) for at, word in enumerate(spoken))

    @cached_property
    def _undenied(self) -> "Phrases":
        told = (group for what in (*(event.words for event in self._truth.events), *self._truth.scene_words) for group in what)
        return Phrases((*_ENDED, *(phrase for group in told for phrase in group if not _DENIALS.isdisjoint(words(phrase)))))

    @cached_property
    def _nouns(self) -> "Phrases":
        return Phrases(noun for noun in self._truth.nouns if noun not in PRONOUNS)

    @cached_property
    def _colours(self) -> "Phrases":
        return Phrases(self._truth.colours)

    @cached_property
    def _actions(self) -> "Phrases":
        return Phrases(phrase for phrases in self._truth.actions.values() for phrase in phrases)

    @cached_property
    def _phrases_of(self) -> dict[EventType, frozenset[Spoken]]:
        return {kind: _spoken(phrases) for kind, phrases in self._truth.actions.items()}


class Phrases:
    """Words and phrases that can be found in a text."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known = _spoken(phrases)
        self._lengths = sorted({len(phrase) for phrase in self._known}, reverse=True)

    def found(self, spoken: Spoken) -> list[tuple[int, Spoken]]:
        """Where each stands, the longest where several begin, none within another."""
        found, at = [], 0
        while at < len(spoken):
            phrase = next((part for length in self._lengths if (part := spoken[at : at + length]) in self._known), ())
            if phrase:
                found.append((at, phrase))
            at += len(phrase) or 1
        return found


def _says_of_it(spoken: Spoken, end: int, at: int) -> bool:
    """Whether a colour follows as what the thing is or wears."""
    return end < at < end + _AFTER and spoken[end] in _LINKS


def _spoken(phrases: Iterable[str]) -> frozenset[Spoken]:
    return frozenset(spoken for phrase in phrases if (spoken := words(phrase)))
