"""Which objectives a text conveys, by its words; or, where one is injected, as a judge sees it."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from streamcap_dagster.rewards.form import says_nothing
from streamcap_dagster.rewards.judging import Judge, checked
from streamcap_dagster.rewards.words import PRONOUNS, content, negated, sentences, words

_ALIKE, _LONG_WORD = 0.88, 5
"""Two longer words that begin alike and differ in this little are one: `colour` and `color`."""


def coverage(text: str, objectives: Sequence[str], history: Sequence[str] = (), judge: Judge | None = None) -> float:
    """The share of the objectives that a text conveys, of what the history has left of them to convey; 1 when nothing is left.

    An objective is conveyed as far as one sentence holds its content words: fully with all of them, not at all with half of them or fewer. A sentence with a
    pronoun may take words from the sentence before, also from the last of the history. What a copy of the history conveys counts for nothing. Words that
    mean the same are told by a judge only.
    """
    left = {objective: said for objective, said in _said_of(objectives, history, judge).items() if said < 1}
    if not left:
        return 1.0
    if says_nothing(text):
        return 0.0
    before = history[-1] if history else ""
    told = {objective: _credit(objective, text, before) if judge is None else checked(judge)(objective, text) for objective in left}
    return sum(max(0.0, (told[objective] - said) / (1 - said)) for objective, said in left.items()) / len(left)


def something_to_convey(objectives: Sequence[str], history: Sequence[str], judge: Judge | None = None) -> bool:
    """Whether the history has left anything of the objectives."""
    return any(said < 1 for said in _said_of(objectives, history, judge).values())


def _said_of(objectives: Sequence[str], history: Sequence[str], judge: Judge | None) -> dict[str, float]:
    """How far the history conveys each objective: as far as one caption of it does, or as a judge sees all of it."""
    if judge is not None:
        said = "\n".join(history)
        return {objective: checked(judge)(objective, said) if said else 0.0 for objective in objectives}
    return {objective: max((_credit(objective, before, "") for before in history), default=0.0) for objective in objectives}


@lru_cache(maxsize=16384)  # all candidates of a window share its history
def _credit(objective: str, text: str, before: str) -> float:
    """How far the best sentence of a text conveys an objective; what is denied conveys only what denies."""
    wanted = set(content(objective))
    denies = negated(objective)
    best = max((_share(wanted, own, lent) for sentence, own, lent in _spans(text, before) if negated(sentence) == denies), default=0.0)
    return max(0.0, 2 * best - 1) if wanted else 0.0


def _spans(text: str, before: str) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Each sentence with its own content words and those that its pronouns may stand for."""
    last = next(reversed(sentences(before)), "")
    for earlier, sentence in pairwise((last, *sentences(text))):
        speaks_of_before = not PRONOUNS.isdisjoint(words(sentence))
        yield sentence, frozenset(content(sentence)), frozenset(content(earlier)) if speaks_of_before else frozenset()


def _share(wanted: set[str], own: frozenset[str], lent: frozenset[str]) -> float:
    """Nothing is conveyed by what is lent alone: it counts no more than what is the sentence's own."""
    here = sum(_among(word, own) for word in wanted)
    there = sum(not _among(word, own) and _among(word, lent) for word in wanted)
    return (here + min(here, there)) / len(wanted) if wanted else 0.0


def _among(word: str, others: frozenset[str]) -> bool:
    return word in others or (len(word) >= _LONG_WORD and any(other[0] == word[0] and _alike(word, other) for other in others))


@lru_cache(maxsize=65536)
def _alike(word: str, other: str) -> bool:
    if len(other) < _LONG_WORD or abs(len(word) - len(other)) > 2:
        return False
    first, second = sorted((word, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= _ALIKE
