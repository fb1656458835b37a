"""The key for Gemini: sent in one header, and nowhere else to be found, whatever goes wrong."""

import asyncio
import io
import logging
import pickle
import threading
import traceback
from dataclasses import replace

import pytest
from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.errors import CallFailed, SettingError
from streamcap_dagster.model_table import ModelFacts
from tests.captions.backends.gemini_answers import KEY, MODEL, WINDOW, asked, captioner, error, said
from tests.captions.backends.scripted_server import Answer, Seen, told

ECHO = error(400, "INVALID_ARGUMENT", f"API key {KEY} not valid. Please pass a valid API key.")
TROUBLES = {
    "echo": Answer(ECHO, 400),
    "overloaded": Answer(error(503, "UNAVAILABLE", "The model is overloaded."), 503),
    "hung up": Answer(hang_up=True),
    "silent": Answer(silent=True),
    "garbled": Answer(b"{"),
    "no list": Answer({"candidates": [7]}),
    "redirect": Answer(b"", 302, {"location": "http://127.0.0.1:9/"}),
}


def as_rendered(error: BaseException) -> str:
    """All that a report with local variables would hold: of the error, of its causes and of what was being handled."""
    told, seen = [""], error
    while seen is not None:
        told.append("".join(traceback.TracebackException.from_exception(seen, capture_locals=True).format()))
        told.append(repr(vars(seen)))
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "".join(told)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_error_and_none_of_its_local_variables_hold_the_key(trouble: str) -> None:
    with told(TROUBLES[trouble]) as server, pytest.raises(CallFailed) as caught:
        asyncio.run(asked(captioner(server.url, timeout_s=1)))
    assert server.seen[0].headers["x-goog-api-key"] == KEY
    assert KEY not in as_rendered(caught.value)
    assert KEY.encode() not in pickle.dumps(caught.value)


def test_an_error_keeps_nothing_of_the_sdks_own() -> None:
    with told(TROUBLES["overloaded"]) as server, pytest.raises(CallFailed) as caught:
        asyncio.run(asked(captioner(server.url)))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert {type(value) for value in vars(caught.value).values()} <= {str, int, bool, float, type(None)}


def test_a_call_that_is_cut_off_by_a_deadline_leaves_no_trace_of_the_key() -> None:
    arrived = threading.Event()

    def answer(seen: Seen) -> Answer:
        arrived.set()
        return Answer(silent=True)

    async def bring_forward(deadline: asyncio.Timeout) -> None:
        await asyncio.to_thread(arrived.wait)
        deadline.reschedule(asyncio.get_running_loop().time())

    async def too_late(by: GeminiCaptioner) -> None:
        try:
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as beside:
                beside.create_task(bring_forward(deadline))
                await by.complete(WINDOW)
        finally:
            await by.aclose()

    with told(answer) as server, pytest.raises(TimeoutError) as caught:
        asyncio.run(too_late(captioner(server.url)))
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert KEY not in as_rendered(caught.value)


def test_a_key_that_no_header_can_hold_never_gets_that_far_and_is_not_told() -> None:
    for key in (SecretStr(f"{KEY}\nX: y"), SecretStr(f"{KEY}\u2026")):
        with pytest.raises(SettingError, match="GEMINI_API_KEY") as caught:
            GeminiCaptioner(MODEL, key=key, facts=ModelFacts())
        assert KEY not in as_rendered(caught.value)


def in_use(url: str) -> GeminiCaptioner:
    """A captioner with an open client."""
    by = captioner(url)
    asyncio.run(by.complete(WINDOW))
    return by


def test_neither_the_captioner_nor_what_it_holds_shows_the_key() -> None:
    with told(Answer(said())) as server:
        by = in_use(server.url)
    assert KEY not in repr(by) + str(by) + repr(vars(by)) + repr(by._service) + repr(vars(by._service))


def test_a_captioner_is_never_pickled() -> None:
    with pytest.raises(TypeError, match="holds a key"):
        pickle.dumps(captioner("http://127.0.0.1:9"))


@pytest.mark.parametrize("trouble", [*TROUBLES, "none"])
def test_no_log_at_any_level_holds_the_key_or_the_prompt(trouble: str) -> None:
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    handler.setLevel(logging.DEBUG)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with told(TROUBLES.get(trouble, Answer(said()))) as server:
            asyncio.run(quietly(captioner(server.url, timeout_s=1)))
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    assert "connect_tcp" in written.getvalue()
    assert KEY not in written.getvalue()
    assert "a secret meeting" not in written.getvalue()


async def quietly(by: GeminiCaptioner) -> None:
    try:
        await asked(by, replace(WINDOW, prompt="a secret meeting"))
    except CallFailed:
        return
