"""The key for an OpenAI-compatible server: sent in one header, and nowhere else to be found, whatever goes wrong."""

import asyncio
import logging
import pickle
import traceback
from collections.abc import Iterator

import pytest

from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.errors import CallFailed
from tests.captions.backends.openai_asking import KEY, WINDOW, captioner, error
from tests.captions.backends.scripted_server import Answer
from tests.emulators.openai_server import (
    OpenAIServer,
    completion,
    serving,
)


def held_by(thing: object, seen: set[int]) -> Iterator[str]:
    """The words of an object and of what it holds of ours."""
    yield repr(thing)
    if id(thing) not in seen and type(thing).__module__.startswith("streamcap_dagster"):
        seen.add(id(thing))
        for value in vars(thing).values():
            yield from held_by(value, seen)


def test_a_captioner_shows_its_key_to_nobody_who_looks_at_it() -> None:
    async def look(server: OpenAIServer) -> str:
        with captioner(server) as asked:
            await asked.complete(WINDOW)
            words = " ".join(held_by(asked, set()))
            await asked.aclose()
            return words

    with serving() as server:
        assert KEY not in asyncio.run(look(server))


def test_a_captioner_cannot_be_pickled() -> None:
    with captioner("http://127.0.0.1:1/v1") as asked, pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(asked)


TROUBLES = {
    "401": Answer(error(f"Incorrect API key provided: {KEY}."), 401),
    "400": Answer(error(f"Unknown parameter for {KEY}: response_format"), 400),
    "503": Answer(error("busy"), 503),
    "page": Answer(b"<html>", headers={"content-type": "text/html"}),
    "hang-up": Answer(hang_up=True),
    "cut": Answer(completion("x"), cut_after=40),
    "silent": Answer(silent=True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_trace_of_a_failure_holds_the_key(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving() as server, captioner(server, timeout_s=0.3) as asked:
        server.next.append(TROUBLES[trouble])
        with pytest.raises(CallFailed) as caught:
            asyncio.run(asked.complete(WINDOW))
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        frames = [trace, *filter(None, (trace.__cause__, trace.__context__))]
        assert server.web.seen[0].headers["authorization"].endswith(KEY)
    assert KEY not in "".join(line for one in frames for line in one.format())
    assert KEY.encode() not in pickle.dumps(caught.value)
    assert KEY not in caplog.text
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_call_that_is_cancelled_shows_no_key() -> None:
    async def cancel_one(server: OpenAIServer, asked: OpenAICaptioner) -> str:
        call = asyncio.create_task(asked.complete(WINDOW))
        await asyncio.to_thread(server.asked.wait, 10)
        call.cancel()
        try:
            await call
        except asyncio.CancelledError as cancelled:
            return "".join(traceback.TracebackException.from_exception(cancelled, capture_locals=True).format())
        raise AssertionError("it was answered")

    with serving() as server, captioner(server) as asked:
        server.next.append(Answer(silent=True))
        assert KEY not in asyncio.run(cancel_one(server, asked))
