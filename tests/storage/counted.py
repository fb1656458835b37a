"""A folder that is as far away as a bucket: every operation takes its time and is counted, and none may hold up an event loop."""

import asyncio
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from streamcap_dagster.storage import Stored
from streamcap_dagster.storage.folder import FolderStorage


class CountedStorage:
    """Counts as a bucket would: a request for each operation, for each part that is read of an open object, and two for a lease."""

    def __init__(self, root: Path, latency_s: float = 0.0, lanes: int = 8) -> None:
        self.lanes = lanes
        self.requests: list[tuple[str, str]] = []
        """Operation and key of each, in order."""
        self._folder = FolderStorage(root)
        self._latency_s = latency_s
        self._now = 0
        self.most_at_once = 0
        self._lent = 0
        self.most_lent = 0
        """How many objects were lent as files at once, each of which may be an open file."""
        self._lock = threading.Lock()

    @property
    def root(self) -> Path:
        return self._folder.root

    @property
    def uri(self) -> str:
        return self._folder.uri

    @property
    def counted(self) -> Counter[str]:
        """How many of each operation."""
        return Counter(operation for operation, _ in self.requests)

    def afresh(self) -> "CountedStorage":
        return self

    def link(self, key: str) -> str:
        return f"https://console.example/{key}"

    def read(self, key: str) -> bytes:
        self._ask("read", key)
        return self._folder.read(key)

    def write(self, key: str, data: bytes) -> None:
        self._ask("write", key)
        self._folder.write(key, data)

    def write_from(self, key: str, file: BinaryIO) -> None:
        self._ask("write", key)
        self._folder.write_from(key, file)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        self._ask("stat", key)
        with self._folder.open(key) as file:
            yield cast(BinaryIO, _CountedFile(cast(io.BufferedReader, file), lambda: self._ask("range", key)))

    def stat(self, key: str) -> Stored | None:
        self._ask("stat", key)
        return self._folder.stat(key)

    def list(self, prefix: str) -> Iterator[Stored]:
        self._ask("list", prefix)
        return self._folder.list(prefix)

    def delete(self, key: str) -> None:
        self._ask("delete", key)
        self._folder.delete(key)

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        _not_on_a_loop("staged", key)
        with self._folder.staged(key) as path:
            yield path
            self._ask("write", key)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        self._ask("stat", key)
        with self._folder.local(key) as path:
            with self._lock:
                self._lent += 1
                self.most_lent = max(self.most_lent, self._lent)
            try:
                yield path
            finally:
                with self._lock:
                    self._lent -= 1
            _not_on_a_loop("local", key)

    @contextmanager
    def journal(self, key: str) -> Iterator[Callable[[bytes], None]]:
        self._ask("write", key)
        with self._folder.journal(key) as append:
            yield append

    def lease(self, name: str) -> AbstractContextManager[bool]:
        return self._lease(name)

    @contextmanager
    def _lease(self, name: str) -> Iterator[bool]:
        self._ask("lease", name)
        with self._folder.lease(name) as held:
            try:
                yield held
            finally:
                if held:
                    self._ask("lease", name)

    def _ask(self, operation: str, key: str) -> None:
        _not_on_a_loop(operation, key)
        with self._lock:
            self.requests.append((operation, key))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self._latency_s)
        with self._lock:
            self._now -= 1


class _CountedFile(io.RawIOBase):
    """Tells of each read."""

    def __init__(self, file: io.BufferedReader, told: Callable[[], None]) -> None:
        self._file = file
        self._told = told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: object) -> int:
        self._told()
        return self._file.readinto(buffer)  # type: ignore[arg-type]


def _not_on_a_loop(operation: str, key: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise AssertionError(f"{operation} of {key} holds up an event loop")
