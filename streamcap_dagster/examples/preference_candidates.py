"""What could be said of a window: its caption, deltas made worse by rule, and what other captioners said of the very same pictures."""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice

from streamcap_dagster.chat_tokens import chat_token
from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.policies import PreferencePolicy
from streamcap_dagster.records import NO_CHANGE, SPOKEN, Caption, Captions, is_rehearsal
from streamcap_dagster.reviews.reviewed import ReviewedCaption, is_dropped, is_edited
from streamcap_dagster.rewards.words import words

HISTORY_REPEATED = "history_repeated"
RESTATED_IN_FULL = "restated_in_full"
SILENCE = "silence"
ANOTHER_WINDOW = "another_window"
REVIEWER = "reviewer"
BY_RULE = frozenset({HISTORY_REPEATED, RESTATED_IN_FULL, SILENCE, ANOTHER_WINDOW})
"""Generators that are no captioner."""

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")
_Shown = tuple[float, float, tuple[str, ...]]
"""When a window is, and the hashes of its pictures."""
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


class OtherWindows:
    """What the deltas of a video say, by how many words it takes them: where something is found that is said of another window."""

    def __init__(self, deltas: Sequence[Caption]) -> None:
        self._texts: dict[int, list[str]] = {}
        for text in dict.fromkeys(delta.text for delta in sorted(deltas, key=lambda delta: (delta.clip, delta.window)) if _may_be_lent(delta)):
            self._texts.setdefault(words_in(text), []).append(text)

    def nearest(self, pair: WindowPair) -> str:
        """What was not said yet and is nearest in words; of several a hash draws one. Empty when there is none."""
        wanted, lot = words_in(pair.later.text or NO_CHANGE), _lot(pair)
        for length in sorted(self._texts, key=lambda length: (abs(length - wanted), length)):
            texts = self._texts[length]
            drawn = (texts[(lot + step) % len(texts)] for step in range(len(texts)))
            if found := next((text for text in drawn if text != pair.later.text and text not in pair.said), ""):
                return found
        return ""


def _may_be_lent(delta: Caption) -> bool:
    return bool(delta.text) and delta.kind == "delta" and not is_dropped(delta)


def _lot(pair: WindowPair) -> int:
    return int(hashlib.sha256(f"{pair.later.clip}:{pair.later.window}".encode()).hexdigest()[:8], 16)


class OtherRuns:
    """What other runs said of a video: it counts where time and pictures are the same."""

    def __init__(self, runs: Sequence[Captions]) -> None:
        self._captions: dict[_Shown, list[Caption]] = {}
        for caption in (caption for run in runs for caption in run.captions):
            if caption.kind == "delta" and caption.outcome in SPOKEN:
                self._captions.setdefault(_shown(caption), []).append(caption)

    def of(self, window: Caption) -> Iterator[Proposed]:
        """In the order of the runs, without those of a rehearsal."""
        yield from (Proposed(caption.text or NO_CHANGE, generator_of(caption)) for caption in self._of(window) if not _is_refused(caption, window))

    def refused(self, window: Caption) -> int:
        """How many are no candidates, since a rehearsal made them and not the window's caption, by whom the row is said to be."""
        return sum(_is_refused(caption, window) for caption in self._of(window))

    def _of(self, window: Caption) -> Sequence[Caption]:
        return self._captions.get(_shown(window), ())


def _is_refused(other: Caption, own: Caption) -> bool:
    return is_rehearsal(other.captioner, other.model) and not is_rehearsal(own.captioner, own.model)


def _shown(caption: Caption) -> _Shown:
    return caption.start_s, caption.end_s, caption.frame_sha256


def propose(pair: WindowPair, others: OtherWindows, runs: OtherRuns, policy: PreferencePolicy) -> list[Proposed]:
    """The caption first, then those made by rule until there are as many as the policy asks for, then what a reviewer replaced and those of other runs;
    each text once.
    """
    own = Proposed(pair.later.text or NO_CHANGE, REVIEWER if is_edited(pair.later) else generator_of(pair.later))
    by_rule = iter(()) if policy.preference_keep == "model" else _made_by_rule(pair, others)
    ours = islice(_different(chain([own], by_rule)), policy.preference_candidates)
    return list(_different(chain(ours, _replaced(pair.later), runs.of(pair.later))))


def _replaced(window: Caption) -> Iterator[Proposed]:
    if isinstance(window, ReviewedCaption) and window.instead_of is not None:
        yield Proposed(window.instead_of, generator_of(window))


def generator_of(caption: Caption) -> str:
    """Who said it, with which model, asked in which words."""
    return f"{caption.captioner}/{caption.model}/{caption.prompt_version}"


def _made_by_rule(pair: WindowPair, others: OtherWindows) -> Iterator[Proposed]:
    yield Proposed(_repeated(pair), HISTORY_REPEATED)
    yield Proposed(" ".join((*pair.said, pair.later.text)).strip(), RESTATED_IN_FULL)
    yield Proposed(NO_CHANGE, SILENCE)
    if foreign := others.nearest(pair):
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


def _different(proposed: Iterable[Proposed]) -> Iterator[Proposed]:
    """Each text once, under the first who said it, without those with a chat token; of one generator that said several things, the later ones are numbered."""
    texts, names = set[str](), dict[str, int]()
    for one in proposed:
        plain = " ".join(one.text.split()).casefold()
        if plain in texts or chat_token(one.text):
            continue
        texts.add(plain)
        names[one.generator] = names.get(one.generator, 0) + 1
        yield one if names[one.generator] == 1 else Proposed(one.text, f"{one.generator} #{names[one.generator]}")
