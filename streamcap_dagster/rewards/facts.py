"""Counts facts by words: a rough measure, and the same for every captioner, of how much a chain of captions tells."""

import re
from collections.abc import Iterable

from streamcap_dagster.rewards.words import content, words

_PHRASE_END = re.compile(r"(?<=[.!?;:,…])\s+|\n+|(?<=[。！？，；])")
_NEW_ENOUGH = 0.5


def novel_facts(texts: Iterable[str]) -> tuple[int, ...]:
    """How many facts each text of a chain adds: phrases, as commas, semicolons and sentence ends part them, half of whose content words are new."""
    known: set[str] = set()
    return tuple(_facts(text, known) for text in texts)


def _facts(text: str, known: set[str]) -> int:
    """Of one text; its words are known afterwards."""
    found = 0
    for phrase in _PHRASE_END.split(text):
        told = set(content(phrase)) if words(phrase) else set()
        found += bool(told) and len(told - known) >= _NEW_ENOUGH * len(told)
        known |= told
    return found
