"""What is new in a text and what was said before, in content words: texts are compared, no picture is looked at."""

from collections.abc import Sequence

from streamcap_dagster.rewards.form import says_nothing
from streamcap_dagster.rewards.words import content, known_pairs, said_pairs, sentences


def redundancy(text: str, history: Sequence[str]) -> float:
    """How much of a text was said before: 0 when all is new, 1 when all is repeated.

    Each sentence is held against the sentence of the history that contains most of its pairs of neighbouring content words, so that common words
    here and there in a long history are no repetition. Synonyms are not seen through. Silence repeats nothing.
    """
    if says_nothing(text):
        return 0.0
    known = [known_pairs(sentence) for said in history for sentence in sentences(said)]
    told = [said_pairs(sentence) for sentence in sentences(text)]
    repeated = sum(max((len(pairs & before) for before in known), default=0) for pairs in told)
    return repeated / sum(map(len, told))


def informativeness(text: str, history: Sequence[str]) -> float:
    """How much new a text tells: the share of its content words that are new, times an amount that grows with every new one and levels off below 1."""
    if says_nothing(text):
        return 0.0
    said = {word for before in history for word in content(before)}
    told = set(content(text))
    new = len(told - said)
    return new / len(told) * (1 - 0.5**new)
