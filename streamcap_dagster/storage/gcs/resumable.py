"""A large object in parts: when a connection breaks, the upload goes on from what the service has kept.

Google's client sends a part again but never asks how much of it arrived; the protocol is
https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from typing import Any, BinaryIO

from google.api_core.exceptions import ClientError, ServiceUnavailable, from_http_response
from google.api_core.retry import Retry

from streamcap_dagster.storage.checksums import Crc32c

PART_BYTES = 8 << 20
"""Every part but the last must be a multiple of 256 KiB."""

_COMPLETE = (200, 201)
_INCOMPLETE = 308
_GONE = (404, 410)


class SessionGone(ClientError):
    """The service has forgotten the upload, which must begin anew."""

    code = 410

    def __init__(self) -> None:
        super().__init__("the upload is gone")  # type: ignore[no-untyped-call]


class Upload:
    """One upload, of a file of known size, to the address that the service gave for it."""

    def __init__(self, session: Any, address: str, file: BinaryIO, size_bytes: int, timeout: tuple[float, float]) -> None:
        self._session = session
        self._address = address
        self._file = file
        self._size_bytes = size_bytes
        self._timeout = timeout
        self._kept: int | None = 0
        """How many bytes the service has; None when it must be asked."""
        self._sum = Crc32c()
        self._summed = 0
        self._made: dict[str, Any] | None = None

    def run(self, retry: Retry) -> dict[str, Any]:
        """Send it all; returns what the service says of the object. The deadline of `retry` counts anew whenever a part has arrived."""
        step = retry(self._step)
        while self._made is None:
            step()
        return self._made

    def _step(self) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            self._take(self._put(b"", f"bytes */{self._size_bytes}"))
            return
        part = self._part(kept)
        last = kept + len(part) == self._size_bytes
        self._take(self._put(part, f"bytes {kept}-{kept + len(part) - 1}/{self._size_bytes}", {"x-goog-hash": f"crc32c={self._sum}"} if last else {}))
        if self._made is None and self._kept == kept:
            self._kept = None
            raise ServiceUnavailable("a part was not kept")

    def _part(self, start: int) -> bytes:
        self._file.seek(start)
        part = self._file.read(PART_BYTES)
        if start <= self._summed < start + len(part):
            self._sum.update(part[self._summed - start :])
            self._summed = start + len(part)
        return part

    def _put(self, data: bytes, content_range: str, headers: dict[str, str] | None = None) -> Any:
        return self._session.put(
            self._address, data=data, headers={"Content-Range": content_range, **(headers or {})}, timeout=self._timeout, allow_redirects=False
        )

    def _take(self, response: Any) -> None:
        if response.status_code in _COMPLETE:
            self._made = response.json()
        elif response.status_code == _INCOMPLETE:
            self._kept = int(response.headers.get("Range", "bytes=0--1").removeprefix("bytes=0-")) + 1
            if self._kept > self._summed:
                raise SessionGone
        elif response.status_code in _GONE:
            raise SessionGone
        else:
            raise from_http_response(response)  # type: ignore[no-untyped-call]
