"""A bucket of Google Cloud Storage as storage: objects under a prefix, written with preconditions, with local copies where a file is needed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from io import BufferedReader, BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage import Stored
from streamcap_dagster.storage.address import GcsAddress, read_address
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.gcs.bucket import Blob, Bucket
from streamcap_dagster.storage.gcs.journal import journal
from streamcap_dagster.storage.gcs.leases import Leases

_PRIVATE = ".streamcap/"
"""Below the prefix, for what is not an object of the storage: leases."""


GIGABYTE = 10**9


def open_storage(uri: str, cache: Path, cache_gb: float, connections: int, deadline_s: float) -> "GcsStorage":
    """The storage under a `gs://` URI; nothing is asked of the bucket yet."""
    address = read_address(uri, "STREAMCAP_STORAGE")
    return GcsStorage(address, Bucket(address.bucket, connections, deadline_s), FileCache(cache, int(cache_gb * GIGABYTE)))


class GcsStorage:
    """Objects under a prefix of a bucket."""

    def __init__(self, address: GcsAddress, bucket: Bucket, cache: FileCache) -> None:
        self.address = address
        self._bucket = bucket
        self._cache = cache
        self._leases = Leases(bucket, f"{address.prefix}{_PRIVATE}leases/")

    @property
    def uri(self) -> str:
        return self.address.uri

    @property
    def lanes(self) -> int:
        return self._bucket.connections

    def link(self, key: str) -> str:
        return f"https://console.cloud.google.com/storage/browser/_details/{self.address.bucket}/{quote(self._name(key))}"

    def read(self, key: str) -> bytes:
        return self._bucket.read(self._name(key))[0]

    def write(self, key: str, data: bytes) -> None:
        self._bucket.write(self._name(key), data)

    def write_from(self, key: str, file: BinaryIO) -> None:
        self._bucket.upload(self._name(key), file)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        yield cast(BinaryIO, BufferedReader(BytesIO(self.read(key))))

    def stat(self, key: str) -> Stored | None:
        blob = self._bucket.look(self._name(key))
        return None if blob is None else self._stored(blob)

    def list(self, prefix: str) -> Iterator[Stored]:
        private = self._name(_PRIVATE)
        return (self._stored(blob) for blob in self._bucket.list(self._name(prefix)) if not blob.name.startswith(private))

    def delete(self, key: str) -> None:
        self._bucket.delete(self._name(key))

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        with self._cache.scratch(PurePosixPath(key).suffix) as path:
            yield path
            with path.open("rb") as file:
                self.write_from(key, file)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        blob = self._bucket.look(self._name(key))
        if blob is None:
            raise ObjectMissing(key, self.uri, "")
        named = sha256(f"{self._bucket.uri}/{blob.name}#{blob.generation}".encode()).hexdigest()
        with self._cache.file(f"{named}{PurePosixPath(key).suffix}", blob.size_bytes, blob.crc32c, lambda path: self._bucket.download(blob, path)) as file:
            yield file

    def journal(self, key: str) -> AbstractContextManager[Callable[[bytes], None]]:
        return journal(self._bucket, self._name(key), self._cache)

    def lease(self, name: str) -> AbstractContextManager[bool]:
        return self._leases.lease(name)

    def _name(self, key: str) -> str:
        return f"{self.address.prefix}{key}"

    def _stored(self, blob: Blob) -> Stored:
        return Stored(blob.name.removeprefix(self.address.prefix), blob.size_bytes, blob.crc32c)
