"""Compares short answers by their words: most can be told to be the same, or not, without asking anyone."""

import re
from typing import Literal

from streamcap_dagster.rewards.words import content, negated, stem, words

Likeness = Literal["same", "other", "unclear"]

_UNTOLD = frozenset(
    tuple(said.split())
    for said in (
        "unknown",
        "unclear",
        "unspecified",
        "not known",
        "not said",
        "not told",
        "not stated",
        "not specified",
        "not mentioned",
        "not described",
        "not given",
        "cannot tell",
        "can't tell",
        "cannot be told",
        "don't know",
        "i don't know",
        "n a",
        "no answer",
        "no information",
    )
)
"""Ways to say that what was said does not tell. `none` and `nobody` are none of them: they can be right."""
_MARKS = " \t\n.,;:!?…-–—\"'()[]"
_COUNT = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {stem(word): str(number) for number, word in enumerate(_COUNT.split())}


def is_untold(answer: str) -> bool:
    """Whether an answer says that there is none."""
    return not answer.strip(_MARKS) or words(answer) in _UNTOLD


def likeness(expected: str, given: str) -> Likeness:
    """Whether a given answer is the expected one; `unclear` where only somebody who knows what words mean can tell.

    Equal but for word endings, order and small words is the same, and so is an answer that says more. Another number is another answer, as is none.
    """
    if is_untold(given):
        return "other"
    wanted, told = _facts(expected), _facts(given)
    if not wanted or not told:
        return "same" if expected.strip() == given.strip() else "unclear"
    if _numbers(wanted) != _numbers(told) and _numbers(wanted) and _numbers(told):
        return "other"
    if negated(expected) != negated(given):
        return "unclear"
    return "same" if wanted <= told else "unclear"


def _facts(answer: str) -> frozenset[str]:
    return frozenset(_NUMBERS.get(word, word) for word in content(answer))


def _numbers(facts: frozenset[str]) -> frozenset[str]:
    return frozenset(fact for fact in facts if re.fullmatch(r"\d+", fact))
