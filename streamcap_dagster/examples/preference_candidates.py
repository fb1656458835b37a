"""What could be said of a window: its caption, deltas made worse by rule, and what other captioners said of the very same pictures."""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.policies import PreferencePolicy
from streamcap_dagster.records import NO_CHANGE, SPOKEN, Caption, Captions
from streamcap_dagster.rewards.words import words

HISTORY_REPEATED = "history_repeated"
RESTATED_IN_FULL = "restated_in_full"
SILENCE = "silence"
ANOTHER_WINDOW = "another_window"
BY_RULE = frozenset({HISTORY_REPEATED, RESTATED_IN_FULL, SILENCE, ANOTHER_WINDOW})
"""Generators that are no captioner."""

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")
_NEWEST = 60
"""Sentences of the history among which those to repeat are looked for."""


@dataclass(frozen=True)
class Proposed:
    """A text that somebody could have said; silence is said in words."""

    text: str
    generator: str


def words_in(text: str) -> int:
    """How many words a text has; in a script that is written without blanks every sign is one."""
    return len(words(text))


def propose(pair: WindowPair, deltas: Sequence[Caption], elsewhere: Sequence[Captions], policy: PreferencePolicy) -> list[Proposed]:
    """The caption first, then those made by rule as far as the policy has room for them, then those of other captioners; each text once.

    `deltas` are all of the video's, `elsewhere` what other captioners said of it: theirs count where time and pictures are the same.
    """
    own = Proposed(pair.later.text or NO_CHANGE, generator_of(pair.later))
    made = () if policy.preference_keep == "model" else islice(_made_by_rule(pair, deltas), policy.preference_candidates - 1)
    told = (
        Proposed(caption.text or NO_CHANGE, generator_of(caption)) for captions in elsewhere for caption in captions.captions if _is_of(caption, pair.later)
    )
    return list(_different([own, *made, *told]))


def generator_of(caption: Caption) -> str:
    """Who said it, with which model, asked in which words."""
    return f"{caption.captioner}/{caption.model}/{caption.prompt_version}"


def _is_of(caption: Caption, window: Caption) -> bool:
    """Whether a caption was made of the same pictures at the same time, and came out well."""
    same = (caption.start_s, caption.end_s, caption.frame_sha256) == (window.start_s, window.end_s, window.frame_sha256)
    return same and caption.kind == "delta" and caption.outcome in SPOKEN


def _made_by_rule(pair: WindowPair, deltas: Sequence[Caption]) -> Iterator[Proposed]:
    yield Proposed(_repeated(pair), HISTORY_REPEATED)
    yield Proposed(" ".join((*pair.said, pair.later.text)).strip(), RESTATED_IN_FULL)
    yield Proposed(NO_CHANGE, SILENCE)
    if foreign := _of_another_window(pair, deltas):
        yield Proposed(foreign, ANOTHER_WINDOW)


def _repeated(pair: WindowPair) -> str:
    """Whole sentences of the history, as many as come nearest to the caption in words, so that a pair of the two differs in what is said and not in how
    much. Of a silent window the newest caption.
    """
    if not pair.later.text:
        return pair.said[-1]
    sentences = [sentence for text in pair.said for sentence in _SENTENCE_END.split(text) if sentence][-_NEWEST:]
    sums = [0, *accumulate(map(words_in, sentences))]
    wanted = words_in(pair.later.text)
    runs = ((start, end) for start in range(len(sentences)) for end in _ends(sums, start, wanted))
    start, end = min(runs, key=lambda run: (abs(sums[run[1]] - sums[run[0]] - wanted), -run[1], run[0]))
    return " ".join(sentences[start:end])


def _ends(sums: Sequence[int], start: int, wanted: int) -> Iterator[int]:
    """Where a run of sentences may end that comes near to so many words."""
    reached = bisect_left(sums, sums[start] + wanted, start + 1)
    yield from {max(start + 1, reached - 1), min(reached, len(sums) - 1)}


def _of_another_window(pair: WindowPair, deltas: Sequence[Caption]) -> str:
    """The delta of another window that was not said yet and is nearest in words; of several a hash draws one. Empty when there is none."""
    others = [delta for delta in deltas if delta.text and delta.text != pair.later.text and delta.text not in pair.said]
    wanted = words_in(pair.later.text or NO_CHANGE)
    nearest = min(others, key=lambda delta: (abs(words_in(delta.text) - wanted), _lot(pair.later, delta)), default=None)
    return nearest.text if nearest else ""


def _lot(window: Caption, other: Caption) -> str:
    return hashlib.sha256(f"{window.clip}:{window.window}:{other.clip}:{other.window}".encode()).hexdigest()


def _different(proposed: Sequence[Proposed]) -> Iterator[Proposed]:
    """Each text once, under the first who said it; of one generator that said several things, the later ones are numbered."""
    texts, names = set[str](), dict[str, int]()
    for one in proposed:
        plain = " ".join(one.text.split()).casefold()
        if plain in texts:
            continue
        texts.add(plain)
        names[one.generator] = names.get(one.generator, 0) + 1
        yield one if names[one.generator] == 1 else Proposed(one.text, f"{one.generator} #{names[one.generator]}")
