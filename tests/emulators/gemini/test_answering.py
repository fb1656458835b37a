"""Answers fit the schema that was asked for, whichever way it is written."""

import json
from typing import Any

from streamcap_dagster.emulators.gemini.answering import answer, caption, value
from streamcap_dagster.emulators.gemini.looking import look
from tests.emulators.gemini.asking import NONCE, SCHEMA, jpeg, question

OBJECTIVES = {
    "type": "OBJECT",
    "properties": {
        "objectives": {
            "type": "ARRAY",
            "items": {"type": "OBJECT", "properties": {"id": {"type": "STRING"}, "items": {"type": "ARRAY", "items": {"type": "STRING"}}}, "required": ["id"]},
        },
        "nonce": {"type": "STRING"},
    },
}


def test_a_caption_is_put_into_the_properties_by_name() -> None:
    assert value(question(), "A cat.") == {"caption": "A cat.", "no_change": False, "nonce": NONCE}


def test_nothing_new_is_no_change() -> None:
    assert value(question(), "") == {"caption": "", "no_change": True, "nonce": NONCE}


def test_the_order_asked_for_is_kept() -> None:
    schema = {**SCHEMA, "propertyOrdering": ["nonce", "no_change", "caption"]}

    assert list(json.loads(answer(question(schema=schema), "A cat."))) == ["nonce", "no_change", "caption"]


def test_objectives_echo_every_id_of_the_prompt_with_statements_of_its_caption() -> None:
    before = "Said before:\n- A room; empty.\n- [3 earlier captions left out]\n\n"
    prompt = f"{before}New captions, in order, each with its id:\n[1] A cat enters; a lamp goes out.\n[12] It rains."

    stated = value(question(prompt=prompt, schema=OBJECTIVES), "")["objectives"]

    assert stated == [{"id": "1", "items": ["a cat enters", "a lamp goes out"]}, {"id": "12", "items": ["it rains"]}]


def test_captions_with_dashes_are_the_history_and_change_what_is_asked_of_a_picture() -> None:
    sight = look([jpeg("red"), jpeg("red")])

    assert caption(question([jpeg()], "Describe."), sight).startswith("A view")
    assert caption(question([jpeg()], "Already said:\n- A view that is dark red on the whole."), sight) == ""


def test_without_a_look_other_content_is_another_caption() -> None:
    captions = {caption(question([jpeg(colour)], prompt), None) for colour in ("red", "blue") for prompt in ("a", "- b")}

    assert len(captions) == 4


def test_unknown_properties_are_filled_by_type() -> None:
    kinds: dict[str, Any] = {
        "mood": {"type": "string", "enum": ["calm", "tense"]},
        "title": {"type": "string", "maxLength": 3},
        "people": {"type": "integer", "minimum": 2},
        "share": {"type": "number"},
        "night": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "place": {"$ref": "#/$defs/place"},
        "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        "nothing": {"type": "null"},
        "loose": {"type": ["null", "integer"]},
    }
    place = {"type": "object", "properties": {"name": {"type": "string"}}}
    schema = {"type": "object", "properties": kinds, "$defs": {"place": place}}
    asked = question(schema=None, responseJsonSchema=schema)

    assert value(asked, "Cats.") == {
        "mood": "calm",
        "title": "Cat",
        "people": 2,
        "share": 0.0,
        "night": False,
        "tags": ["Cats.", "Cats."],
        "place": {"name": "Cats."},
        "maybe": "Cats.",
        "nothing": None,
        "loose": 0,
    }


def test_without_json_the_caption_is_plain_text() -> None:
    plain = question(schema=None, responseMimeType="text/plain")

    assert (answer(plain, "A cat."), answer(plain, "")) == ("A cat.", "No change.")
