"""The OpenAI captioner over HTTP through the real SDK: what exactly it sends, how it adapts to a server, what it makes of what comes back."""

import asyncio
import base64
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.captions.backends.openai_reply import without_thoughts
from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.errors import CallFailed, MissingTool, SettingError
from tests.captions.backends.openai_asking import ALL, KEY, OBJECTIVES, WINDOW, ask, captioner, ends, failure, outcome, reply, sent
from tests.captions.backends.scripted_server import Answer
from tests.emulators.openai_server import (
    CARELESS,
    LLAMA_SERVER,
    LM_STUDIO,
    MODEL,
    OLD,
    OLLAMA,
    OPENAI,
    SGLANG,
    VLLM,
    Manners,
    OpenAIServer,
    completion,
    cut_thinking,
    serving,
    thinking,
)


def test_the_whole_request_is_as_told() -> None:
    body = sent(ALL)
    del body["messages"]
    assert body == {
        "model": MODEL,
        "max_tokens": 512,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "delta_reply",
                "strict": True,
                "schema": {
                    "type": "object",
                    "properties": {
                        "caption": {"type": "string", "description": "What is said, as plain text on one line; empty when there is nothing new to say."},
                        "no_change": {"type": "boolean", "description": "True when there is nothing new to say."},
                        "nonce": {"type": "string", "description": "The nonce of the question, copied exactly."},
                    },
                    "required": ["caption", "no_change", "nonce"],
                    "additionalProperties": False,
                },
            },
        },
    }


def test_each_picture_comes_after_its_time_between_the_prompt_and_the_closing() -> None:
    system, user = sent(ALL)["messages"]
    shown = [part["text"] if part["type"] == "text" else part["image_url"]["url"] for part in user["content"]]
    pictures = [
        words for time, frame in zip(ALL.times, ALL.frames, strict=True) for words in (time, f"data:image/jpeg;base64,{base64.b64encode(frame.jpeg).decode()}")
    ]
    assert system == {"role": "system", "content": "You see."}
    assert shown == ["What is new?", *pictures, ALL.closing]


@pytest.mark.parametrize(("resolution", "detail"), [("low", "low"), ("medium", "auto"), ("high", "high")])
def test_the_resolution_is_the_detail_of_each_picture(resolution: str, detail: str) -> None:
    parts = sent(media_resolution=resolution)["messages"][1]["content"]
    assert {part["image_url"]["detail"] for part in parts if part["type"] == "image_url"} == {detail}


def test_every_object_of_the_schema_of_objectives_is_closed_and_complete() -> None:
    schema = sent(OBJECTIVES)["response_format"]["json_schema"]["schema"]
    of_one = schema["properties"]["objectives"]["items"]
    assert [(form["required"], form["additionalProperties"]) for form in (schema, of_one)] == [(["objectives"], False), (["id", "items"], False)]


def test_a_server_gets_the_key_and_one_without_keys_gets_none_of_ours() -> None:
    with serving() as server:
        ask(server, WINDOW)
        ask(server, WINDOW, key=None)
        assert [seen.headers["authorization"] for seen in server.web.seen] == [f"Bearer {KEY}", "Bearer none"]


def test_what_the_environment_tells_the_sdk_does_not_change_who_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    with serving() as server:
        ask(server, WINDOW, key=None)
        assert server.web.seen[0].headers["authorization"] == "Bearer none"


def test_a_proxy_does_not_stand_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving() as server:
        assert isinstance(ask(server, WINDOW)[0], CaptionReply)


def test_as_many_requests_are_open_as_connections_are_allowed() -> None:
    async def many(server: OpenAIServer) -> None:
        with captioner(server, most_connections=120) as asked:
            await asyncio.gather(*(asked.complete(WINDOW) for _ in range(120)))
            await asked.aclose()

    with serving() as server:
        server.web.together = 120
        asyncio.run(many(server))
        assert server.web.most_at_once == 120


def test_the_parameters_are_what_shapes_the_answer_and_nothing_else() -> None:
    with captioner("http://127.0.0.1:1/v1") as asked:
        assert asked.parameters(WINDOW) == {"media_resolution": "low"}
        assert asked.parameters(OBJECTIVES) == {}


# servers and their manners


@pytest.mark.parametrize("manners", [VLLM, SGLANG, OLLAMA, LLAMA_SERVER, CARELESS], ids=["vllm", "sglang", "ollama", "llama-server", "careless"])
@pytest.mark.parametrize("question", [ALL, replace(OBJECTIVES, nonce="n4")], ids=["caption", "objectives"])
def test_a_server_that_takes_or_ignores_everything_answers_the_first_request(manners: Manners, question: CaptionRequest) -> None:
    with serving(manners) as server:
        how, told = ends(server, question)
        assert how == []
        assert read_reply(question, told).outcome == "ok"
        assert '"nonce": "n4"' in told.text


@pytest.mark.parametrize(
    ("manners", "forms"),
    [
        (replace(VLLM, json_schema="refused"), ["json_schema", "json_object"]),
        (OLD, ["json_schema", "json_object", "free"]),
        (replace(LM_STUDIO, json_schema="refused"), ["json_schema", "json_object", "free"]),
    ],
    ids=["vllm-without-schema", "old", "lm-studio-without-schema"],
)
def test_a_server_that_refuses_a_form_is_asked_for_a_looser_one(manners: Manners, forms: list[str]) -> None:
    with serving(manners) as server:
        how, told = ends(server)
        assert how == ["busy 400 0"] * (len(forms) - 1)
        assert [body.get("response_format", {}).get("type", "free") for body in server.bodies] == forms
        assert read_reply(ALL, told).outcome == "ok"


def test_a_server_that_refuses_max_tokens_is_told_max_completion_tokens() -> None:
    with serving(OPENAI) as server:
        how, _ = ends(server)
        assert how == ["busy 400 0"]
        assert [{name for name in body if "tokens" in name} for body in server.bodies] == [{"max_tokens"}, {"max_completion_tokens"}]


def test_a_server_that_refuses_both_limits_is_not_asked_for_ever() -> None:
    with serving(replace(OPENAI, max_completion_tokens="refused")) as server:
        first, second = ask(server, WINDOW, WINDOW)
        assert isinstance(first, CallFailed)
        assert isinstance(second, CallFailed)
        assert (first.kind, second.kind) == ("busy", "rejected")


def test_a_manner_once_learnt_is_kept_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with serving(replace(VLLM, json_schema="refused")) as server:
        ask(server, WINDOW, WINDOW, WINDOW)
        assert [body["response_format"]["type"] for body in server.bodies] == ["json_schema", "json_object", "json_object"]
    (notice,) = [record.getMessage() for record in caplog.records if record.name.startswith("streamcap_dagster")]
    assert "does not take response_format json_schema and max_tokens, so it is asked with response_format json_object and max_tokens from now on" in notice


def test_requests_that_are_refused_together_loosen_the_form_by_one_step() -> None:
    async def together(server: OpenAIServer) -> list[CaptionReply | CallFailed]:
        with captioner(server) as asked:
            first = await asyncio.gather(*(outcome(asked, WINDOW) for _ in range(8)))
            server.web.together = None
            again = await outcome(asked, WINDOW)
            await asked.aclose()
            return [*first, again]

    with serving(replace(VLLM, json_schema="refused")) as server:
        server.web.together = 8
        *first, again = asyncio.run(together(server))
        assert {each.kind for each in first if isinstance(each, CallFailed)} == {"busy"}
        assert isinstance(again, CaptionReply)
        assert server.bodies[-1]["response_format"] == {"type": "json_object"}


def test_a_question_that_is_too_long_is_no_matter_of_manners() -> None:
    words = (
        "This model's maximum context length is 4096 tokens. 'max_tokens' or 'max_completion_tokens' is too large: 512. Unsupported value: reduce it instead."
    )
    too_long = failure({"object": "error", "message": words, "type": "BadRequestError", "code": 400}, 400)
    assert too_long.kind == "rejected"
    assert "--max-model-len" in too_long.fix


# what is made of answers


def test_an_answer_is_read_with_its_bill() -> None:
    with serving(VLLM) as server:
        (told,) = ask(server, WINDOW)
    assert isinstance(told, CaptionReply)
    assert (told.finish, told.model, told.reason) == ("stop", MODEL, "")
    assert told.bill == Bill(response_id="chatcmpl-1", text_tokens=1200, cached_tokens=1000, output_tokens=35, thought_tokens=25)


def test_the_bill_of_a_server_that_counts_nothing_is_zero() -> None:
    assert reply(completion("{}", CARELESS)).bill == Bill(response_id="chatcmpl-1")


def test_the_tier_is_what_the_server_says() -> None:
    assert reply({**completion("{}"), "service_tier": "default"}).bill.tier == "default"


@pytest.mark.parametrize(
    ("body", "finish", "reason"),
    [
        (completion('{"caption": "A bus", "no', finish="length"), "truncated", "the model ended with length"),
        (completion("", finish="content_filter"), "blocked", "the model ended with content_filter"),
        (completion(None, refusal="I cannot\nhelp."), "blocked", "the model refused: I cannot help."),
        (completion(""), "empty", "the model stopped without saying anything"),
        (completion(None, VLLM), "empty", "the model stopped without saying anything"),
        (completion("<think>A bus, or", finish="length"), "truncated", "the model ended with length"),
        (completion("<think>A bus, or"), "empty", "the model stopped without saying anything"),
        (completion('{"caption": "A bus."}', finish=None), "stop", ""),
        (completion('{"caption": "A bus."}', finish="eos"), "stop", ""),
    ],
    ids=["length", "filter", "refusal", "empty", "only-reasoned", "thought-too-long", "thought-only", "no-finish", "odd-finish"],
)
def test_every_way_to_end_has_its_name_and_reason(body: object, finish: str, reason: str) -> None:
    told = reply(body)
    assert (told.finish, told.reason) == (finish, reason)


@pytest.mark.parametrize("style", [thinking, cut_thinking])
def test_thoughts_are_left_out(style: Any) -> None:
    assert reply(completion(style('{"caption": "A bus."}'))).text == '{"caption": "A bus."}'


def test_a_caption_that_reads_like_the_end_of_a_thought_is_kept() -> None:
    said = '{"caption": "A sign says </think>.", "no_change": false}'
    assert without_thoughts(said) == said
    assert without_thoughts(f"```json\n{said}\n```") == f"```json\n{said}\n```"


def test_text_in_any_script_reaches_the_server_and_comes_back() -> None:
    words = "漢字 — émoji 🚌, ‮right"
    with serving() as server:
        server.next.append(Answer(completion(words)))
        (told,) = ask(server, replace(WINDOW, prompt=words))
        assert isinstance(told, CaptionReply)
        assert (server.bodies[0]["messages"][1]["content"][0]["text"], told.text) == (words, words)


def test_without_a_model_the_setting_is_named() -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_OPENAI_MODEL=' ' cannot be used: name the model as its server does"):
        OpenAICaptioner(" ", key=None, base_url="http://127.0.0.1:8000/v1")


def test_without_address_and_key_the_ways_to_a_server_are_told() -> None:
    with pytest.raises(SettingError, match=r"OPENAI_BASE_URL=.*\(vLLM\).*\(SGLang\).*\(Ollama\).*\(llama-server\); or set OPENAI_API_KEY"):
        OpenAICaptioner(MODEL, key=SecretStr(" ")).check()


def test_a_captioner_is_named_without_an_address_and_a_key() -> None:
    asked = OpenAICaptioner(MODEL, key=None)
    assert (asked.name, asked.model, asked.parameters(WINDOW)) == ("openai", MODEL, {"media_resolution": "low"})


@pytest.mark.parametrize("address", ["127.0.0.1:8000/v1", "ftp://127.0.0.1/v1", "http://me:hunter2@host/v1", "http://host/v1?key=hunter2", "http://"])
def test_an_address_that_is_none_or_holds_a_secret_is_not_repeated(address: str) -> None:
    with pytest.raises(SettingError, match=r"OPENAI_BASE_URL='\(hidden\)' cannot be used") as refused:
        OpenAICaptioner(MODEL, key=None, base_url=address)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["sk-hunter2\nx", "sk hunter2", "sk-hünter2"])
def test_a_key_that_is_none_is_not_repeated(key: str) -> None:
    with pytest.raises(SettingError, match="copy it again") as refused:
        OpenAICaptioner(MODEL, key=SecretStr(key))
    assert "nter2" not in str(refused.value)


def test_with_a_key_alone_openai_itself_is_asked_in_its_own_terms() -> None:
    asked = OpenAICaptioner(MODEL, key=SecretStr(KEY))
    assert asked._reached().base_url == "https://api.openai.com/v1"
    assert asked._manner.limit == "max_completion_tokens"


def test_without_the_sdk_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "openai" or name.startswith("streamcap_dagster.captions.backends.openai_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingTool, match=r'pip install "streamcap-dagster\[openai\]"'):
        OpenAICaptioner(MODEL, key=SecretStr(KEY)).check()


def test_the_sdk_is_not_loaded_before_a_captioner_is_made() -> None:
    look = "import sys, streamcap_dagster.captions.backends.openai; print('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.strip() == "False"
