"""The form of a reply as JSON Schema, for captioners that can be held to one. What a reply is worth is judged by `captions/replies.py` alone.

It has types, descriptions, required names and an order, and no limits of length or number: hosted models refuse schemas with many of
those, and a reply that is cut to a limit is worth less than one that is judged by it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from streamcap_dagster.captions.captioner import CaptionRequest, RequestKind

Schema = dict[str, Any]


def reply_schema(request: CaptionRequest, closed: bool = False) -> Schema:
    """The object that the request asks for, its properties in the order that they are to be written in.

    A request with a nonce asks for it last. `closed` forbids further properties at every level, which OpenAI's strict mode insists on.
    """
    properties = _PROPERTIES.get(request.kind, _caption)(closed)
    if request.nonce:
        properties["nonce"] = _text("The nonce of the question, copied exactly.")
    return _object(properties, closed)


def _caption(closed: bool) -> dict[str, Schema]:
    del closed
    return {
        "caption": _text("What is said, as plain text on one line; empty when there is nothing new to say."),
        "no_change": {"type": "boolean", "description": "True when there is nothing new to say."},
    }


def _objectives(closed: bool) -> dict[str, Schema]:
    statements = {"type": "array", "description": "Short checkable statements.", "items": {"type": "string"}}
    of_one = _object({"id": _text("The id of the caption, copied exactly."), "items": statements}, closed)
    return {"objectives": {"type": "array", "description": "One entry for every caption that has an id, in the same order.", "items": of_one}}


def _questions(closed: bool) -> dict[str, Schema]:
    of_one = _object({"question": _text("A question that the description answers."), "answer": _text("Its answer, 1 to 4 words.")}, closed)
    return {"questions": {"type": "array", "description": "3 to 6 questions, each about another thing.", "items": of_one}}


def _answers(closed: bool) -> dict[str, Schema]:
    of_one = _object({"id": _text("The id of the question, copied exactly."), "answer": _text("1 to 4 words; empty when it cannot be told.")}, closed)
    return {"answers": {"type": "array", "description": "One entry for every question, in the same order.", "items": of_one}}


def _grades(closed: bool) -> dict[str, Schema]:
    same = {"type": "boolean", "description": "True when both answers tell the same."}
    of_one = _object({"id": _text("The id of the line, copied exactly."), "same": same}, closed)
    return {"grades": {"type": "array", "description": "One entry for every line, in the same order.", "items": of_one}}


def _judgement(closed: bool) -> dict[str, Schema]:
    del closed
    return {"why": _text("One short sentence."), "better": _text("first, second or neither.")}


_PROPERTIES: Mapping[RequestKind, Callable[[bool], dict[str, Schema]]] = {
    "objectives": _objectives,
    "questions": _questions,
    "answers": _answers,
    "grades": _grades,
    "judgement": _judgement,
}
"""What a reply that is no caption holds."""


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _object(properties: dict[str, Schema], closed: bool) -> Schema:
    form: Schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {**form, "additionalProperties": False} if closed else form
