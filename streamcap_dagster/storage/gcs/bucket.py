"""One bucket of Google Cloud Storage: objects by name and generation, over Google's client, with errors for people.

What keys, caches, leases and journals are is not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage
from requests.adapters import HTTPAdapter

from streamcap_dagster.errors import ObjectMissing

NONE = 0
"""The generation of an object that does not exist."""


@dataclass(frozen=True)
class Blob:
    """What is known of an object in a bucket. `crc32c` is in base64."""

    name: str
    size_bytes: int
    generation: int
    crc32c: str


class OtherGeneration(Exception):
    """A precondition was not met: the object is not of the generation that was expected. For the layers above, never for people."""


class Bucket:
    """Objects by name. Every method waits for the network and may be called from several threads.

    `if_generation` makes an operation conditional: it happens only when the object is of that generation (NONE: when there is none),
    else OtherGeneration is raised. Raises ObjectMissing, StorageError and StorageLost; transient faults are retried within `deadline_s`.
    """

    def __init__(self, name: str, connections: int, deadline_s: float) -> None:
        self.name = name
        self.connections = connections
        self._deadline_s = deadline_s
        self._bucket = shared_client(connections).bucket(name)

    @property
    def uri(self) -> str:
        return f"gs://{self.name}"

    def read(self, name: str) -> tuple[bytes, int]:
        """The bytes of an object, checked against its CRC32C, and its generation."""
        blob = self._bucket.blob(name)
        try:
            return blob.download_as_bytes(), int(blob.generation or 0)
        except NotFound as error:
            raise ObjectMissing(name, self.uri, "") from error

    def read_range(self, name: str, generation: int, start: int, end: int) -> bytes:
        """Bytes from `start` up to, not including, `end` of that very generation."""
        return bytes(self._bucket.blob(name, generation=generation).download_as_bytes(start=start, end=end - 1))

    def download(self, blob: Blob, path: Path) -> None:
        """Write that very generation of an object to a file, checked against its CRC32C, without holding it in memory."""
        self._bucket.blob(blob.name, generation=blob.generation).download_to_filename(str(path))

    def write(self, name: str, data: bytes, if_generation: int | None = None, **headers: str) -> Blob:
        """Write a small object in one request. `headers`: content_type, cache_control."""
        blob = self._blob(name, headers)
        try:
            blob.upload_from_string(data, content_type=blob.content_type, if_generation_match=if_generation)
        except PreconditionFailed as error:
            raise OtherGeneration from error
        return _described(blob)

    def upload(self, name: str, file: BinaryIO, if_generation: int | None = None, **headers: str) -> Blob:
        """Write an object from a file that can be sought, in parts that are resumed where they broke off when it is large."""
        blob = self._blob(name, headers)
        try:
            blob.upload_from_file(file, rewind=True, content_type=blob.content_type, if_generation_match=if_generation)
        except PreconditionFailed as error:
            raise OtherGeneration from error
        return _described(blob)

    def look(self, name: str) -> Blob | None:
        blob = self._bucket.get_blob(name)
        return None if blob is None else _described(blob)

    def list(self, prefix: str) -> Iterator[Blob]:
        """Every object whose name starts with the prefix, in order of name (which is that of its UTF-8 bytes)."""
        return (_described(blob) for blob in self._bucket.list_blobs(prefix=prefix, fields="items(name,size,generation,crc32c),nextPageToken"))

    def delete(self, name: str, if_generation: int | None = None) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            self._bucket.blob(name).delete(if_generation_match=if_generation)
        except NotFound:
            return
        except PreconditionFailed as error:
            raise OtherGeneration from error

    def _blob(self, name: str, headers: dict[str, str]) -> Any:
        blob = self._bucket.blob(name)
        for header, value in headers.items():
            setattr(blob, header, value)
        return blob


@lru_cache(maxsize=4)
def shared_client(connections: int) -> Any:
    """The client of this process: one session, and at most so many connections at once."""
    client = storage.Client(project=None)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=connections, pool_block=True))
    return client


def _described(blob: Any) -> Blob:
    return Blob(blob.name, int(blob.size or 0), int(blob.generation or 0), blob.crc32c or "")
