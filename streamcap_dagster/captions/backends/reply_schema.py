"""The form of a reply as JSON Schema, for captioners that can be held to one. What a reply is worth is judged by `captions/replies.py` alone.

It has types, descriptions, required names and an order, and no limits of length or number: hosted models refuse schemas with many of
those, and a reply that is cut to a limit is worth less than one that is judged by it.
"""

from typing import Any

from streamcap_dagster.captions.captioner import CaptionRequest

Schema = dict[str, Any]


def reply_schema(request: CaptionRequest, closed: bool = False) -> Schema:
    """The object that the request asks for, its properties in the order that they are to be written in.

    A request with a nonce asks for it last. `closed` forbids further properties at every level, which OpenAI's strict mode insists on.
    """
    properties = _objectives(closed) if request.kind == "objectives" else _caption()
    if request.nonce:
        properties["nonce"] = _text("The nonce of the question, copied exactly.")
    return _object(properties, closed)


def _caption() -> dict[str, Schema]:
    return {
        "caption": _text("What is said, as plain text on one line; empty when there is nothing new to say."),
        "no_change": {"type": "boolean", "description": "True when there is nothing new to say."},
    }


def _objectives(closed: bool) -> dict[str, Schema]:
    statements = {"type": "array", "description": "Short checkable statements.", "items": {"type": "string"}}
    of_one = _object({"id": _text("The id of the caption, copied exactly."), "items": statements}, closed)
    return {"objectives": {"type": "array", "description": "One entry for every caption that has an id, in the same order.", "items": of_one}}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _object(properties: dict[str, Schema], closed: bool) -> Schema:
    form: Schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {**form, "additionalProperties": False} if closed else form
