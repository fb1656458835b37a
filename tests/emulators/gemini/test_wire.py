"""Requests are read whichever way they are written, named by their content, and refused as the service refuses them."""

import base64
import json
from typing import Any

import pytest

from streamcap_dagster.emulators.gemini.refusals import Refusal
from streamcap_dagster.emulators.gemini.wire import Question, read_question
from tests.emulators.gemini.asking import SCHEMA, body, jpeg, question


def written(asked: dict[str, Any]) -> Question:
    return read_question(json.dumps(asked).encode())


def with_picture(data: str, **more: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [{"inlineData": {"data": data, "mimeType": "image/jpeg"}}]}], **more}


def test_keys_are_read_in_either_case() -> None:
    mixed = {
        "contents": [{"parts": [{"inline_data": {"data": "AAAA", "mime_type": "image/jpeg"}}]}],
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "generation_config": {"max_output_tokens": 9, "media_resolution": "MEDIA_RESOLUTION_LOW", "thinking_config": {"thinking_level": "LOW"}},
        "service_tier": "flex",
    }

    asked = written(mixed)

    assert (asked.system, asked.max_output_tokens, asked.thinking_level, asked.tier) == ("be brief", 9, "low", "flex")
    assert [picture.resolution for picture in asked.pictures] == ["low"]


@pytest.mark.parametrize("name", ["responseSchema", "responseJsonSchema"])
def test_properties_of_a_schema_keep_their_names(name: str) -> None:
    schema = {"type": "object", "properties": {"no_change": {"type": "boolean"}}}
    asked = written({**with_picture("AAAA"), "generationConfig": {"responseMimeType": "application/json", name: schema}})

    assert asked.schema is not None
    assert list(asked.schema["properties"]) == ["no_change"]


def test_both_alphabets_of_base64_are_one_content() -> None:
    data = bytes(range(256))
    standard, urlsafe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    one, other = written(with_picture(standard)), written(with_picture(urlsafe.rstrip("=")))

    assert standard != urlsafe
    assert one.content == other.content
    assert one.pictures[0].decoded() == other.pictures[0].decoded() == data


def test_nonce_and_tier_are_no_part_of_the_content() -> None:
    assert question([jpeg()], nonce="one").content == question([jpeg()], nonce="other").content
    assert written(with_picture("AAAA", serviceTier="flex")).content == written(with_picture("AAAA")).content


@pytest.mark.parametrize("other", [{"prompt": "Describe it again."}, {"maxOutputTokens": 7}, {"jpegs": [jpeg("blue")]}])
def test_whatever_else_differs_is_another_content(other: dict[str, Any]) -> None:
    assert question(**{"jpegs": [jpeg()], **other}).content != question([jpeg()]).content


def test_the_nonce_asked_for_last_counts() -> None:
    shown_before = 'Already said:\n- a sign that says "nonce": "stolen"'

    assert question([jpeg()], prompt=shown_before, nonce="real").nonce == "real"


def test_the_same_pictures_are_the_same_pixels_whatever_is_asked_of_them() -> None:
    assert question([jpeg()], prompt="a").pixels == question([jpeg()], prompt="b").pixels
    assert question([jpeg()]).pixels != question([jpeg("blue")]).pixels
    assert question().pixels == ""


def config(**generation: Any) -> dict[str, Any]:
    return {**with_picture("AAAA"), "generationConfig": generation}


def with_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return config(responseMimeType="application/json", responseSchema=schema)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({**with_picture("AAAA"), "prompt": "hello"}, 'Unknown name "prompt": Cannot find field'),
        (config(maxTokens=3), "Unknown name \"maxTokens\" at 'generation_config': Cannot find field"),
        (config(mediaResolution="TINY"), "Invalid value at 'generation_config.media_resolution'"),
        (with_picture("AAAA", serviceTier="gold"), "Invalid value at 'service_tier'"),
        (config(responseSchema=SCHEMA), "MIME type application/json"),
        (config(responseMimeType="application/json", responseSchema=SCHEMA, responseJsonSchema=SCHEMA), "only one of"),
        (with_schema({"type": "OBJECT", "properties": {}}), "should be non-empty for OBJECT type"),
        (with_schema({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]}), r"required\[0\]: property is not defined"),
        (with_schema({"type": "ARRAY"}), "items: missing field"),
        ({"generationConfig": {}}, "contents is not specified"),
        ({"contents": [{"parts": []}]}, "parts must not be empty"),
        ({"contents": [{"parts": [{"inlineData": {"data": "AAAA", "mimeType": "image/gif"}}]}]}, "Unsupported MIME type: image/gif"),
    ],
)
def test_what_the_service_does_not_take_is_a_400_in_its_words(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        written(asked)

    assert (refused.value.status, refused.value.body["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff"])
def test_what_is_no_json_object_is_a_400(raw: bytes) -> None:
    with pytest.raises(Refusal, match="Invalid JSON payload"):
        read_question(raw)


WRONG_KINDS: list[dict[str, Any]] = [
    {"systemInstruction": "be brief"},
    {"generationConfig": {"thinkingConfig": "low"}},
    {"generationConfig": {"thinkingConfig": {"thinkingBudget": "much"}}},
    {"contents": [{"parts": [{"inlineData": "AAAA"}]}]},
    {"generationConfig": {"responseMimeType": "application/json", "responseSchema": "OBJECT"}},
    {"contents": {"parts": []}},
]


@pytest.mark.parametrize("more", WRONG_KINDS)
def test_a_value_of_another_kind_than_its_field_is_a_400(more: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="Invalid"):
        written({**with_picture("AAAA"), **more})


def test_what_is_no_base64_is_a_400_that_says_where() -> None:
    with pytest.raises(Refusal, match=r"contents\[0\].parts\[0\].inline_data.data.*Base64 decoding failed"):
        written(with_picture("%%%")).pictures[0].decoded()


def test_a_file_that_was_uploaded_is_not_found() -> None:
    with pytest.raises(Refusal) as refused:
        written({"contents": [{"parts": [{"file_data": {"file_uri": "files/x", "mime_type": "image/jpeg"}}]}]})

    assert refused.value.status == 403


def test_what_the_sdk_writes_is_read() -> None:
    assert len(read_question(body([jpeg(), jpeg("blue")])).pictures) == 2
