"""Each way in, through the real SDK; who is let in; which models are served and what is not taken from them."""

import time
from collections.abc import Callable
from datetime import date
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from streamcap_dagster.model_table import ModelFacts, ModelTable, model_table
from tests.emulators.gemini.asking import MODEL, ask, body, contents, developer, express, jpeg, said, vertex


@pytest.mark.parametrize("way", [lambda url: developer(url, "v1"), developer, vertex, express], ids=["v1", "v1beta", "project", "express"])
def test_every_way_in_leads_to_an_answer(emulator: Running, way: Callable[[str], genai.Client]) -> None:
    assert said(ask(way(emulator.url), [jpeg("red")]))["caption"].startswith("A view that is")


def test_an_address_that_is_not_served_is_a_404_page(emulator: Running) -> None:
    with pytest.raises(errors.ClientError) as refused:
        ask(developer(emulator.url, "v1alpha"))

    assert refused.value.code == 404
    assert "<html" in str(refused.value.message)


def post(url: str, headers: dict[str, str], path: str = f"/v1beta/models/{MODEL}:generateContent", content: bytes | None = None) -> dict[str, Any]:
    reply = httpx2.post(url + path, headers=headers, content=content or body([jpeg()]), trust_env=False).json()
    return reply.get("error", reply)  # type: ignore[no-any-return]


def test_without_a_key_nobody_is_let_in(emulator: Running) -> None:
    refused = post(emulator.url, {})

    assert (refused["code"], refused["status"]) == (403, "PERMISSION_DENIED")
    assert "unregistered callers" in refused["message"]


def test_a_key_that_no_key_looks_like_is_wrong(emulator: Running) -> None:
    refused = post(emulator.url, {"x-goog-api-key": "two words"})

    assert refused["code"] == 400
    assert refused["details"][0]["reason"] == "API_KEY_INVALID"


def test_only_the_key_that_was_set_is_let_in() -> None:
    with running(Options(key="right")) as strict:
        assert said(ask(developer(strict.url, key="right"), [jpeg()]))
        with pytest.raises(errors.ClientError, match=r"API key not valid"):
            ask(developer(strict.url, key="wrong"), [jpeg()])
        with pytest.raises(errors.ClientError, match=r"401 UNAUTHENTICATED"):
            ask(vertex(strict.url, token="wrong"), [jpeg()])


def test_the_key_called_leaked_was_reported_as_leaked(emulator: Running) -> None:
    with pytest.raises(errors.ClientError, match=r"403 PERMISSION_DENIED.*reported as leaked"):
        ask(developer(emulator.url, key="leaked"), [jpeg()])


def test_on_vertex_a_request_without_a_token_is_a_401(emulator: Running) -> None:
    refused = post(emulator.url, {"x-goog-api-key": "any"}, f"/v1beta1/projects/p/locations/l/publishers/google/models/{MODEL}:generateContent")

    assert (refused["code"], refused["status"]) == (401, "UNAUTHENTICATED")


def test_a_model_that_does_not_exist_is_a_404_that_names_it(emulator: Running) -> None:
    with pytest.raises(errors.ClientError, match=r"models/gemini-9 is not found for API version v1beta") as refused:
        ask(developer(emulator.url), [jpeg()], model="gemini-9")

    assert refused.value.code == 404


def test_a_retired_model_is_a_404_from_its_last_day_on() -> None:
    table = ModelTable(version="t", models={"gemini-old": ModelFacts(retired=date(2026, 1, 2))})
    today = time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, 0))
    with running(Options(table=table, clock=lambda: today)) as before:
        assert said(ask(developer(before.url), [jpeg()], model="gemini-old", thinking_config=None))
    with running(Options(table=table, clock=lambda: today + 86400)) as after, pytest.raises(errors.ClientError, match=r"404 NOT_FOUND.*no longer available"):
        ask(developer(after.url), [jpeg()], model="gemini-old", thinking_config=None)


def test_a_preview_model_is_not_served_on_v1() -> None:
    models = {"gemini-9-preview": model_table().of(MODEL)}
    with running(Options(table=ModelTable(version="t", models=models))) as emulator:
        assert said(ask(developer(emulator.url, "v1beta"), [jpeg()], model="gemini-9-preview"))
        with pytest.raises(errors.ClientError, match=r"not found for API version v1,"):
            ask(developer(emulator.url, "v1"), [jpeg()], model="gemini-9-preview")


AT_MOST_THREE = {"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "max_items": 3, "items": {"type": "STRING"}}}}


def thinking(**more: Any) -> types.ThinkingConfig:
    return types.ThinkingConfig(**more)


@pytest.mark.parametrize(
    ("model", "config", "why"),
    [
        ("gemini-3.8-flash", {}, "Thinking level MINIMAL is not supported for this model"),
        (MODEL, {"thinking_config": thinking(thinking_level="LOW", thinking_budget=0)}, "only set only one of thinking budget and thinking level"),
        ("gemini-2.5-flash-lite", {}, "Thinking level is not supported for this model"),
        (MODEL, {"presence_penalty": 0.5}, "Penalty is not enabled"),
        (MODEL, {"max_output_tokens": 70_000}, "maxOutputTokens value of 70000"),
        (MODEL, {"http_options": types.HttpOptions(timeout=5_000)}, "Manually set deadline 5s is too short. Minimum allowed deadline is 10s"),
        ("gemini-3.8-flash", {"thinking_config": None, "response_schema": AT_MOST_THREE}, "invalid argument"),
    ],
)
def test_what_a_model_does_not_take_is_a_400(emulator: Running, model: str, config: dict[str, Any], why: str) -> None:
    with pytest.raises(errors.ClientError, match=why) as refused:
        ask(developer(emulator.url), [jpeg()], model=model, **config)

    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")


def test_the_last_word_cannot_be_the_models(emulator: Running) -> None:
    turns = [contents([jpeg()]), types.Content(role="model", parts=[types.Part.from_text(text="{")])]
    client = developer(emulator.url)

    with pytest.raises(errors.ClientError, match=r"ends with a user role"):
        client.models.generate_content(model=MODEL, contents=turns)  # type: ignore[arg-type]


def test_flex_is_refused_where_the_model_has_no_flex() -> None:
    models = {"gemini-plain": ModelFacts()}
    with running(Options(table=ModelTable(version="t", models=models))) as emulator, pytest.raises(errors.ClientError, match=r"flex is not supported"):
        ask(developer(emulator.url), [jpeg()], model="gemini-plain", thinking_config=None, service_tier="flex")


def test_a_picture_that_is_none_is_a_400(emulator: Running) -> None:
    with pytest.raises(errors.ClientError, match=r"400 INVALID_ARGUMENT.*Unable to process input image"):
        ask(developer(emulator.url), [b"\xff\xd8 no picture"])


def test_a_body_over_100_mb_is_refused_before_it_is_read(emulator: Running) -> None:
    connection = HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", f"/v1beta/models/{MODEL}:generateContent")
    connection.putheader("content-length", str(101 * 1024 * 1024))
    connection.endheaders(b"{")
    reply = connection.getresponse()

    assert (reply.status, "exceeds the limit" in reply.read().decode()) == (400, True)
    connection.close()
