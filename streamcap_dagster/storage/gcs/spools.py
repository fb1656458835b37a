"""Spools: files on this machine that hold the lines of journals until these are in the bucket. They outlive their process."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from streamcap_dagster.storage.appending import append_whole
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.file_locks import is_at, try_lock
from streamcap_dagster.storage.gcs.bucket import Bucket


@dataclass(frozen=True)
class Target:
    """The object that a spool is for; the first line of the spool says it."""

    service: str
    bucket: str
    name: str

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def target(bucket: Bucket, name: str) -> Target:
    """An emulator's bucket is not Google's of that name."""
    return Target(bucket.service, bucket.name, name)


class Spool:
    """The lines for one object. Nobody else touches it while its file, which is locked, is open."""

    def __init__(self, path: Path, file: FileIO, target: Target) -> None:
        self.target = target
        self._path = path
        self._file = file
        self._start = len(target.line())

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._file.fileno()).st_size - self._start

    def append(self, lines: bytes) -> None:
        append_whole(self._file, lines)

    def read(self) -> bytes:
        return os.pread(self._file.fileno(), self.size_bytes, self._start)

    def remove(self) -> None:
        """Everything is in the bucket."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()


def new_spool(cache: FileCache, target: Target, lines: bytes) -> Spool:
    """A spool that begins with what the object has already. It is complete and locked before others can see it."""
    folder = _folder(cache)
    path = folder / f"{secrets.token_hex(8)}.jsonl"
    with cache.explained("writing the ledger"), cache.scratch(path.suffix) as coming:
        folder.mkdir(exist_ok=True)
        file = coming.open("a+b", buffering=0)
        try_lock(file)
        append_whole(file, target.line() + lines)
        coming.replace(path)
    return Spool(path, file, target)


@contextmanager
def left_behind(cache: FileCache, prefix: Target) -> Iterator[list[Spool]]:
    """The spools, for objects under a prefix, that no journal holds any more."""
    found = [spool for path in _folder(cache).glob("*.jsonl") if (spool := _abandoned(path, prefix))]
    try:
        yield found
    finally:
        for spool in found:
            spool.close()


def _folder(cache: FileCache) -> Path:
    return cache.root / "spools"


def _abandoned(path: Path, prefix: Target) -> Spool | None:
    try:
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, PermissionError):  # brought by another meanwhile, or another user's
        return None
    if try_lock(file) and is_at(file, path):
        made_for = _read_target(file)
        if made_for and (made_for.service, made_for.bucket) == (prefix.service, prefix.bucket) and made_for.name.startswith(prefix.name):
            return Spool(path, file, made_for)
    file.close()
    return None


def _read_target(file: FileIO) -> Target | None:
    try:
        return Target(**json.loads(file.readline()))
    except (ValueError, TypeError):
        return None
