"""How a server that speaks OpenAI's API is reached: at which address, with which key, and through one SDK client per event loop."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import openai
from pydantic import SecretStr

from streamcap_dagster.captions.backends.address import host_of, is_loopback
from streamcap_dagster.captions.backends.openai_errors import call_failure
from streamcap_dagster.errors import CallFailed

_CONNECT_S = 10.0
_IDLE_S = 3.0
"""How long an unused connection is kept. These servers close theirs after 5 s, and a request on a connection that is just being closed is lost."""
_NO_KEY = "none"
"""Sent where there is no key: the SDK insists on one, and a server without keys does not look at it."""


class OpenAIService:
    """One server, with a key or without. Its `ask` never raises the SDK's errors, which hold the key."""

    def __init__(self, base_url: str, key: SecretStr | None, *, most_connections: int, timeout_s: float) -> None:
        self.base_url = base_url
        self._key = key
        self._most_connections = most_connections
        self._timeout_s = timeout_s
        self._open: dict[asyncio.AbstractEventLoop, openai.AsyncOpenAI] = {}

    async def ask(self, body: Mapping[str, Any]) -> bytes | CallFailed:
        """What the server answers to one request, as it came: the SDK's own reading of it checks nothing and takes longer than all the rest."""
        try:
            answer = await self._client().post("/chat/completions", cast_to=httpx2.Response, body=body)
        except asyncio.CancelledError as cancelled:
            cancelled.__context__ = None
            raise cancelled.with_traceback(None) from None
        except Exception as error:  # noqa: BLE001  whatever it is, the frames it comes through hold the key
            return call_failure(error, self.host, loopback=is_loopback(self.base_url), without_key=self._without_key)
        return answer.content

    async def aclose(self) -> None:
        """Close the client of the running event loop."""
        client = self._open.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    @property
    def host(self) -> str:
        """Host and port of the address, for messages."""
        return host_of(self.base_url)

    def _client(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if loop not in self._open:
            self._open = {other: client for other, client in self._open.items() if not other.is_closed()}
            self._open[loop] = self._made()
        return self._open[loop]

    def _made(self) -> openai.AsyncOpenAI:
        """A client that sends each request once, over as many connections as requests may be open.

        A proxy of the environment is used for servers elsewhere, never for this machine itself. No redirect is followed: the key would go along.
        """
        timeout = httpx2.Timeout(self._timeout_s, connect=min(_CONNECT_S, self._timeout_s))
        limits = httpx2.Limits(max_connections=self._most_connections, max_keepalive_connections=self._most_connections, keepalive_expiry=_IDLE_S)
        connections = httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False, trust_env=not is_loopback(self.base_url))
        key = self._key.get_secret_value() if self._key else _NO_KEY
        return openai.AsyncOpenAI(api_key=key, base_url=self.base_url, max_retries=0, timeout=timeout, http_client=connections)

    def _without_key(self, text: str) -> str:
        """A text of the server in which the key does not appear, should it repeat it."""
        return text.replace(self._key.get_secret_value(), "(the key)") if self._key else text
