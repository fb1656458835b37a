"""The server holds many connections at once, takes the time it was told, and ends when its block does."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx2
import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.emulators.gemini.asking import MODEL, ask, body, developer, jpeg

ADDRESS = f"/v1beta/models/{MODEL}:generateContent"
KEY = {"x-goog-api-key": "any"}


async def at_once(url: str, many: int) -> list[int]:
    limits = httpx2.Limits(max_connections=many)
    async with httpx2.AsyncClient(base_url=url, headers=KEY, limits=limits, timeout=30, trust_env=False) as client:
        replies = await asyncio.gather(*(client.post(ADDRESS, content=body(prompt=str(number))) for number in range(many)))
    return [reply.status_code for reply in replies]


def test_three_hundred_connections_at_once_are_all_answered() -> None:
    with running(Options(latency_ms=(1500, 1500))) as emulator:
        statuses = asyncio.run(at_once(emulator.url, 300))

    assert statuses == [200] * 300
    assert emulator.journal.most_in_flight == 300


def test_an_answer_takes_its_time_the_same_for_the_same_content() -> None:
    with running(Options(latency_ms=(100, 400), seed=1)) as emulator:
        client = developer(emulator.url)
        ask(client, [jpeg("green")])
        first, again = (min(_seconds_of(partial(ask, client, [jpeg()])) for _ in range(3)) for _ in range(2))  # any one may be held up by the machine

    assert first >= 0.1
    assert first == pytest.approx(again, abs=0.1)


def _seconds_of(asking: Callable[[], object]) -> float:
    begin = time.monotonic()
    asking()
    return time.monotonic() - begin


def test_requests_under_way_are_hung_up_on_at_the_end() -> None:
    with ThreadPoolExecutor(1) as pool, running(Options(latency_ms=(60_000, 60_000))) as emulator:
        waiting = pool.submit(httpx2.post, emulator.url + ADDRESS, headers=KEY, content=body(), trust_env=False)
        while not emulator.journal.in_flight:
            time.sleep(0.01)
        begin = time.monotonic()

    assert isinstance(waiting.exception(), httpx2.TransportError)
    assert time.monotonic() - begin < 5


def test_another_can_be_started_on_the_same_port() -> None:
    with running() as first:
        port = int(first.url.rsplit(":", 1)[1])
        ask(developer(first.url), [jpeg()])
    with pytest.raises(OSError, match=r".*"), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass

    with running(port=port) as second:
        assert ask(developer(second.url), [jpeg()]).text


def test_answers_by_hash_need_no_picture() -> None:
    with running(Options(by_hash=True)) as emulator:
        client = developer(emulator.url)
        one, other = (ask(client, [data]).text for data in (b"no picture", b"another"))

    assert one
    assert one != other
