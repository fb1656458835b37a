"""Questions about drawn videos: each is a sentence of the truth with a gap, and can be answered by who was told what the sentence tells, in whatever words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamcap_dagster.truth import DrawnTruth, Words, events_of, tells

_SIDES: Final = frozenset({"left", "right", "middle"})
_SENTENCE_END: Final = re.compile(r"(?<=\.) ")
_WORD: Final = re.compile(r'"([^"]*)"|[A-Za-z]+')
"""What can be read on a sign is one word here."""


@dataclass(frozen=True)
class Question:
    question: str
    answer: str
    told_by: Words
    """How a sentence is known that tells the answer."""


def of_scene(truth: DrawnTruth) -> Iterator[Question]:
    """One for each sentence of what can be seen at 0 s."""
    for sentence in _SENTENCE_END.split(truth.scene):
        known = [words for words in truth.scene_words if tells(sentence, words)]
        if known:
            yield from _asked(truth, sentence, known[-1])


def of_events(truth: DrawnTruth, start_s: float, end_s: float) -> tuple[Question, ...]:
    """One for each event that the window of these seconds has to tell, of two that are asked alike the later; none that the scene would answer,
    as of a ball that is put where it was at first.
    """
    asked = (one for event in events_of(truth, start_s, end_s) for one in _asked(truth, event.sentence, event.words))
    return tuple({one.question: one for one in asked if not tells(truth.scene, one.told_by)}.values())


def _asked(truth: DrawnTruth, sentence: str, words: Words) -> Iterator[Question]:
    """Its last thing, colour, side or writing is asked for; nothing where it has none of these."""
    worth_asking = {*truth.nouns, *truth.colours, *_SIDES}
    found = [word for word in _WORD.finditer(sentence) if word[1] or word[0].lower() in worth_asking]
    if found:
        start, end = found[-1].span()
        answer = found[-1][1] or found[-1][0]
        gapped = f"{sentence[:start]}…{sentence[end:]}".removesuffix(".")
        yield Question(f"“{gapped}”: what is missing?", answer, tuple(dict.fromkeys((*words, _also_called(truth, answer.lower())))))


def _also_called(truth: DrawnTruth, word: str) -> tuple[str, ...]:
    """A word and all that mean the same in this video."""
    return next((group for look in truth.looks for group in (look.nouns, look.colours) if word in group), (word,))
