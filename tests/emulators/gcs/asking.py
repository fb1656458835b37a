"""Requests to the emulator as bytes over a socket, and as Google's own client makes them."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import google_crc32c
from google.api_core.retry import Retry
from google.cloud import storage

from streamcap_dagster.emulators.gcs.server import Running

OBJECTS = "/storage/v1/b/bucket/o"
UPLOADS = "/upload/storage/v1/b/bucket/o"
QUANTUM = 256 * 1024


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def reason(self) -> str:
        return str(self.json["error"]["errors"][0]["reason"])


def ask(gcs: Running, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
    """Raises what http.client raises when the connection breaks off."""
    connection = http.client.HTTPConnection(urlsplit(gcs.url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def put(gcs: Running, name: str, data: bytes = b"data", query: str = "", headers: dict[str, str] | None = None) -> Reply:
    """Write an object in one plain request."""
    return ask(gcs, "POST", f"{UPLOADS}?uploadType=media&name={quote(name, safe='')}{query}", data, headers)


def look(gcs: Running, name: str, query: str = "") -> Reply:
    return ask(gcs, "GET", f"{OBJECTS}/{quote(name, safe='')}{query}")


def download(gcs: Running, name: str, headers: dict[str, str] | None = None, query: str = "") -> Reply:
    return ask(gcs, "GET", f"/download{OBJECTS}/{quote(name, safe='')}?alt=media{query}", headers=headers)


def multipart(described: bytes, data: bytes, boundary: str = "abc") -> bytes:
    parts = (b"content-type: application/json\r\n\r\n" + described, b"content-type: text/plain\r\n\r\n" + data)
    return b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary.encode() + b"--"


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4)).decode()


def bucket(name: str = "bucket") -> Any:
    """A bucket of Google's client, which finds the emulator by STORAGE_EMULATOR_HOST."""
    return storage.Client(project="any").bucket(name)


def soon(seconds: float = 20) -> Any:
    """The client's retry without its long waits."""
    return Retry(predicate=storage.retry.DEFAULT_RETRY._predicate, initial=0.01, maximum=0.05, timeout=seconds)
