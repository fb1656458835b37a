"""How much a caption says over and over, in itself."""

from collections import Counter

from streamcap_dagster.rewards.words import words

_STRETCH = 40
"""Words that are looked at together: the longer a text, the more of its words come again without any fault."""
_FEWEST_FOR_ONE_WORD, _FEWEST_FOR_ALL = 6, 8
_RUN, _OFTEN = 3, 3


def repetition(text: str) -> float:
    """Share of the words, 0 to 1, in that stretch of forty words in which it is largest.

    The largest of three shares: of the commonest word, from six words on; of words that were said before, from eight on; of words in runs of three
    that come three times or more.
    """
    spoken = words(text)
    last = max(1, len(spoken) - _FEWEST_FOR_ALL + 1)
    return max((_share(spoken[first : first + _STRETCH]) for first in range(0, last, _STRETCH)), default=0.0)


def _share(spoken: tuple[str, ...]) -> float:
    total = len(spoken)
    if total < _FEWEST_FOR_ONE_WORD:
        return 0.0
    counted = Counter(spoken)
    commonest = max(counted.values())
    again = total - len(counted) if total >= _FEWEST_FOR_ALL else 0
    return max(commonest, again, _in_runs(spoken)) / total


def _in_runs(spoken: tuple[str, ...]) -> int:
    """How many words are part of a run that comes often."""
    runs = list(zip(*(spoken[place:] for place in range(_RUN)), strict=False))
    if len(runs) - len(set(runs)) < _OFTEN - 1:
        return 0
    counted = Counter(runs)
    return len({place + step for place, run in enumerate(runs) if counted[run] >= _OFTEN for step in range(_RUN)})
