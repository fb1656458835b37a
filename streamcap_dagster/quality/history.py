"""What a segment has said so far, kept so that each caption is held against all earlier ones without reading them again."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from streamcap_dagster.rewards.form import says_nothing
from streamcap_dagster.rewards.words import Gram, content, known_pairs, said_pairs, sentences, words

ALIKE = 0.9
"""Jaccard index of their sets of words from which on two captions are nearly copies."""
_FEWEST_WITH_ANOTHER = 19
"""From so many words on two sets of one size are alike although a word is another."""


@dataclass(frozen=True)
class Heard:
    """How a caption stands to what was said before it."""

    redundancy: float = 0.0
    """1 when one of its sentences was said in full. A sentence of one content word alone (`It opens.`) is no sentence to repeat where there are others."""
    novelty: float = 0.0
    """One minus `rewards.redundancy`, the mean over its sentences."""
    repeats: int | None = None


class SoFar:
    """The captions of one segment, in the order in which they were said."""

    def __init__(self) -> None:
        self._knowing: defaultdict[Gram, list[int]] = defaultdict(list)
        """Which sentences, by number, know a pair of words."""
        self._sentences: dict[frozenset[Gram], int] = {}
        self._copies = _Copies()

    def hear(self, window: int, text: str) -> Heard:
        """Hold a caption against all that were heard, and remember it. What says nothing is neither new nor redundant."""
        if says_nothing(text):
            return Heard()
        heard = self._heard(text)
        repeats = self._copies.find(window, frozenset(words(text)))
        for sentence in sentences(text):
            self._remember(known_pairs(sentence))
        return Heard(*heard, repeats)

    def _heard(self, text: str) -> tuple[float, float]:
        """Redundancy and novelty."""
        told = [(said_pairs(sentence), len(content(sentence)) > 1) for sentence in sentences(text)]
        repeated = [self._repeated(pairs) for pairs, _ in told]
        whole = [again / len(pairs) for again, (pairs, sentence) in zip(repeated, told, strict=True) if sentence]
        mean = sum(repeated) / sum(len(pairs) for pairs, _ in told)
        return max(whole, default=mean), 1 - mean

    def _repeated(self, pairs: frozenset[Gram]) -> int:
        """How many of a sentence's pairs the earlier sentence knows that knows most of them."""
        shared = Counter(number for pair in pairs for number in self._knowing.get(pair, ()))
        return max(shared.values(), default=0)

    def _remember(self, pairs: frozenset[Gram]) -> None:
        if pairs in self._sentences:
            return
        number = self._sentences[pairs] = len(self._sentences)
        for pair in pairs:
            self._knowing[pair].append(number)


class _Copies:
    """Captions as sets of words, by size: sets of very different size are not alike, so few are compared."""

    def __init__(self) -> None:
        self._of_size: defaultdict[int, dict[frozenset[str], int]] = defaultdict(dict)

    def find(self, window: int, spoken: frozenset[str]) -> int | None:
        """The last earlier window that is nearly the same; remembers this one."""
        size = len(spoken)
        alike = [self._of_size[size][spoken]] if spoken in self._of_size[size] else []
        for near in range(math.ceil(ALIKE * size), math.floor(size / ALIKE) + 1):
            if near in self._of_size and (near != size or size >= _FEWEST_WITH_ANOTHER):
                alike += [earlier for other, earlier in self._of_size[near].items() if _are_alike(spoken, other)]
        self._of_size[size][spoken] = window
        return max(alike, default=None)


def _are_alike(spoken: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(spoken & other)
    return shared >= ALIKE * (len(spoken) + len(other) - shared)
