"""Asks the OpenAI captioner over HTTP and tells what came of it; shared by its tests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Pair
from streamcap_dagster.errors import CallFailed
from tests.captions.backends.scripted_server import Answer
from tests.captions.pictures import plain, still
from tests.captions.requests import request
from tests.emulators.openai_server import MODEL, OLLAMA, Manners, OpenAIServer, serving

KEY = "sk-canary-4f1d9b"
WINDOW = request(frames=still(plain()))
ALL = replace(WINDOW, nonce="n4", hint="Be brief.")
OBJECTIVES = request("objectives", "New:\n[1] A bus comes.\n[2] It stops.", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops.")))


@contextmanager
def captioner(server: OpenAIServer | str, **settings: Any) -> Iterator[OpenAICaptioner]:
    base_url = server if isinstance(server, str) else server.base_url
    yield OpenAICaptioner(**{"model": MODEL, "key": SecretStr(KEY), "base_url": base_url, "timeout_s": 5, **settings})


def ask(server: OpenAIServer | str, *questions: CaptionRequest, **settings: Any) -> list[CaptionReply | CallFailed]:
    """What comes of questions that one captioner is asked one after another."""

    async def all_of_them() -> list[CaptionReply | CallFailed]:
        with captioner(server, **settings) as asked:
            outcomes = [await outcome(asked, question) for question in questions]
            await asked.aclose()
            return outcomes

    return asyncio.run(all_of_them())


async def outcome(asked: OpenAICaptioner, question: CaptionRequest) -> CaptionReply | CallFailed:
    try:
        return await asked.complete(question)
    except CallFailed as failure:
        return failure


def answered(body: object, status: int = 200, **headers: str) -> CaptionReply | CallFailed:
    """What one answer of a server comes to."""
    with serving() as server:
        server.next.append(Answer(body, status, headers={name.replace("_", "-"): value for name, value in headers.items()}))
        (only,) = ask(server, WINDOW)
        assert len(server.bodies) == 1
        return only


def reply(body: object) -> CaptionReply:
    only = answered(body)
    assert isinstance(only, CaptionReply)
    return only


def failure(body: object, status: int, **headers: str) -> CallFailed:
    only = answered(body, status, **headers)
    assert isinstance(only, CallFailed)
    return only


def sent(question: CaptionRequest = WINDOW, manners: Manners = OLLAMA, **settings: Any) -> Any:
    with serving(manners) as server:
        ask(server, question, **settings)
        return server.bodies[0]


def ends(server: OpenAIServer, question: CaptionRequest = ALL, **settings: Any) -> tuple[list[str], CaptionReply]:
    """How requests went that ask until there is an answer, as whoever paces does."""
    how: list[str] = []

    async def until_answered() -> CaptionReply:
        with captioner(server, **settings) as asked:
            for _ in range(5):
                last = await outcome(asked, question)
                if isinstance(last, CaptionReply):
                    await asked.aclose()
                    return last
                how.append(f"{last.kind} {last.status} {last.retry_after_s:g}")
        raise AssertionError(how)

    return how, asyncio.run(until_answered())


def error(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}
