"""How Gemini is reached: at which address, with which key or credentials, and through SDK clients of each event loop's own."""

import asyncio
import math
from collections import deque
from typing import NoReturn

import httpx2
from google import genai
from google.auth.credentials import Credentials
from google.genai.client import DebugConfig
from google.genai.types import HttpOptions, HttpRetryOptions
from pydantic import SecretStr

from streamcap_dagster.captions.backends.address import host_of, is_loopback, is_plain
from streamcap_dagster.errors import SettingError

_DEVELOPER_API = "https://generativelanguage.googleapis.com/"
_MULTI_REGIONS = ("us", "eu")
_CALLS_PER_CLIENT = 128
"""A client's pool looks at each of its connections whenever a request begins or ends: with 2,000 that took longer than all the rest of a call."""


class GeminiService:
    """The Developer API with a key, or Vertex AI with a project and its credentials (application-default ones unless given).

    Everything that the SDK would take from the environment is given to it, so that no variable changes where the key goes.
    Raises SettingError when the address is none, or the key cannot be one; without a key nothing can be asked, but the captioner has its names.
    """

    def __init__(
        self,
        *,
        key: SecretStr | None,
        base_url: str = "",
        api_version: str | None = None,
        vertex_project: str = "",
        vertex_location: str = "global",
        most_connections: int = 64,
        credentials: Credentials | None = None,
    ) -> None:
        self.vertex = bool(vertex_project)
        self.base_url = _checked(base_url) or (_vertex_address(vertex_location) if self.vertex else _DEVELOPER_API)
        self._key = None if self.vertex else _usable(key)
        self._api_version = api_version or ("v1beta1" if self.vertex else "v1beta")
        self._project, self._location, self._credentials = vertex_project, vertex_location, credentials
        self._most_connections = most_connections
        self._open: dict[asyncio.AbstractEventLoop, deque[tuple[genai.Client, httpx2.AsyncClient]]] = {}

    def client(self) -> genai.Client:
        """A client of the running event loop, all made at the first use and taken in turns; there must be a key or a project."""
        loop = asyncio.get_running_loop()
        if loop not in self._open:
            self._open = {other: held for other, held in self._open.items() if not other.is_closed()}
            pools = [self._connections() for _ in range(math.ceil(self._most_connections / _CALLS_PER_CLIENT))]
            self._open[loop] = deque((self._client(connections), connections) for connections in pools)
        self._open[loop].rotate()
        return self._open[loop][0][0]

    def check(self) -> None:
        """Raises SettingError when there is neither key nor project."""
        if self._key is None and not self.vertex:
            why = (
                "there is no key for Gemini. Make one at https://aistudio.google.com/apikey and `export GEMINI_API_KEY=...` or write it into .env; "
                "or caption through Vertex AI with STREAMCAP_VERTEX_PROJECT"
            )
            raise SettingError("GEMINI_API_KEY", "", why)

    async def aclose(self) -> None:
        """Close the clients of the running event loop."""
        for client, connections in self._open.pop(asyncio.get_running_loop(), ()):
            await client.aio.aclose()
            client.close()
            await connections.aclose()

    @property
    def host(self) -> str:
        """Host and port of the address, for messages."""
        return host_of(self.base_url)

    @property
    def loopback(self) -> bool:
        return is_loopback(self.base_url)

    def without_key(self, text: str) -> str:
        """A text of the service in which the key does not appear, should it repeat it."""
        key = self._key.get_secret_value() if self._key else ""
        return text.replace(key, "(the key)") if key else text

    def __reduce__(self) -> NoReturn:
        raise TypeError("a way to Gemini holds a key and connections, so it is never pickled: make one in each process")

    def _connections(self) -> httpx2.AsyncClient:
        """As many connections as requests may be open. A proxy of the environment is used for Google, never for this machine itself.

        No redirect is followed: the key would go along to wherever it points.
        """
        limits = httpx2.Limits(max_connections=self._most_connections, max_keepalive_connections=self._most_connections)
        return httpx2.AsyncClient(limits=limits, trust_env=not self.loopback, follow_redirects=False)

    def _client(self, connections: httpx2.AsyncClient) -> genai.Client:
        """A client of our own connections, so that aiohttp is never chosen, and that sends each request once."""
        options = HttpOptions(base_url=self.base_url, api_version=self._api_version, httpx_async_client=connections, retry_options=HttpRetryOptions(attempts=1))
        live = DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
        if self.vertex:
            return genai.Client(
                enterprise=True, project=self._project, location=self._location, credentials=self._credentials, http_options=options, debug_config=live
            )
        assert self._key is not None
        return genai.Client(enterprise=False, api_key=self._key.get_secret_value(), http_options=options, debug_config=live)


def _usable(key: SecretStr | None) -> SecretStr | None:
    """The key without what stands round it, None when nothing is left. Its plain text stays out of the frames of the errors raised here."""
    key = SecretStr(key.get_secret_value().strip()) if key else None
    if not key:
        return None
    if not _fits_a_header(key):
        raise SettingError("GEMINI_API_KEY", "(hidden)", "it holds a space or another character that no key has; copy it again")
    return key


def _fits_a_header(key: SecretStr) -> bool:
    text = key.get_secret_value()
    return text.isascii() and text.isprintable() and " " not in text


def _checked(base_url: str) -> str:
    if base_url and not is_plain(base_url):
        why = "it is no http(s) address without user, query and fragment, such as http://127.0.0.1:8080 or https://gateway.example.com"
        raise SettingError("STREAMCAP_GEMINI_BASE_URL", "(hidden)", why)
    return base_url


def _vertex_address(location: str) -> str:
    if location == "global":
        return "https://aiplatform.googleapis.com/"
    return f"https://aiplatform.{location}.rep.googleapis.com/" if location in _MULTI_REGIONS else f"https://{location}-aiplatform.googleapis.com/"
