"""How the Gemini captioner holds its connections: as many as it is told, one client per event loop, and where a proxy comes in."""

import asyncio
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.captions.captioner import CaptionReply
from streamcap_dagster.errors import CallFailed
from tests.captions.backends.gemini_answers import MODEL, WINDOW, ask, captioner, said
from tests.captions.backends.scripted_server import Answer, Scripted, scripted


async def at_once(url: str, calls: int, most_connections: int) -> list[CaptionReply]:
    by = captioner(url, most_connections=most_connections, timeout_s=30)
    try:
        return await asyncio.gather(*(by.complete(replace(WINDOW, prompt=str(number))) for number in range(calls)))
    finally:
        await by.aclose()


def test_two_hundred_requests_are_open_at_once() -> None:
    with scripted(Answer(said())) as server:
        server.together = 200
        replies = asyncio.run(at_once(server.url, calls=200, most_connections=200))
    assert len(replies) == len(server.seen) == 200


def test_no_more_requests_are_open_than_told() -> None:
    with scripted(Answer(said())) as server:
        server.together = 5
        asyncio.run(at_once(server.url, calls=20, most_connections=5))
    assert (server.most_at_once, len(server.seen)) == (5, 20)


def test_each_answer_comes_back_to_its_question() -> None:
    with scripted(lambda seen: Answer(said(seen.body["contents"][0]["parts"][0]["text"]))) as server:
        replies = asyncio.run(at_once(server.url, calls=50, most_connections=50))
    assert [reply.text for reply in replies] == [str(number) for number in range(50)]


def test_a_connection_is_used_again() -> None:
    async def twice(url: str) -> None:
        by = captioner(url)
        await by.complete(WINDOW)
        await by.complete(WINDOW)
        await by.aclose()

    with scripted(Answer(said())) as server:
        asyncio.run(twice(server.url))
    first, second = server.seen
    assert first.client == second.client


def test_one_captioner_answers_in_one_event_loop_after_another() -> None:
    with scripted(Answer(said())) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        by = captioner(server.url)
        replies = [asyncio.run(by.complete(WINDOW)) for _ in range(3)]
    assert [reply.finish for reply in replies] == ["stop"] * 3


def test_it_can_be_closed_twice_or_without_having_been_asked() -> None:
    async def close() -> None:
        by = captioner("http://127.0.0.1:9")
        await by.aclose()
        await by.aclose()

    asyncio.run(close())


def test_closing_gives_the_connections_back() -> None:
    async def ask_and_close(server: Scripted) -> tuple[int, bool]:
        by = captioner(server.url)
        await by.complete(WINDOW)
        held = len(server.connections())
        await by.aclose()
        return held, await asyncio.to_thread(server.is_left)

    with scripted(Answer(said())) as server:
        assert asyncio.run(ask_and_close(server)) == (1, True)


PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def behind(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in PROXIES:
        monkeypatch.setenv(name, proxy)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Answer(said())) as server, scripted(Answer(b"", 502)) as proxy:
        behind(proxy.url, monkeypatch)
        ask(server.url.replace("127.0.0.1", host))
    assert (len(server.seen), proxy.seen) == (1, [])


def test_a_proxy_of_the_environment_is_asked_for_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Answer(said())) as proxy:
        behind(proxy.url, monkeypatch)
        ask("http://gemini.test")
    assert [seen.target for seen in proxy.seen] == [f"http://gemini.test/v1beta/models/{MODEL}:generateContent"]


def test_a_proxy_of_the_environment_is_asked_for_google_and_never_sees_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Answer(b"", 403)) as proxy:
        behind(proxy.url, monkeypatch)
        with pytest.raises(CallFailed) as caught:
            ask("")
    (seen,) = proxy.seen
    assert (seen.method, seen.target) == ("CONNECT", "generativelanguage.googleapis.com:443")
    assert "x-goog-api-key" not in seen.headers
    assert (caught.value.kind, caught.value.sent) == ("dropped", False)


IN_ANOTHER_PROCESS = """
import sys
from google.genai import _api_client
from streamcap_dagster.errors import CallFailed
from tests.captions.backends.gemini_answers import Token, ask
from tests.captions.backends.scripted_server import Answer, scripted

assert _api_client.has_aiohttp, "the SDK does not see aiohttp"
settings = {"vertex_project": "museum", "credentials": Token()} if sys.argv[1] == "vertex" else {}
try:
    with scripted(Answer(hang_up=True)) as server:
        ask(server.url, **settings)
except CallFailed as failed:
    print(failed.kind, len(server.seen), "RemoteProtocolError" in failed.why)
"""
STUB = """
class ClientError(Exception): ...
class ClientConnectorError(ClientError): ...
class ClientOSError(ClientError): ...
class ServerDisconnectedError(ClientError): ...
"""


def beside_aiohttp(folder: Path, door: str) -> tuple[str, str]:
    """What a call whose connection drops comes to in a process that can import the aiohttp of a folder, and what it complains of."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())])}
    done = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS, door], capture_output=True, text=True, env=environment)
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("door", ["key", "vertex"])
def test_where_aiohttp_can_be_imported_a_dropped_connection_is_still_one_request(door: str, tmp_path: Path) -> None:
    """The SDK would take to aiohttp, wait up to ten seconds and send the request again, which may be billed twice."""
    (tmp_path / "aiohttp.py").write_text(STUB)
    assert beside_aiohttp(tmp_path, door) == ("dropped 1 True", "")


@pytest.mark.heavy
@pytest.mark.parametrize("door", ["key", "vertex"])
def test_where_aiohttp_is_installed_a_dropped_connection_is_still_one_request(door: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tmp_path), "aiohttp"], check=True)
    assert beside_aiohttp(tmp_path, door) == ("dropped 1 True", "")
