"""The service as an ASGI application: how requests come in, and how answers and broken connections go over the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.answers import JSON, Answer
from streamcap_dagster.emulators.gcs.calls import Call, read_call
from streamcap_dagster.emulators.gcs.faults import NONE, Fault
from streamcap_dagster.emulators.gcs.journal import UNKNOWN, Row
from streamcap_dagster.emulators.gcs.refusals import Refusal
from streamcap_dagster.emulators.gcs.resources import as_bytes
from streamcap_dagster.emulators.gcs.service import Service
from streamcap_dagster.emulators.gcs.sessions import check_place, read_part
from streamcap_dagster.emulators.serving import HangUp

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

_PIECE = 1 << 20
"""So much of an answer goes to the connection at once."""
_STATUSES = {"busy_503": 503, "error_500": 500}
_HTML_502 = (
    b"<html><title>Error 502 (Server Error)!!1</title><p><b>502.</b> <ins>That's an error.</ins>"
    b"<p>The server encountered a temporary error and could not complete your request. Please try again in 30 seconds."
)


class _HungUp(Exception):
    """The connection is to be closed without an answer, or is closed already."""


def application(service: Service, hang_up: HangUp) -> Application:
    """`hang_up` is the server's, which alone holds the connections."""

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        service.journal.begin()
        try:
            await _Exchange(service, hang_up, scope, receive, send).run()
        finally:
            service.journal.end()

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
        self._all_came = False

    async def run(self) -> None:
        scope = self._scope
        if scope["path"] == "/":
            await self._whole(Answer(body=as_bytes(self._service.journal.counts()), headers=[JSON]))
            return
        headers = dict(scope["headers"])
        try:
            call = read_call(scope["method"], scope["raw_path"], scope["query_string"], headers)
        except Refusal as refusal:
            self._service.journal.keep(Row(scope["method"], UNKNOWN, "", scope["path"], refusal.status, 0, 0, None))
            await self._whole(_refused(refusal, plain=False))
            return
        fault = self._service.faults.next(call)
        try:
            answer = await self._answer(call, fault)
        except Refusal as refusal:
            answer = _refused(refusal, plain=call.kind == "download")
        except _HungUp:
            answer = None
        if answer is None or fault.name == "lost_answer":
            self._note(call, fault, 0, 0)
            await self._drop()
            return
        await self._say(call, fault, answer)

    async def _answer(self, call: Call, fault: Fault) -> Answer:
        service = self._service
        if delay_s := service.latency_s() + (fault.seconds if fault.name == "slow" else 0):
            await asyncio.sleep(delay_s)
        if storm := service.faults.storming():
            raise refusals.failing(storm)
        if fault.name == "dropped":
            raise _HungUp
        if status := _STATUSES.get(fault.name):
            raise refusals.failing(status)
        if fault.name == "too_fast_429":
            raise refusals.too_fast(call.bucket, call.name)
        if fault.name == "html_502":
            return Answer(502, _HTML_502, [(b"content-type", b"text/html; charset=UTF-8")])
        service.permissions.check(call)
        if call.kind in ("upload_part", "upload_status"):
            return await self._part(call, fault)
        body = b"".join([piece async for piece in self._body(fault)])
        return await service.answer(call, body, fault)

    async def _part(self, call: Call, fault: Fault) -> Answer:
        session, part = self._service.uploading.sessions.of(call), read_part(call)
        if session.made is None:
            check_place(session, part)
            before, position = len(session.data), part.start
            try:
                async for piece in self._body(fault):
                    session.take(position, piece)
                    position += len(piece)
            except _HungUp:
                session.break_off(before)
                raise
        return await self._service.uploading.finish_part(call, session, part)

    async def _body(self, fault: Fault) -> AsyncIterator[bytes]:
        """The request's body in pieces; raises _HungUp where it breaks off, be it by a fault."""
        cut = fault.after if fault.name == "cut_upload" else None
        while not self._all_came:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _HungUp
            piece = message["body"]
            begin = self._came
            self._came += len(piece)
            self._all_came = not message["more_body"]
            if fault.name == "corrupted_upload" and begin <= fault.after < self._came:
                piece = _flipped(piece, fault.after - begin)
            if cut is not None and self._came >= cut:
                yield piece[: cut - begin]
                raise _HungUp
            if piece:
                yield piece
        if cut is not None:
            raise _HungUp

    async def _say(self, call: Call, fault: Fault, answer: Answer) -> None:
        if fault.name == "corrupted" and answer.body:
            answer.body = _flipped(bytes(answer.body), min(fault.after, len(answer.body) - 1))
        if fault.name == "truncated":
            answer.body = answer.body[: fault.after]
        cut = min(fault.after, len(answer.body)) if fault.name == "cut_download" else None
        self._note(call, fault, answer.status, len(answer.body) if cut is None else cut)
        if cut is None:
            await self._whole(answer)
            return
        await self._start(answer)
        await self._send({"type": "http.response.body", "body": answer.body[:cut], "more_body": True})
        await self._drop()

    async def _whole(self, answer: Answer) -> None:
        await self._start(answer)
        body = answer.body
        if len(body) > _PIECE:
            rest = memoryview(body)
            while len(rest) > _PIECE:
                await self._send({"type": "http.response.body", "body": rest[:_PIECE], "more_body": True})
                rest = rest[_PIECE:]
            body = rest
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, answer: Answer) -> None:
        headers = answer.headers
        if answer.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(answer.body)))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _drop(self) -> None:
        self._hang_up(self._scope)
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _note(self, call: Call, fault: Fault, status: int, size: int) -> None:
        said = "" if fault is NONE else fault.name
        self._service.journal.keep(Row(call.method, call.kind, call.bucket, call.name, status, self._came, size, call.generation, said))


def _refused(refusal: Refusal, plain: bool) -> Answer:
    headers = [(b"content-type", b"text/html; charset=UTF-8") if plain else JSON]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="https://accounts.google.com/", error="invalid_token"'))
    return Answer(refusal.status, refusal.body(plain), headers)


def _flipped(piece: bytes, place: int) -> bytes:
    return piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]
