"""A web server that answers each request as a test tells it to, however oddly, and notes what it was sent."""

import asyncio
import atexit
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True)
class Answer:
    """What is sent back: `body` as it is when bytes, else as JSON."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Send so many bytes of the body, then close the connection."""
    hang_up: bool = False
    """Close the connection without a word."""
    silent: bool = False
    """Say nothing until the client goes away."""

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    """What the request line asked for: a path, or a whole address when the client takes this server for a proxy."""
    headers: Mapping[str, str]
    body: Any
    client: str
    """Host and port of the other end of the connection."""


class Scripted:
    """The server from the side of a test."""

    def __init__(self, answer: Answer | Callable[[Seen], Answer]) -> None:
        self.url = ""
        self.server: uvicorn.Server | None = None
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self.together: int | None = None
        """Answer no request before so many are here at once."""
        self.answer = answer
        self._now = 0
        self._barrier: asyncio.Barrier | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen = Seen(scope["method"], scope["raw_path"].decode(), headers, _read(body), "{}:{}".format(*scope["client"]))
        self.seen.append(seen)
        answer = self.answer(seen) if callable(self.answer) else self.answer
        await self._meet()
        if answer.silent:
            await receive()
        elif answer.hang_up:
            self._drop(scope)
        else:
            await _send(answer, send)

    async def _meet(self) -> None:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        if self.together:
            self._barrier = self._barrier or asyncio.Barrier(self.together)
            await self._barrier.wait()
        self._now -= 1

    def connections(self) -> list[Any]:
        """Those that are open."""
        return list(self.server.server_state.connections) if self.server else []

    def is_left(self, within_s: float = 2) -> bool:
        """Whether the last connection is given up in time."""
        end = time.monotonic() + within_s
        while self.connections() and time.monotonic() < end:
            time.sleep(0.01)
        return not self.connections()

    def _drop(self, scope: Scope) -> None:
        for connection in self.connections():
            if list(connection.client or ()) == list(scope["client"]):
                connection.transport.close()


@contextmanager
def told(answer: Answer | Callable[[Seen], Answer]) -> Iterator[Scripted]:
    """A server that stays up from one test to the next, told anew what to answer: for the many tests that need nothing else of it."""
    server = _standing()
    server.answer = answer
    server.seen.clear()
    yield server


@cache
def _standing() -> Scripted:
    open_until_the_end = ExitStack()
    atexit.register(open_until_the_end.close)
    return open_until_the_end.enter_context(scripted(Answer()))


@contextmanager
def scripted(answer: Answer | Callable[[Seen], Answer]) -> Iterator[Scripted]:
    """Such a server in a thread, for the length of the block."""
    app, listening = Scripted(answer), socket.create_server(("127.0.0.1", 0), backlog=1024)
    app.server = server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", http="h11", backlog=1024, timeout_graceful_shutdown=0))
    app.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


async def _send(answer: Answer, send: Send) -> None:
    content = answer.content
    headers = {"content-type": "application/json", "content-length": str(len(content)), **answer.headers}
    await send({"type": "http.response.start", "status": answer.status, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    await send({"type": "http.response.body", "body": content[: answer.cut_after]})
