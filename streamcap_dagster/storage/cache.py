"""Files of a remote storage on this machine: a folder of bounded size that processes share, least recently used first to go."""

import errno
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, BinaryIO, cast

from streamcap_dagster.errors import StorageError
from streamcap_dagster.storage.checksums import crc32c_of_file
from streamcap_dagster.storage.file_locks import alone, is_at, lock_shared, try_lock
from streamcap_dagster.storage.room import Room

_MOST_CHECKED = 50_000
_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


@dataclass(frozen=True)
class _Wanted:
    path: Path
    size_bytes: int
    crc32c: str


class FileCache:
    """A folder for local copies of objects and for files on their way to becoming objects. Safe for many processes and threads.

    A file that is larger than the limit, or that is wanted while everything here is in use, goes over the limit rather than fail;
    files of `scratch` are not counted. Raises StorageError when the folder cannot be written or its disk is full.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root.expanduser().absolute()
        self.limit_bytes = limit_bytes
        self._files = self.root / "files"
        self._scratch = self.root / "scratch"
        self._room = Room(self._files, limit_bytes)
        self._checked: dict[Path, tuple[int, int]] = {}
        self._home: _Home | None = None
        self._moving_in = Lock()

    @contextmanager
    def file(self, name: str, size_bytes: int, crc32c: str, fetch: Callable[[Path], None]) -> Iterator[Path]:
        """The file of that name, which `fetch` writes, and checks, when it is not here; while the block lasts it stays.

        What is here is checked against its size and, once a process, its CRC32C. Whoever comes while it is fetched waits for it.
        """
        wanted = _Wanted(self._path(name), size_bytes, crc32c)
        with self.explained(f"keeping a copy of {name}"):
            held = self._held(wanted)
            if held is None:
                wanted.path.parent.mkdir(parents=True, exist_ok=True)
                with alone(wanted.path.with_name(f"{name}.lock")):
                    held = self._held(wanted) or self._fetched(wanted, fetch)
        with held:
            yield wanted.path

    @contextmanager
    def kept(self, name: str, size_bytes: int, crc32c: str) -> Iterator[Path | None]:
        """The file of that name if it is here, checked as by `file`; while the block lasts it stays."""
        wanted = _Wanted(self._path(name), size_bytes, crc32c)
        with self.explained(f"looking for a copy of {name}"):
            held = self._held(wanted)
        if held is None:
            yield None
            return
        with held:
            yield wanted.path

    def adopt(self, path: Path, name: str) -> None:
        """Keep a file, which a `scratch` block is about to let go, under a name. It is moved; what cannot be kept is fetched when it is wanted."""
        with suppress(OSError):
            final = self._path(name)
            final.parent.mkdir(parents=True, exist_ok=True)
            with self._room.taken(path.stat().st_size):
                path.replace(final)
            self._note_checked(final, final.stat())

    @contextmanager
    def scratch(self, suffix: str) -> Iterator[Path]:
        """A path to write a file to; it is removed when the block ends, and by the next process that comes when this one is killed."""
        with self.explained("writing a file"):
            path = self._scratch_path(suffix)
        try:
            yield path
        except OSError as error:
            if error.errno in _FULL and error.filename in (None, str(path)):
                raise self._full("writing a file") from error
            raise
        finally:
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every copy that nobody uses now."""
        self._room.clear()

    def _path(self, name: str) -> Path:
        return self._files / f"{zlib.crc32(name.encode()) & 0xFF:02x}" / name

    def _held(self, wanted: _Wanted) -> IO[bytes] | None:
        """The file, open and locked so that it stays; None when it is not here, or not what it should be."""
        try:
            file = wanted.path.open("rb")
        except FileNotFoundError:
            return None
        lock_shared(file)
        if is_at(file, wanted.path) and self._is_whole(file, wanted):
            with suppress(PermissionError):  # another user's file: it counts as used when it came
                os.utime(file.fileno(), ns=(time.time_ns(), os.fstat(file.fileno()).st_mtime_ns))
            return file
        file.close()
        return None

    def _is_whole(self, file: IO[bytes], wanted: _Wanted) -> bool:
        found = os.fstat(file.fileno())
        if found.st_size != wanted.size_bytes:
            return False
        if self._checked.get(wanted.path) == (found.st_ino, found.st_mtime_ns):
            return True
        if wanted.crc32c and crc32c_of_file(cast(BinaryIO, file)) != wanted.crc32c:
            return False
        self._note_checked(wanted.path, found)
        return True

    def _note_checked(self, path: Path, found: os.stat_result) -> None:
        if len(self._checked) >= _MOST_CHECKED:
            self._checked.clear()
        self._checked[path] = (found.st_ino, found.st_mtime_ns)

    def _fetched(self, wanted: _Wanted, fetch: Callable[[Path], None]) -> IO[bytes]:
        """Fetch the file beside, lock it, and only then give it its name."""
        coming = self._scratch_path(wanted.path.suffix)
        try:
            with self._room.taken(wanted.size_bytes):
                self._fetch(coming, fetch)
                file = self._checked_size(coming, wanted)
                lock_shared(file)
                coming.replace(wanted.path)
        finally:
            coming.unlink(missing_ok=True)
        self._note_checked(wanted.path, os.fstat(file.fileno()))
        return file

    def _checked_size(self, coming: Path, wanted: _Wanted) -> IO[bytes]:
        file = coming.open("rb")
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes == wanted.size_bytes:
            return file
        file.close()
        why = f"{size_bytes} bytes came instead of {wanted.size_bytes}"
        raise StorageError(f"the cache {self.root}", f"fetching {wanted.path.name}", why, "Run the same command again.")

    def _fetch(self, coming: Path, fetch: Callable[[Path], None]) -> None:
        try:
            fetch(coming)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._room.clear()
            fetch(coming)

    def _scratch_path(self, suffix: str) -> Path:
        with self._moving_in:
            if self._home is None or not self._home.is_ours():
                self._home = _move_in(self._scratch)
            return self._home.folder / f"{secrets.token_hex(6)}{suffix}"

    @contextmanager
    def explained(self, doing: str) -> Iterator[None]:
        """What the folder itself refuses, said in a sentence; what `fetch` could not reach elsewhere passes."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise self._full(doing) from error
            if error.errno in _UNWRITABLE and self._is_ours(error):
                fix = "Point STREAMCAP_CACHE at a folder that can be written."
                raise StorageError(f"the cache {self.root}", doing, error.strerror or str(error), fix) from error
            raise

    def _is_ours(self, error: OSError) -> bool:
        path = Path(error.filename or "")
        return path.is_absolute() and (path.is_relative_to(self.root) or self.root.is_relative_to(path))

    def _full(self, doing: str) -> StorageError:
        """What to raise, once there is as much room as can be had for whatever comes next."""
        self._room.clear()
        fix = "Free some space, lower STREAMCAP_CACHE_GB, or point STREAMCAP_CACHE at a larger disk, and run again."
        return StorageError(f"the cache {self.root}", doing, "the disk is full although all that nobody uses was removed from it", fix)


@dataclass(frozen=True)
class _Home:
    """The scratch folder of this process; others may remove it as soon as its lock is free."""

    folder: Path
    lock: IO[bytes]
    process_id: int

    def is_ours(self) -> bool:
        return self.process_id == os.getpid() and is_at(self.lock, self.folder / "lock")


def _move_in(scratch: Path) -> _Home:
    _sweep(scratch)
    while True:
        folder = scratch / secrets.token_hex(6)
        folder.mkdir(parents=True)
        with suppress(FileNotFoundError):  # swept before it was locked
            lock = (folder / "lock").open("ab")
            if try_lock(lock) and is_at(lock, folder / "lock"):
                _check_locks(scratch, folder / "lock")
                return _Home(folder, lock, os.getpid())


def _check_locks(scratch: Path, locked: Path) -> None:
    """Network disks give a process a lock that it has already, so that there it would remove its own files."""
    with locked.open("ab") as again:
        if try_lock(again):
            fix = "Point STREAMCAP_CACHE at a folder on a disk of this machine."
            raise StorageError(f"the cache {scratch.parent}", "locking a file", "its disk does not keep locks apart, as over NFS", fix)


def _sweep(scratch: Path) -> None:
    """Remove what killed processes left."""
    for folder in scratch.iterdir() if scratch.is_dir() else ():
        with suppress(FileNotFoundError), (folder / "lock").open("ab") as lock:
            if try_lock(lock):
                shutil.rmtree(folder, ignore_errors=True)
