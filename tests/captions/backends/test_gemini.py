"""The Gemini captioner over HTTP through the real SDK: what exactly it sends, and what it makes of what comes back."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.captions.backends.gemini_service import GeminiService
from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest, Pair
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.errors import CallFailed, SettingError
from streamcap_dagster.model_table import ModelFacts
from tests.captions.backends.gemini_answers import KEY, MODEL, WINDOW, Token, ask, ask_again, captioner, said, withheld
from tests.captions.backends.scripted_server import Answer, Seen, told
from tests.captions.requests import request

ALL = replace(WINDOW, nonce="n4", hint="Be brief.", tier="flex")
OBJECTIVES = request("objectives", pairs=(Pair("1", "A bus comes."),))


def sent(question: CaptionRequest = WINDOW, **settings: Any) -> Seen:
    with told(Answer(said())) as server:
        if settings:
            ask(server.url, question, **settings)
        else:
            ask_again(server.url, question)
    (seen,) = server.seen
    return seen


def replied(body: object, question: CaptionRequest = WINDOW, **headers: str) -> CaptionReply:
    with told(Answer(body, headers={name.replace("_", "-"): value for name, value in headers.items()})) as server:
        return ask_again(server.url, question)


def test_the_whole_request_is_as_told() -> None:
    body = sent(ALL).body
    del body["contents"]
    assert body == {
        "systemInstruction": {"parts": [{"text": "You see."}], "role": "user"},
        "safetySettings": [
            {"category": f"HARM_CATEGORY_{harm}", "threshold": "OFF"} for harm in ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
        ],
        "serviceTier": "flex",
        "generationConfig": {
            "maxOutputTokens": 512,
            "responseMimeType": "application/json",
            "responseSchema": {
                "type": "OBJECT",
                "properties": {
                    "caption": {"type": "STRING", "description": "What is said, as plain text on one line; empty when there is nothing new to say."},
                    "no_change": {"type": "BOOLEAN", "description": "True when there is nothing new to say."},
                    "nonce": {"type": "STRING", "description": "The nonce of the question, copied exactly."},
                },
                "required": ["caption", "no_change", "nonce"],
                "property_ordering": ["caption", "no_change", "nonce"],
            },
            "mediaResolution": "MEDIA_RESOLUTION_LOW",
            "thinkingConfig": {"thinking_level": "MINIMAL"},
        },
    }


def test_each_picture_comes_after_its_time_between_the_prompt_and_the_closing() -> None:
    (content,) = sent(ALL).body["contents"]
    shown = [part.get("text") or base64.b64decode(part["inlineData"]["data"]) for part in content["parts"]]
    pictures = [words for time, frame in zip(ALL.times, ALL.frames, strict=True) for words in (time, frame.jpeg)]
    assert content["role"] == "user"
    assert shown == ["What is new?", *pictures, ALL.closing]


def test_pictures_are_sent_as_jpeg() -> None:
    parts = sent().body["contents"][0]["parts"]
    assert {part["inlineData"]["mimeType"] for part in parts if "inlineData" in part} == {"image/jpeg"}


def test_a_question_without_pictures_tells_no_resolution_and_has_its_own_schema() -> None:
    settings = sent(OBJECTIVES).body["generationConfig"]
    schema = settings["responseSchema"]
    assert "mediaResolution" not in settings
    assert schema["required"] == ["objectives"]
    assert schema["properties"]["objectives"]["items"]["property_ordering"] == ["id", "items"]
    assert schema["properties"]["objectives"]["items"]["properties"]["items"]["items"] == {"type": "STRING"}


def test_no_limit_of_length_or_number_is_on_the_wire() -> None:
    names = json.dumps(sent(replace(OBJECTIVES, nonce="n")).body["generationConfig"]["responseSchema"]).lower()
    assert not [limit for limit in ("max", "min", "enum", "pattern") if f'"{limit}' in names]


def test_the_nonce_is_asked_for_only_when_there_is_one() -> None:
    body = sent().body
    assert "nonce" not in json.dumps(body)


def test_the_standard_tier_is_the_services_own_default() -> None:
    assert "serviceTier" not in sent().body


@pytest.mark.parametrize(("tier", "seconds"), [("standard", "41"), ("flex", "700")])
def test_the_service_is_told_how_long_is_waited(tier: Any, seconds: str) -> None:
    assert sent(replace(WINDOW, tier=tier), timeout_s=40.5, flex_timeout_s=700).headers["x-server-timeout"] == seconds


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, f"/v1beta/models/{MODEL}:generateContent"),
        ({"api_version": "v1"}, f"/v1/models/{MODEL}:generateContent"),
        ({"model": f"models/{MODEL}"}, f"/v1beta/models/{MODEL}:generateContent"),
    ],
)
def test_the_developer_api_is_asked_with_the_key_in_a_header(settings: dict[str, Any], path: str) -> None:
    seen = sent(**settings)
    assert (seen.method, seen.target) == ("POST", path)
    assert seen.headers["x-goog-api-key"] == KEY
    assert "authorization" not in seen.headers


@pytest.mark.parametrize(("asked", "version"), [(None, "v1beta1"), ("v1", "v1")])
def test_vertex_is_asked_with_the_credentials_and_not_with_the_key(asked: str | None, version: str) -> None:
    seen = sent(api_version=asked, vertex_project="museum", vertex_location="europe-west4", credentials=Token())
    assert seen.target == f"/{version}/projects/museum/locations/europe-west4/publishers/google/models/{MODEL}:generateContent"
    assert seen.headers["authorization"] == "Bearer token-1"
    assert "x-goog-api-key" not in seen.headers


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("global", "https://aiplatform.googleapis.com/"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com/"),
        ("us-central1", "https://us-central1-aiplatform.googleapis.com/"),
    ],
)
def test_vertex_has_an_address_for_each_location(location: str, address: str) -> None:
    assert GeminiService(key=None, vertex_project="museum", vertex_location=location).base_url == address


STRAY = {
    "GOOGLE_API_KEY": "another",
    "GOOGLE_GENAI_API_VERSION": "v1alpha",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_CLOUD_PROJECT": "another",
    "GOOGLE_CLOUD_LOCATION": "mars",
    "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
    "GOOGLE_GENAI_CLIENT_MODE": "replay",
}


def test_what_the_environment_tells_the_sdk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)
    seen = sent(timeout_s=60)
    assert (seen.target, seen.headers["x-goog-api-key"]) == (f"/v1beta/models/{MODEL}:generateContent", KEY)


def test_without_an_address_of_its_own_it_is_googles_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    assert GeminiService(key=SecretStr(KEY)).host == "generativelanguage.googleapis.com"


def test_any_script_reaches_the_service_and_comes_back() -> None:
    words = "Ein Straßenschild: „東京 🚋“ \u2028 עברית"
    with told(Answer(said(json.dumps({"caption": words, "no_change": False})))) as server:
        reply = ask(server.url, replace(WINDOW, prompt=words, system=words))
    assert server.seen[0].body["contents"][0]["parts"][0]["text"] == words
    assert json.loads(reply.text)["caption"] == words


# What shapes the answer


def test_the_parameters_are_what_shapes_the_answer_and_nothing_else() -> None:
    settings = captioner("http://127.0.0.1:9", media_resolution="medium", thinking="high", timeout_s=33, most_connections=7)
    assert settings.parameters(WINDOW) == {"media_resolution": "medium", "thinking_level": "high"}
    assert settings.parameters(OBJECTIVES) == {"thinking_level": "high"}


@pytest.mark.parametrize(
    ("model", "thinking", "config"),
    [
        ("gemini-3.5-flash-lite", "least", {"thinking_level": "MINIMAL"}),
        ("gemini-3.5-flash-lite", "medium", {"thinking_level": "MEDIUM"}),
        ("gemini-3.8-flash", "least", {"thinking_level": "LOW"}),
        ("gemini-2.5-flash-lite", "least", {"thinking_budget": 0}),
        ("gemini-9-unheard-of", "least", None),
        ("gemini-9-unheard-of", "low", {"thinking_level": "LOW"}),
    ],
)
def test_thinking_is_what_the_table_knows_of_the_model(model: str, thinking: str, config: dict[str, object] | None) -> None:
    assert sent(model=model, thinking=thinking).body["generationConfig"].get("thinkingConfig") == config


@pytest.mark.parametrize(
    ("model", "level", "accepted"), [("gemini-3.8-flash", "minimal", "least, low, medium, high"), ("gemini-2.5-flash-lite", "low", "least")]
)
def test_a_thinking_level_that_the_model_does_not_accept_is_a_fault_of_the_setting(model: str, level: str, accepted: str) -> None:
    with pytest.raises(SettingError, match=rf"STREAMCAP_THINKING='{level}' cannot be used: {model} does not accept it; set one of: {accepted}$"):
        captioner("", model, thinking=level)


@pytest.mark.parametrize(("address", "named"), [("http://127.0.0.1:8080", f"localhost/{MODEL}"), ("https://gateway.example.com", MODEL), ("", MODEL)])
def test_what_stands_in_for_gemini_on_this_machine_is_not_named_like_it(address: str, named: str) -> None:
    assert captioner(address).model == named


@pytest.mark.parametrize("key", [None, SecretStr(""), SecretStr("  \n")])
def test_without_a_key_the_way_to_one_is_told(key: SecretStr | None) -> None:
    with pytest.raises(SettingError, match=r"GEMINI_API_KEY.*aistudio\.google\.com/apikey.*STREAMCAP_VERTEX_PROJECT"):
        GeminiCaptioner(MODEL, key=key, facts=ModelFacts()).check()


def test_a_question_without_a_key_is_a_fault_of_the_setting_and_no_failed_call() -> None:
    with pytest.raises(SettingError, match="GEMINI_API_KEY"):
        asyncio.run(GeminiCaptioner(MODEL, key=None, facts=ModelFacts()).complete(WINDOW))


def test_a_key_that_is_none_is_not_repeated() -> None:
    with pytest.raises(SettingError) as caught:
        GeminiCaptioner(MODEL, key=SecretStr("AIza two words"), facts=ModelFacts())
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize("address", ["localhost:8080", "gateway", "ftp://gateway", "http://", "https://me:secret@gateway", "https://gateway/?key=secret"])
def test_an_address_that_is_none_is_a_fault_of_the_setting_and_not_repeated(address: str) -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_GEMINI_BASE_URL='\(hidden\)'"):
        captioner(address)


@pytest.mark.parametrize("model", ["", "a?b", "../x", "a b"])
def test_a_model_that_cannot_be_one_is_a_fault_of_the_setting(model: str) -> None:
    with pytest.raises(SettingError, match="STREAMCAP_GEMINI_MODEL"):
        captioner("", model)


# What comes back


def test_an_answer_is_read_with_its_bill() -> None:
    reply = replied(said(), x_gemini_service_tier="standard")
    assert reply.text == '{"caption": "A bus comes.", "no_change": false}'
    assert (reply.finish, reply.reason, reply.model) == ("stop", "", "gemini-3.5-flash-lite-001")
    assert reply.bill == Bill(
        response_id="q8QgafT4Ir2gvdIP1b3YkQ0",
        tier="standard",
        text_tokens=380,
        image_tokens=1120,
        cached_tokens=256,
        output_tokens=21,
        thought_tokens=39,
    )


def test_the_tier_is_what_the_service_says_else_what_was_asked_for() -> None:
    flex = replace(WINDOW, tier="flex")
    assert replied(said(), flex, x_gemini_service_tier="Standard").bill.tier == "standard"
    assert replied(said(), flex).bill.tier == "flex"


def test_on_vertex_the_tier_is_the_traffic_that_the_usage_tells() -> None:
    with told(Answer(said(usageMetadata={"promptTokenCount": 5, "trafficType": "ON_DEMAND"}))) as server:
        reply = ask(server.url, replace(WINDOW, tier="flex"), vertex_project="museum", credentials=Token())
    assert reply.bill.tier == "standard"


def test_image_tokens_are_unknown_when_the_input_is_not_told_by_kind() -> None:
    bill = replied(said(usageMetadata={"promptTokenCount": 1500})).bill
    assert (bill.text_tokens, bill.image_tokens, bill.output_tokens) == (1500, None, 0)


def test_image_tokens_are_none_at_all_when_only_text_is_told() -> None:
    bill = replied(said(usageMetadata={"promptTokenCount": 300, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 300}]})).bill
    assert (bill.text_tokens, bill.image_tokens) == (300, 0)


def test_thoughts_are_left_out_and_the_parts_of_a_text_are_joined() -> None:
    parts = [{"text": "Let me see.", "thought": True}, {"text": '{"caption": "A'}, {"text": ' bus.", "no_change": false}', "thoughtSignature": "AAAA"}]
    reply = replied(said(candidates=[{"content": {"parts": parts}, "finishReason": "STOP"}]))
    assert reply.text == '{"caption": "A bus.", "no_change": false}'


def test_a_model_that_does_not_name_itself_is_the_one_that_was_asked() -> None:
    body = said()
    del body["modelVersion"]
    assert replied(body).model == MODEL


@pytest.mark.parametrize(
    ("body", "finish", "reason"),
    [
        (said('{"caption": "A b', "MAX_TOKENS"), "truncated", "the model ended with MAX_TOKENS"),
        (withheld("MAX_TOKENS"), "truncated", "the model ended with MAX_TOKENS"),
        (said('{"caption": "A b', "CONTINUATION"), "truncated", "the model ended with CONTINUATION"),
        (withheld("RECITATION"), "recitation", "the model ended with RECITATION"),
        (withheld("IMAGE_RECITATION"), "recitation", "the model ended with IMAGE_RECITATION"),
        *((withheld(name), "blocked", f"the model ended with {name}") for name in ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY")),
        *((withheld(name), "blocked", f"the model ended with {name}") for name in ("OTHER", "LANGUAGE", "MODEL_ARMOR", "ESCALATION")),
        (withheld("MALFORMED_RESPONSE"), "empty", "the model ended with MALFORMED_RESPONSE"),
        (withheld("STOP"), "empty", "the model stopped without saying anything"),
        (said(candidates=[{"content": {"role": "model"}, "finishReason": "STOP"}]), "empty", "the model stopped without saying anything"),
        (said(candidates=None), "empty", "the service answered without a candidate"),
        (said(candidates=None, promptFeedback={"blockReason": "PROHIBITED_CONTENT"}), "blocked", "the question was blocked with PROHIBITED_CONTENT"),
        (said(candidates=None, promptFeedback={"blockReason": "OTHER"}, usageMetadata=None), "blocked", "the question was blocked with OTHER"),
    ],
)
def test_every_way_to_end_has_its_name_and_reason(body: dict[str, Any], finish: str, reason: str) -> None:
    reply = replied(body)
    assert (reply.finish, reply.reason) == (finish, reason)


def test_an_answer_that_broke_off_keeps_what_was_said() -> None:
    assert replied(said('{"caption": "A b', "MAX_TOKENS")).text == '{"caption": "A b'


@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason")
def test_a_way_to_end_that_nobody_has_heard_of_is_blocked_by_its_name() -> None:
    reply = replied(withheld("SUNSPOTS"))
    assert (reply.finish, reply.reason) == ("blocked", "the model ended with SUNSPOTS")


def test_an_answer_without_an_end_counts_for_what_it_says() -> None:
    body = said()
    del body["candidates"][0]["finishReason"]
    assert replied(body).finish == "stop"


def test_fenced_json_is_left_to_the_one_that_judges() -> None:
    reply = replied(said('```json\n{"caption": "A bus.", "no_change": false}\n```'))
    assert read_reply(WINDOW, reply).text == "A bus."


def test_more_to_come_is_not_fetched_behind_our_back() -> None:
    body = said('{"caption": "A b', "CONTINUATION")
    body["candidates"][0]["continuationToken"] = "bW9yZQ=="
    with told(Answer(body)) as server:
        ask(server.url)
    assert len(server.seen) == 1


def test_an_account_that_is_limited_is_refused() -> None:
    with pytest.raises(CallFailed, match="PUP_LIMITED_DISABLED") as caught:
        replied(withheld("PUP_LIMITED_DISABLED"))
    assert caught.value.kind == "refused"
