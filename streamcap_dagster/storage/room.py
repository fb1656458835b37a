"""Room in a folder of bounded size: what was not used for longest goes first, and never what somebody uses now."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from streamcap_dagster.storage.file_locks import is_at, try_lock

_COUNT_AGAIN_S = 60.0
"""How often the folder is counted while files come: meanwhile each process knows of its own files only."""
_OLDEST = 4096
"""How many candidates are remembered from one count to the next."""


class _Found(NamedTuple):
    used_ns: int
    path: str
    size_bytes: int


class Room:
    """How full `folder`, which has one level of folders in it, is. Safe for threads, and for processes that share the folder.

    The limit is a wish: a file that is larger than all of it, or that comes while everything is in use, goes over.
    """

    def __init__(self, folder: Path, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._busy = Lock()
        self._kept_bytes = 0
        self._coming_bytes = 0
        self._counted_s: float | None = None
        self._oldest: deque[_Found] = deque()

    @contextmanager
    def taken(self, size_bytes: int) -> Iterator[None]:
        """Make room for a file that comes during the block; when the block ends well, it has come."""
        with self._busy:
            self._coming_bytes += size_bytes
            self._make_room()
        try:
            yield
        except BaseException:
            self._came(size_bytes, kept_bytes=0)
            raise
        self._came(size_bytes, kept_bytes=size_bytes)

    def clear(self) -> None:
        """Remove all that nobody uses."""
        with self._busy:
            for found in self._files():
                _evicted(found, used_meanwhile=True)
            self._count()

    def _came(self, size_bytes: int, kept_bytes: int) -> None:
        with self._busy:
            self._coming_bytes -= size_bytes
            self._kept_bytes += kept_bytes

    def _make_room(self) -> None:
        if self._counted_s is None or self._clock() - self._counted_s >= _COUNT_AGAIN_S:
            self._count()
        self._evict_oldest()
        if self._is_over():  # all that was remembered is gone or in use
            self._count()
            self._evict_oldest()
        while len(self._oldest) > _OLDEST:
            self._oldest.pop()

    def _is_over(self) -> bool:
        return self._kept_bytes + self._coming_bytes > self._limit_bytes

    def _evict_oldest(self) -> None:
        while self._oldest and self._is_over():
            found = self._oldest.popleft()
            if _evicted(found):
                self._kept_bytes -= found.size_bytes

    def _count(self) -> None:
        self._kept_bytes = 0
        self._oldest = deque(sorted(self._counted()))
        self._counted_s = self._clock()

    def _counted(self) -> Iterator[_Found]:
        for found in self._files():
            self._kept_bytes += found.size_bytes
            yield found

    def _files(self) -> Iterator[_Found]:
        for folder in _entries(self._folder):
            for entry in _entries(Path(folder.path)):
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # gone since the folder was listed
                    continue
                yield _Found(stat.st_atime_ns, entry.path, stat.st_size)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _evicted(found: _Found, *, used_meanwhile: bool = False) -> bool:
    """Whether the file is gone now. It stays when somebody uses it, has used it since it was found, or lets nobody else look at it."""
    path = Path(found.path)
    try:
        with path.open("rb") as file:
            if not try_lock(file) or (os.fstat(file.fileno()).st_atime_ns > found.used_ns and not used_meanwhile):
                return False
            if is_at(file, path):
                path.unlink()
    except FileNotFoundError:
        pass
    except PermissionError:
        return False
    return True
