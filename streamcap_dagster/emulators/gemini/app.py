"""The service as an ASGI application: its addresses, and how its answers and broken connections go over the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import get_args

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from streamcap_dagster.emulators.gemini.doors import Door, call_of
from streamcap_dagster.emulators.gemini.faults import FAULTS
from streamcap_dagster.emulators.gemini.refusals import Refusal, invalid
from streamcap_dagster.emulators.gemini.service import Outgoing, Service
from streamcap_dagster.emulators.gemini.wire import MOST_BYTES
from streamcap_dagster.emulators.serving import HangUp

Endpoint = Callable[[Request], Awaitable[Response]]

_ADDRESSES: dict[Door, tuple[tuple[str, ...], str]] = {
    "developer": (("v1", "v1beta"), "/models/{model}:generateContent"),
    "express": (("v1", "v1beta1"), "/publishers/google/models/{model}:generateContent"),
    "project": (("v1", "v1beta1"), "/projects/{project}/locations/{location}/publishers/google/models/{model}:generateContent"),
}
_PIECES = 50
"""Into how many pieces a slow answer is cut."""
_NO_SUCH_PAGE = (
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n"
    "<p><b>404.</b> <ins>That's an error.</ins>\n<p>The requested URL was not found on this server.\n"
)


def application(service: Service, hang_up: HangUp) -> Starlette:
    """`hang_up` is the server's, which alone holds the connections."""
    face = _Face(service, hang_up)
    routes = [Route("/", face.counts), Route("/__admin/faults", face.order, methods=["POST"])]
    for door in get_args(Door):
        versions, path = _ADDRESSES[door]
        routes += [Route(f"/{version}{path}", face.generate(door, version), methods=["POST"]) for version in versions]
    return Starlette(routes=routes, exception_handlers={404: _no_such_page})


async def _no_such_page(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- starlette's signature
    return HTMLResponse(_NO_SUCH_PAGE, 404)


class _Face:
    """What is found at the addresses."""

    def __init__(self, service: Service, hang_up: HangUp) -> None:
        self._service = service
        self._hang_up = hang_up

    def generate(self, door: Door, version: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            self._service.journal.begin()
            try:
                body = await _body(request)
                call = call_of(door, version, request.path_params, request.headers, request.query_params.get("key", ""))
                return self._response(await self._service.serve(call, body))
            except Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)
            except ClientDisconnect:
                return Response(status_code=499)
            finally:
                self._service.journal.end()

        return endpoint

    async def counts(self, request: Request) -> Response:  # noqa: ARG002 -- starlette's signature
        return JSONResponse(self._service.journal.counts())

    async def order(self, request: Request) -> Response:
        """Takes a JSON list of faults for the next requests; null lets one through."""
        ordered = await request.json()
        if strangers := [fault for fault in ordered if fault is not None and fault not in FAULTS]:
            return JSONResponse({"unknown": strangers, "known": FAULTS}, 400)
        self._service.faults.order(ordered)
        return JSONResponse({"ordered": len(ordered)})

    def _response(self, outgoing: Outgoing) -> Response:
        response = Response(outgoing.body, outgoing.status, outgoing.headers, outgoing.media_type)
        if outgoing.manner == "whole":
            return response
        if outgoing.manner == "dribble":
            return _Dribbled(response, self._service.options.dribble_s)
        return _BrokenOff(response, 0 if outgoing.manner == "dropped" else len(outgoing.body) // 2, self._hang_up)


async def _body(request: Request) -> bytes:
    """Raises Refusal as soon as it is clear that a body is larger than the service takes."""
    too_large = invalid(f"Request payload size exceeds the limit: {MOST_BYTES} bytes.")
    if int(request.headers.get("content-length", 0)) > MOST_BYTES:
        raise too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise too_large
    return b"".join(chunks)


class _BrokenOff(Response):
    """Sends so many bytes of what it announced, or nothing at all, and hangs up."""

    def __init__(self, whole: Response, size: int, hang_up: HangUp) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole, self._size, self._hang_up = whole, size, hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._size:
            await _start(self._whole, send)
            await send({"type": "http.response.body", "body": bytes(self._whole.body)[: self._size], "more_body": True})
        self._hang_up(scope)
        while (await receive())["type"] != "http.disconnect":
            pass


class _Dribbled(Response):
    """Sends a body in little pieces over so many seconds."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole, self._seconds = whole, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- starlette's signature
        await _start(self._whole, send)
        body = bytes(self._whole.body)
        step = max(1, len(body) // _PIECES)
        for begin in range(0, len(body), step):
            await send({"type": "http.response.body", "body": body[begin : begin + step], "more_body": True})
            await asyncio.sleep(self._seconds / _PIECES)
        await send({"type": "http.response.body", "body": b""})


async def _start(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
