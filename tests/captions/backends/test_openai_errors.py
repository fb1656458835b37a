"""What the OpenAI captioner makes of errors, of silence, and of what is no answer."""

import asyncio
import socket

import pytest

from streamcap_dagster.errors import CallFailed, CallFault
from tests.captions.backends.openai_asking import WINDOW, ask, captioner, error, failure
from tests.captions.backends.scripted_server import Answer
from tests.emulators.openai_server import (
    OpenAIServer,
    completion,
    serving,
)


@pytest.mark.parametrize(
    ("status", "body", "kind", "fix"),
    [
        (400, error("Failed to load image: cannot identify image file"), "rejected", ""),
        (400, {"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}, "rejected", "llama-"),
        (400, error("At most 4 image(s) may be provided in one prompt."), "refused", "--limit-mm-per-prompt"),
        (400, error("eyes-7b is not a multimodal model"), "refused", "a model that sees"),
        (401, error("Incorrect API key provided"), "refused", "OPENAI_API_KEY"),
        (402, error("Insufficient Balance"), "spent", "billing"),
        (403, error("Project has no access"), "refused", "OPENAI_API_KEY"),
        (404, error('model "qwen2.5vl:7b" not found, try pulling it first'), "refused", "STREAMCAP_OPENAI_MODEL"),
        (404, {"detail": "Not Found"}, "refused", "OPENAI_BASE_URL"),
        (307, b"", "refused", "OPENAI_BASE_URL"),
        (405, {"detail": "Method Not Allowed"}, "refused", "OPENAI_BASE_URL"),
        (413, b"<html>too large</html>", "rejected", "STREAMCAP_FRAME_HEIGHT"),
        (422, {"detail": [{"loc": ["body", "messages"], "msg": "Input should be a valid string"}]}, "rejected", ""),
        (429, error("Rate limit reached on requests per min. See https://platform.openai.com/account/billing"), "busy", ""),
        (429, error("You exceeded your current quota, please check your plan", code="insufficient_quota"), "spent", "billing"),
        (429, error("Rate limit reached for requests per day (RPD): Limit 200"), "spent", "billing"),
        (500, error("image input is not supported - hint: you may need to provide the mmproj"), "refused", "--mmproj"),
        (500, error("EngineCore encountered an issue"), "dropped", ""),
        (502, b"<html><body>Bad Gateway</body></html>", "dropped", ""),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "busy", ""),
    ],
)
def test_every_refusal_is_sorted_and_says_what_to_do(status: int, body: object, kind: CallFault, fix: str) -> None:
    failed = failure(body, status)
    assert (failed.kind, failed.status) == (kind, status)
    assert fix in failed.fix
    assert bool(failed.fix) == bool(fix)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"retry_after": "7"}, 7), ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5), ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0), ({}, None)],
)
def test_how_long_to_wait_is_what_the_server_says(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure(error("slow down"), 429, **headers).retry_after_s == wait_s


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>hello</html>", headers={"content-type": "text/html"}),
        Answer(b""),
        Answer({"error": "Unexpected endpoint or method"}),
        Answer({**completion("x"), "choices": []}),
        Answer(completion("x", finish="abort")),
        Answer(completion("x"), cut_after=40),
        Answer(hang_up=True),
    ],
    ids=["page", "nothing", "error-as-200", "no-choice", "abort", "cut", "hang-up"],
)
def test_what_is_no_answer_is_dropped_after_one_request(answer: Answer) -> None:
    with serving() as server:
        server.next.append(answer)
        (failed,) = ask(server, WINDOW)
        assert isinstance(failed, CallFailed)
        assert (failed.kind, failed.sent, len(server.bodies)) == ("dropped", True, 1)


def test_a_server_that_stays_silent_is_dropped_after_one_request() -> None:
    with serving() as server:
        server.next.append(Answer(silent=True))
        (failed,) = ask(server, WINDOW, timeout_s=0.3)
        assert isinstance(failed, CallFailed)
        assert (failed.kind, failed.sent, len(server.bodies)) == ("dropped", True, 1)
        assert "did not answer in time (ReadTimeout)" in failed.why


def test_an_address_where_nobody_listens_is_named_and_cost_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{nobody.getsockname()[1]}"
        (failed,) = ask(f"http://{host}/v1", WINDOW)
    assert isinstance(failed, CallFailed)
    assert (failed.kind, failed.sent) == ("dropped", False)
    assert f"the connection to {host} failed (ConnectError" in failed.why
    assert failed.fix == "Start the server, or check OPENAI_BASE_URL."


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with serving() as elsewhere, serving() as server:
        server.next.append(Answer(status=307, headers={"location": f"{elsewhere.base_url}/chat/completions"}))
        ask(server, WINDOW)
        assert elsewhere.web.seen == []


def test_a_long_message_is_cut_and_kept_on_one_line() -> None:
    why = failure(error("no\n" * 2000), 400).why
    assert len(why) < 600
    assert "\n" not in why


def test_one_captioner_can_be_asked_from_one_loop_after_another() -> None:
    with serving() as server, captioner(server) as asked:
        assert [asyncio.run(asked.complete(WINDOW)).finish for _ in range(3)] == ["stop"] * 3


def test_a_call_that_is_cancelled_ends_at_once_and_the_next_is_answered() -> None:
    async def cancel_one(server: OpenAIServer) -> str:
        with captioner(server) as asked:
            call = asyncio.create_task(asked.complete(WINDOW))
            await asyncio.to_thread(server.asked.wait, 10)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            finish = (await asked.complete(WINDOW)).finish
            await asked.aclose()
            return finish

    with serving() as server:
        server.next.append(Answer(silent=True))
        assert asyncio.run(cancel_one(server)) == "stop"
