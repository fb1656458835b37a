"""A judge in place of word matching: anything that tells how far a text conveys an objective, such as a language model. None is asked unless injected."""

import hashlib
from collections.abc import Callable, MutableMapping

from streamcap_dagster.errors import StreamcapError

Judge = Callable[[str, str], float]
"""Takes an objective and a text; 0 when it conveys nothing of it, 1 when all."""


class JudgeUnusable(StreamcapError):
    """A judge gave an answer that is no score."""

    def __init__(self, objective: str, answer: object) -> None:
        super().__init__(f"the judge answered {answer!r} on the objective {objective!r}: let it return a number from 0 to 1")


def remembered(judge: Judge, answers: MutableMapping[str, float]) -> Judge:
    """The same judge, asked once for each objective and text. `answers` is what it said so far, by `question_key`: a dict, a shelf, a database."""

    def remembering(objective: str, text: str) -> float:
        key = question_key(objective, text)
        if key not in answers:
            answers[key] = _score(objective, judge(objective, text))
        return answers[key]

    return remembering


def question_key(objective: str, text: str) -> str:
    """Names a question to a judge, by all of its words."""
    return hashlib.sha256(f"{len(objective)}\n{objective}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def checked(judge: Judge) -> Judge:
    """The same judge; raises JudgeUnusable for an answer that is no score."""
    return lambda objective, text: _score(objective, judge(objective, text))


def _score(objective: str, answer: object) -> float:
    if not isinstance(answer, int | float) or not 0 <= answer <= 1:
        raise JudgeUnusable(objective, answer)
    return float(answer)
