"""A folder as storage: files under their keys, written beside and renamed into place."""

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from streamcap_dagster.errors import ObjectMissing, StorageError, StorageLost
from streamcap_dagster.storage import Stored, checked_key, fix_of_missing, keys
from streamcap_dagster.storage.appending import append_whole
from streamcap_dagster.storage.file_locks import alone

_PRIVATE = ".streamcap"
"""Folder for what is not an object: files still being written, and locks."""
_NO_OBJECTS = (_PRIVATE, "lost+found")
"""The latter is the file system's own, where the storage is a whole disk, and nobody but root may list it."""
_TAKES_NOTHING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a disk says that refuses whatever anybody writes."""
_LANES = 4
_CHUNK_BYTES = 4 << 20


class FolderStorage:
    """Objects are files under `root`; a new one is complete before it gets its name."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self._staging = self.root / _PRIVATE / "staging"
        self._leases = self.root / _PRIVATE / "leases"
        self._locks = self.root / _PRIVATE / "locks"

    @property
    def uri(self) -> str:
        return str(self.root)

    def afresh(self) -> "FolderStorage":
        return self

    @property
    def lanes(self) -> int:
        return _LANES

    def link(self, key: str) -> str:
        del key
        return ""

    def read(self, key: str) -> bytes:
        try:
            with self._path(key).open("rb", buffering=0) as file:  # plainly, for a look at a large corpus reads 100,000 of them
                return file.readall()
        except OSError as error:
            raise self._explained(error, key, "reading") from error

    def write(self, key: str, data: bytes) -> None:
        with self.staged(key) as path:
            path.write_bytes(data)

    def replace(self, key: str, old: bytes | None, new: bytes) -> bool:
        name = hashlib.sha256(key.encode()).hexdigest()
        try:
            self._locks.mkdir(parents=True, exist_ok=True)
            with alone(self._locks / name):
                if self._read_if_there(key) != old:
                    return False
                self.write(key, new)
        except OSError as error:
            raise self._explained(error, key, "writing") from error
        return True

    def _read_if_there(self, key: str) -> bytes | None:
        try:
            return self.read(key)
        except ObjectMissing:
            return None

    def write_from(self, key: str, file: BinaryIO) -> None:
        file.seek(0)
        with self.staged(key) as path, path.open("wb") as copy:
            shutil.copyfileobj(file, copy, _CHUNK_BYTES)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        try:
            file = self._path(key).open("rb")
        except OSError as error:
            raise self._explained(error, key, "reading") from error
        with file:
            yield file

    def stat(self, key: str) -> Stored | None:
        try:
            found = self._path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._explained(error, key, "looking for") from error
        return Stored(key, found.st_size, version=_version(found))

    def list(self, prefix: str) -> Iterator[Stored]:
        parent = checked_key(prefix, self.uri).rpartition("/")[0]
        found = self._walk(str(self.root / parent), f"{parent}/" if parent else "", prefix)
        yield from sorted(found, key=attrgetter("key"))

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            raise self._explained(error, key, "deleting") from error

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        final = self._path(key)
        staged = self._staging / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(6)}{final.suffix}"
        try:
            for folder in (staged.parent, final.parent):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._explained(error, key, "writing") from error
        try:
            yield staged
            staged.replace(final)
        except OSError as error:
            raise self._explained(error, key, "writing") from error
        finally:
            staged.unlink(missing_ok=True)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        if self.stat(key) is None:
            raise ObjectMissing(key, self.uri, fix_of_missing(key))
        yield self._path(key)

    @contextmanager
    def journal(self, key: str) -> Iterator[Callable[[bytes], None]]:
        path = self._path(key)

        def append(line: bytes) -> None:
            try:
                append_whole(file, line)
            except OSError as error:
                raise self._explained(error, key, "writing") from error

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("ab", buffering=0)
        except OSError as error:
            raise self._explained(error, key, "writing") from error
        with file:
            yield append

    @contextmanager
    def lease(self, name: str) -> Iterator[bool]:
        """The lock dies with its process, so a killed run never leaves one behind."""
        try:
            self._leases.mkdir(parents=True, exist_ok=True)
            lock = (self._leases / name).open("w")
        except OSError as error:
            raise self._explained(error, f"the lock {name}", "writing") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def sweep(self) -> int:
        """Remove what killed processes of this machine left half-written; returns how many files."""
        swept = 0
        for path in self._staging.glob(f"{socket.gethostname()}-*"):
            pid = path.name.removeprefix(f"{socket.gethostname()}-").split("-")[0]
            if pid.isdigit() and not _alive(int(pid)):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                swept += 1
        return swept

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key, self.uri)

    def _walk(self, folder: str, key: str, prefix: str) -> Iterator[Stored]:
        """What has the prefix in a folder and those in it; `key` is that of all its files. Plain strings: a Path per file would take most of the time."""
        for entry in self._entries(folder, key):
            name = key + entry.name
            if entry.is_dir():
                if (name.startswith(prefix) or prefix.startswith(f"{name}/")) and self._is_walked(entry, name, prefix):
                    yield from self._walk(entry.path, f"{name}/", prefix)
            elif name.startswith(prefix):
                try:
                    found = entry.stat()
                except FileNotFoundError:  # gone since the folder was listed
                    if entry.is_symlink() and name in keys.FOLDERS:
                        raise self._away(name) from None
                    continue
                except OSError as error:
                    raise self._explained(error, name, "looking for") from error
                yield Stored(name, found.st_size, version=_version(found))

    def _entries(self, folder: str, key: str) -> Sequence[os.DirEntry[str]]:
        """None of a folder that is not there. One that cannot be listed is another matter: whoever took it for empty would lose what it holds."""
        try:
            return list(os.scandir(folder))
        except FileNotFoundError:
            if _is_behind_dangling_link(Path(folder)):
                raise self._away(key) from None
            return []
        except NotADirectoryError:
            return []
        except OSError as error:
            raise self._explained(error, key or "what is there", "listing") from error

    def _is_walked(self, entry: os.DirEntry[str], key: str, prefix: str) -> bool:
        """Of links only those that put a folder of ours on another disk: what lies behind others is somebody else's, and would be removed as ours.

        Raises StorageError for any other where everything is asked for, unless it leads to what is listed anyway.
        """
        if entry.name in _NO_OBJECTS or not entry.is_symlink():
            return entry.name not in _NO_OBJECTS
        real, root = os.path.realpath(entry.path), os.path.realpath(self.root)
        common, is_ours = os.path.commonpath((real, root)), key in keys.FOLDERS
        if is_ours and common not in (real, root):
            return True
        if prefix or (common == root and not is_ours):
            return False
        why = f"it is a link to {real}, and only folders of the storage itself may lie elsewhere, outside of it"
        raise StorageError(self.uri, f"listing {key}", why, "Put the folder itself there, or take the link away.")

    def _away(self, key: str) -> StorageError:
        why = "a link that it lies behind leads to no folder"
        return StorageError(self.uri, f"listing {key or 'what is there'}", why, "Bring back the disk that it leads to, or mend the link.")

    def _is_foreign(self, error: OSError) -> bool:
        """Whether an error is of a file elsewhere, which the block of `staged` was reading."""
        if not isinstance(error.filename, str | Path):
            return False
        path = Path(error.filename)
        return not (path.is_relative_to(self.root) or self.root.is_relative_to(path))

    def _explained(self, error: OSError, key: str, doing: str) -> OSError | StorageError:
        if isinstance(error, ObjectMissing):
            return error
        if self._is_foreign(error):
            return error
        if isinstance(error, FileNotFoundError) and doing != "writing":
            return ObjectMissing(key, self.uri, fix_of_missing(key))
        allowed = "write permission on" if doing in ("writing", "deleting") else "permission to read"
        fixes = {
            errno.ENOSPC: "Free some space (or point STREAMCAP_STORAGE at a larger disk) and run again; nothing that exists was changed.",
            errno.EDQUOT: "The disk quota is used up: free some space and run again; nothing that exists was changed.",
            errno.EFBIG: "The file-size limit of this process is too low: raise it (`ulimit -f`) and run again; nothing that exists was changed.",
            errno.EACCES: f"Give this user {allowed} the folder, or choose another STREAMCAP_STORAGE.",
            errno.EROFS: "The folder is read-only: choose another STREAMCAP_STORAGE.",
            errno.EMFILE: "This process has more files open than it may: raise the limit (`ulimit -n`) and run again.",
            errno.ENOTDIR: "A file stands where a folder is needed: choose another STREAMCAP_STORAGE.",
            errno.EEXIST: "A file stands where a folder is needed: choose another STREAMCAP_STORAGE.",
        }
        if error.errno not in fixes:
            return error
        kind = StorageLost if error.errno in _TAKES_NOTHING else StorageError
        return kind(self.uri, f"{doing} {key}", error.strerror or str(error), fixes[error.errno])


def _version(found: os.stat_result) -> str:
    """A new object is a new file; its time alone would be the same for two that are written within a tick of the disk's clock."""
    return f"{found.st_mtime_ns}.{found.st_ino}"


def _is_behind_dangling_link(path: Path) -> bool:
    there = next(place for place in (path, *path.parents) if place.is_symlink() or place.exists())
    return there.is_symlink() and not there.exists()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
