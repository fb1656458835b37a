"""A bucket of Google Cloud Storage as storage: objects under a prefix, written with preconditions, with local copies where a file is needed."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from copy import copy
from functools import partial
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote

from streamcap_dagster.errors import ObjectChanged, ObjectMissing, StorageError
from streamcap_dagster.storage import Stored, checked_key, fix_of_missing
from streamcap_dagster.storage.address import GcsAddress, read_address
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.checksums import crc32c_of, crc32c_of_file
from streamcap_dagster.storage.gcs.bucket import NONE, Blob, Bucket, OtherGeneration
from streamcap_dagster.storage.gcs.generations import Generations, Overtaken, put
from streamcap_dagster.storage.gcs.journal import open_journal, ship_left
from streamcap_dagster.storage.gcs.leases import Leases
from streamcap_dagster.storage.gcs.ranges import Ranges

_PRIVATE = ".streamcap/"
"""Below the prefix, for what is not an object of the storage: leases and heartbeats."""
_LOOKS = 5
"""How often an object may be replaced between being looked at and being fetched."""

GIGABYTE = 10**9


def open_storage(uri: str, cache: Path, cache_gb: float, connections: int, deadline_s: float) -> "GcsStorage":
    """The storage under a `gs://` URI; nothing is asked of the bucket yet."""
    address = read_address(uri, "STREAMCAP_STORAGE")
    return GcsStorage(address, Bucket(address.bucket, connections, deadline_s), FileCache(cache, int(cache_gb * GIGABYTE)))


class GcsStorage:
    """Objects under a prefix of a bucket.

    Remembers which generation of each object it saw, and replaces and deletes only that one: what somebody else wrote since stays.
    """

    def __init__(self, address: GcsAddress, bucket: Bucket, cache: FileCache) -> None:
        self.address = address
        self._bucket = bucket
        self._cache = cache
        self._leases = Leases(bucket, f"{address.prefix}{_PRIVATE}")
        self._seen = Generations()
        self._has_shipped_left = False

    def afresh(self) -> "GcsStorage":
        other = copy(self)
        other._seen = Generations()
        return other

    @property
    def uri(self) -> str:
        return self.address.uri

    @property
    def lanes(self) -> int:
        return self._bucket.connections

    def link(self, key: str) -> str:
        page = self.address.bucket if key.endswith("/") else f"_details/{self.address.bucket}"
        return f"https://console.cloud.google.com/storage/browser/{page}/{quote(self._name(key))}"

    def read(self, key: str) -> bytes:
        name = self._name(key)
        try:
            data, generation = self._bucket.read(name)
        except ObjectMissing:
            raise self._missing(key) from None
        self._seen.saw(name, generation)
        return data

    def write(self, key: str, data: bytes) -> None:
        name = self._name(key)
        same = partial(_is, size_bytes=len(data), crc32c=lambda: crc32c_of(data))
        self._put(key, self._seen.of(name), lambda generation: self._bucket.write(name, data, generation), same)

    def replace(self, key: str, old: bytes | None, new: bytes) -> bool:
        name = self._name(key)
        found, generation = self._read_if_there(name)
        if found != old:
            return False
        try:
            blob = self._bucket.write(name, new, generation)
        except OtherGeneration:  # it may be that of a first try whose answer was lost
            there = self._bucket.look(name)
            if there is None or not _is(there, len(new), lambda: crc32c_of(new)):
                return False
            blob = there
        self._seen.saw(name, blob.generation)
        return True

    def _read_if_there(self, name: str) -> tuple[bytes | None, int]:
        try:
            return self._bucket.read(name)
        except ObjectMissing:
            return None, NONE

    def write_from(self, key: str, file: BinaryIO) -> None:
        self._upload(key, file, self._seen.of(self._name(key)))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """From the local copy of that generation when there is one, else in parts."""
        blob = self._found(key)
        with self._cache.kept(self._bucket.local_name(blob), blob.size_bytes, blob.crc32c) as copy:
            file = copy.open("rb") if copy else BufferedReader(Ranges(blob.size_bytes, partial(self._part, key, blob)))
            with file:
                yield cast(BinaryIO, file)

    def stat(self, key: str) -> Stored | None:
        blob = self._look(key)
        return None if blob is None else self._stored(blob)

    def list(self, prefix: str) -> Iterator[Stored]:
        private = self._name(_PRIVATE)
        self._ship_left()
        for blob in self._bucket.list(self._name(prefix)):
            if not blob.name.startswith(private):
                self._seen.saw(blob.name, blob.generation)
                yield self._stored(blob)
        self._seen.saw_all(self._name(prefix))

    def delete(self, key: str) -> None:
        """Only the generation that was seen, when one was."""
        name = self._name(key)
        seen = self._seen.of(name)
        if seen == NONE:
            return
        try:
            self._bucket.delete(name, seen)
        except OtherGeneration:
            self._seen.forget(name)
        else:
            self._seen.saw(name, NONE)

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        with self._cache.scratch(PurePosixPath(key).suffix) as path:
            replaces = self._seen_now(key)
            yield path
            with path.open("rb") as file:
                blob = self._upload(key, file, replaces)
            self._cache.adopt(path, self._bucket.local_name(blob))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with ExitStack() as held:
            yield self._held_file(key, held)

    @contextmanager
    def journal(self, key: str) -> Iterator[Callable[[bytes], None]]:
        name = self._name(key)
        try:
            with open_journal(self._bucket, name, self._cache) as append:
                yield append
        finally:
            self._seen.forget(name)

    def lease(self, name: str) -> AbstractContextManager[bool]:
        return self._leases.lease(name)

    def _ship_left(self) -> None:
        """Once, so that whoever reads the ledger sees what a killed process of this machine noted last; who may only read sees the rest."""
        if not self._has_shipped_left:
            self._has_shipped_left = True
            with suppress(StorageError):
                ship_left(self._bucket, self.address.prefix, self._cache)

    def _name(self, key: str) -> str:
        return f"{self.address.prefix}{checked_key(key, self.uri)}"

    def _stored(self, blob: Blob) -> Stored:
        return Stored(blob.name.removeprefix(self.address.prefix), blob.size_bytes, blob.crc32c, str(blob.generation))

    def _missing(self, key: str) -> ObjectMissing:
        self._seen.saw(self._name(key), NONE)
        return ObjectMissing(key, self.uri, fix_of_missing(key))

    def _look(self, key: str) -> Blob | None:
        name = self._name(key)
        blob = self._bucket.look(name)
        self._seen.saw(name, blob.generation if blob else NONE)
        return blob

    def _found(self, key: str) -> Blob:
        blob = self._look(key)
        if blob is None:
            raise self._missing(key)
        return blob

    def _seen_now(self, key: str) -> int:
        seen = self._seen.of(self._name(key))
        if seen is not None:
            return seen
        blob = self._look(key)
        return blob.generation if blob else NONE

    def _upload(self, key: str, file: BinaryIO, replaces: int | None) -> Blob:
        same = partial(_is, size_bytes=file.seek(0, os.SEEK_END), crc32c=lambda: crc32c_of_file(file))
        return self._put(key, replaces, lambda generation: self._bucket.upload(self._name(key), file, generation), same)

    def _put(self, key: str, replaces: int | None, send: Callable[[int], Blob], is_same: Callable[[Blob], bool]) -> Blob:
        name = self._name(key)
        try:
            blob = put(replaces, send, lambda: self._bucket.look(name), is_same)
        except Overtaken as lost:
            raise ObjectChanged(self.uri, key, lost.expected, lost.found) from None
        self._seen.saw(name, blob.generation)
        return blob

    def _part(self, key: str, blob: Blob, start: int, end: int) -> bytes:
        try:
            if end - start == blob.size_bytes:
                return self._bucket.read(blob.name, blob.generation)[0]
            return self._bucket.read_range(blob.name, blob.generation, start, end)
        except ObjectMissing:
            why = f"its generation {blob.generation} was replaced or removed while it was being read"
            raise StorageError(self.uri, f"reading {key}", why, "Run the same command again.") from None

    def _held_file(self, key: str, held: ExitStack) -> Path:
        """A local copy of what is there now. What is replaced before it could be fetched is looked for again."""
        for _ in range(_LOOKS):
            blob = self._found(key)
            file = self._cache.file(self._bucket.local_name(blob), blob.size_bytes, blob.crc32c, partial(self._bucket.download, blob))
            try:
                return held.enter_context(file)
            except ObjectMissing:
                continue
        raise StorageError(self.uri, f"reading {key}", f"it was replaced {_LOOKS} times while it was being fetched", "Run the same command again.")


def _is(blob: Blob, size_bytes: int, crc32c: Callable[[], str]) -> bool:
    return blob.size_bytes == size_bytes and blob.crc32c == crc32c()
