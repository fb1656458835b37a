"""Who may come in: only a browser of this machine that was given the token of this start, and no page of anybody else in it."""

import re
import secrets
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRANCE = "/enter"
_HERE = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d{1,5})?")
"""What a page of this server can be opened under, at any port, for a tunnel may end at another. Other names lead here by a trick of DNS."""
_SAFE = frozenset({"GET", "HEAD"})
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Whatever a caption says, nothing of it becomes markup or a script, and nothing is fetched from elsewhere."""
_HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_ENTERED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>streamcap review</title>'
    '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
    '<p><a href="/">Go on to the page</a></p></html>'
)
"""Not a redirect: of a link that was clicked in a page of somebody else, browsers keep a strict cookie back until a page of ours leads on."""


class Guard:
    """Wraps an ASGI application. A request without the cookie gets nothing, whatever it asks for."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("the page is served over HTTP alone")
        answer = self._answer(Request(scope))
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        """What is answered in the application's place; None lets the request through."""
        if not _HERE.fullmatch(request.headers.get("host", "")):
            return _refused(421, "This server answers to 127.0.0.1 and localhost only.")
        if not _comes_from_here(request.headers, request.method):
            return _refused(403, "A page of somebody else asked for this.")
        port = request.scope["server"][1]
        if request.url.path == ENTRANCE:
            return self._entrance(request, port)
        if not self._is_token(request.cookies.get(cookie(port), "")):
            return _refused(403, "Open the address that `streamcap review` printed: it holds the key to this page.")
        return None

    def _entrance(self, request: Request, port: int) -> Response:
        if not self._is_token(parse_qs(request.url.query).get("token", [""])[0]):
            return _refused(403, "This address is of an earlier start. Open the one that `streamcap review` printed last.")
        answer = Response(_ENTERED, media_type="text/html")
        answer.set_cookie(cookie(port), self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())


def cookie(port: int) -> str:
    """Cookies do not tell ports apart, so that two servers of one machine would take each other's away."""
    return f"streamcap_review_{port}"


def _comes_from_here(headers: Headers, method: str) -> bool:
    """A link may lead here from anywhere; only our own pages may ask for anything else, and whoever changes something must say where it comes from."""
    here = f"http://{headers.get('host', '')}"
    origin = headers.get("origin")
    if origin is not None and origin != here:
        return False
    site = headers.get("sec-fetch-site", "")
    is_link = method in _SAFE and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if site not in ("", "same-origin", "none") and not is_link:
        return False
    return method in _SAFE or origin == here


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
