"""What one question takes, and an answer of typical length for a question that nobody has answered yet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from streamcap_dagster.captions.captioner import CaptionRequest, RequestKind, question_sha256

CHARACTERS_PER_TOKEN = 4
_CAPTION_CHARACTERS = {"initial": 480, "full": 480, "delta": 300}
"""About 120 tokens for a whole scene and 75 for what is new, said in short phrases."""
_STATEMENTS, _STATEMENT_CHARACTERS = 4, 40
"""About 40 tokens for each pair: four of the one to six statements, of some seven words each."""
_QUESTIONS, _QUESTION_CHARACTERS, _ANSWER_CHARACTERS = 5, 50, 12
_WHY_CHARACTERS = 120
_NONCE = "x" * 8
"""Stands for the word that each answer has to give back."""


@dataclass(frozen=True)
class Volume:
    """What some questions and their answers come to."""

    calls: int = 0
    text_tokens: int = 0
    """Input other than pictures."""
    images: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Volume") -> "Volume":
        return Volume(
            self.calls + other.calls,
            self.text_tokens + other.text_tokens,
            self.images + other.images,
            self.output_tokens + other.output_tokens,
        )


def volume_of(request: CaptionRequest) -> Volume:
    """What one question takes when its answer is of typical length."""
    asked = replace(request, nonce=_NONCE)
    text = sum(map(len, (asked.system, asked.prompt, *asked.times, asked.closing)))
    return Volume(1, _tokens(text), len(asked.frames), _tokens(len(typical_answer(request))))


def typical_answer(request: CaptionRequest) -> str:
    """An answer that is good for this question and made from it: equal questions have equal answers, and others have others."""
    return json.dumps({**_TYPICAL.get(request.kind, _caption)(request, question_sha256(request)), "nonce": _NONCE})


def _caption(request: CaptionRequest, words: str) -> dict[str, object]:
    return {"caption": _filled(words, _CAPTION_CHARACTERS[request.kind]), "no_change": False}


def _objectives(request: CaptionRequest, words: str) -> dict[str, object]:
    stated = [{"id": pair.id, "items": [_filled(f"{number} {words}", _STATEMENT_CHARACTERS) for number in range(_STATEMENTS)]} for pair in request.pairs]
    return {"objectives": stated}


def _questions(request: CaptionRequest, words: str) -> dict[str, object]:
    del request
    numbered = [f"q{number} {words}" for number in range(_QUESTIONS)]
    return {"questions": [{"question": _filled(one, _QUESTION_CHARACTERS), "answer": _filled(one, _ANSWER_CHARACTERS)} for one in numbered]}


def _answers(request: CaptionRequest, words: str) -> dict[str, object]:
    """In other words than expected, so that the dearer case is counted, in which somebody has to grade them."""
    return {"answers": [{"id": number, "answer": _filled(f"a{number} {words}", _ANSWER_CHARACTERS)} for number in request.ids]}


def _grades(request: CaptionRequest, words: str) -> dict[str, object]:
    del words
    return {"grades": [{"id": number, "same": True} for number in request.ids]}


def _judgement(request: CaptionRequest, words: str) -> dict[str, object]:
    del request
    return {"why": _filled(words, _WHY_CHARACTERS), "better": "neither"}


_TYPICAL: Mapping[RequestKind, Callable[[CaptionRequest, str], dict[str, object]]] = {
    "objectives": _objectives,
    "questions": _questions,
    "answers": _answers,
    "grades": _grades,
    "judgement": _judgement,
}
"""What is answered where no caption is asked for."""


def _filled(words: str, characters: int) -> str:
    return f"{words} ".ljust(characters, "x")[:characters]


def _tokens(characters: int) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)
