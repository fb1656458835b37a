"""The service as an ASGI application: how requests come in, and how answers and broken connections go over the wire."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from streamcap_dagster.emulators.hub.answers import JSON, Answer
from streamcap_dagster.emulators.hub.calls import Call, read_call
from streamcap_dagster.emulators.hub.faults import NONE, REFUSED, Fault
from streamcap_dagster.emulators.hub.journal import UNKNOWN, Row
from streamcap_dagster.emulators.hub.refusals import Refusal
from streamcap_dagster.emulators.hub.service import Service
from streamcap_dagster.emulators.serving import HangUp

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]


class _HungUp(Exception):
    """The connection is to be closed without an answer, or is closed already."""


def application(service: Service, hang_up: HangUp) -> Application:
    """`hang_up` is the server's, which alone holds the connections."""

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await _Exchange(service, hang_up, scope, receive, send).run()

    return app


class _Exchange:
    """One request and its answer."""

    def __init__(self, service: Service, hang_up: HangUp, scope: Any, receive: Receive, send: Send) -> None:
        self._service = service
        self._hang_up = hang_up
        self._scope = scope
        self._receive = receive
        self._send = send
        self._came = 0

    async def run(self) -> None:
        scope = self._scope
        try:
            call = read_call(scope["method"], scope["raw_path"], scope["query_string"], dict(scope["headers"]))
        except Refusal as refusal:
            self._service.journal.keep(Row(scope["method"], UNKNOWN, "", scope["path"], refusal.status, 0, 0))
            await self._say(_refused(refusal))
            return
        fault = self._service.faults.next(call)
        try:
            answer = await self._answer(call, fault)
        except Refusal as refusal:
            answer = _refused(refusal)
        except _HungUp:
            self._note(call, fault, 0, 0)
            await self._drop()
            return
        cut = min(fault.after, len(answer.body)) if fault.name == "cut_download" else None
        self._note(call, fault, answer.status, 0 if call.method == "HEAD" else len(answer.body) if cut is None else cut)
        await self._say(answer, cut)

    async def _answer(self, call: Call, fault: Fault) -> Answer:
        if delay_s := self._service.options.latency_s + (fault.seconds if fault.name == "slow" else 0):
            await asyncio.sleep(delay_s)
        if fault.name == "dropped":
            raise _HungUp
        body = await self._body(fault)
        if fault.name in REFUSED:
            raise REFUSED[fault.name]()
        answer = self._service.answer(call, body)
        if fault.name == "lost_answer":
            raise _HungUp
        return answer

    async def _body(self, fault: Fault) -> bytes:
        """The request's body; raises _HungUp where it breaks off, be it by a fault."""
        pieces: list[bytes] = []
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _HungUp
            pieces.append(message["body"])
            self._came += len(message["body"])
            more = message["more_body"]
            if fault.name == "cut_upload" and self._came >= fault.after:
                raise _HungUp
        return b"".join(pieces)

    async def _say(self, answer: Answer, cut: int | None = None) -> None:
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body)), (b"x-request-id", secrets.token_hex(8).encode())]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if cut is not None:
            await self._send({"type": "http.response.body", "body": answer.body[:cut], "more_body": True})
            await self._drop()
            return
        await self._send({"type": "http.response.body", "body": b"" if self._scope["method"] == "HEAD" else answer.body})

    async def _drop(self) -> None:
        self._hang_up(self._scope)
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _note(self, call: Call, fault: Fault, status: int, size: int) -> None:
        said = "" if fault is NONE else fault.name
        self._service.journal.keep(Row(call.method, call.kind, call.repo, call.path, status, self._came, size, said))


def _refused(refusal: Refusal) -> Answer:
    headers = [JSON, (b"x-error-message", refusal.message.encode("latin-1", "replace"))]
    if refusal.code:
        headers.append((b"x-error-code", refusal.code.encode()))
    return Answer(refusal.status, refusal.body(), headers)
