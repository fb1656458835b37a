"""Keyed bytes, whole or not at all: the one interface through which everything is kept, and what is laid out on top of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from streamcap_dagster.errors import StorageError


@dataclass(frozen=True)
class Stored:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    crc32c: str = field(default="", compare=False)
    """CRC32C in base64 as Google Cloud Storage writes it; empty where only reading the object would tell."""
    version: str = field(default="", compare=False)
    """Another one after every write: a file's modification time in nanoseconds and its inode, an object's generation."""


class Storage(Protocol):
    """A root with objects under `/`-separated keys. A reader sees a whole old or a whole new object, never a part.

    Raises `ObjectMissing` (a FileNotFoundError) for a key that is not there, `StorageError` for what the storage refuses, `StorageLost` when
    it refuses everything, and `ObjectChanged` when somebody else wrote another object in the meantime. Its methods may be called from several
    threads; all of them wait for a disk or a network, so an event loop calls none.
    """

    @property
    def uri(self) -> str:
        """The root as a person would write it: a folder or `gs://bucket/prefix`."""

    def afresh(self) -> "Storage":
        """The same storage for somebody who has seen nothing of it yet, and so may replace whatever is there when it is first looked at."""

    @property
    def lanes(self) -> int:
        """How many operations at once it does fastest."""

    def link(self, key: str) -> str:
        """A page in which a person can look at the object, or at all under a key that ends in `/`; empty where there is none."""

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, data: bytes) -> None: ...

    def replace(self, key: str, old: bytes | None, new: bytes) -> bool:
        """Write an object if it holds `old` (None: if there is none), and say whether it did: of several who replace the same, one does."""

    def write_from(self, key: str, file: BinaryIO) -> None:
        """Write an object from a file that can be sought, from its start, without holding it in memory."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The object as a file that can be sought, for whoever needs only parts of it: they are fetched as they are read, all of one version."""

    def stat(self, key: str) -> Stored | None:
        """What is known of the object, or None when there is none."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Every object whose key starts with the prefix, in order of key."""

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""

    def staged(self, key: str) -> AbstractContextManager[Path]:
        """A path to write a file to; it becomes the object when the block ends well and vanishes when it does not."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path where the object can be read as a file while the block lasts. Never write to it."""

    def journal(self, key: str) -> AbstractContextManager[Callable[[bytes], None]]:
        """A way to append lines to an object while the block lasts. What was appended stays although the process is killed right after."""

    def lease(self, name: str) -> AbstractContextManager[bool]:
        """Try to be the only holder of `name` among all processes on this storage; says at once whether it worked. Ends with the block or the process."""


_MADE_BY = {"reviewed": "reviews", "captions": "caption_files"}
"""Assets that are not called like the folder of their objects."""


def fix_of_missing(key: str) -> str:
    """What to do about an object that is not there."""
    folder = key.split("/")[0]
    return f"Make it by materializing `{_MADE_BY.get(folder, folder)}` for this video, or with `streamcap run`."


def checked_key(key: str, uri: str) -> str:
    """The key itself. Raises StorageError when it would lead out of the storage."""
    if key.startswith("/") or ".." in key.split("/"):
        raise StorageError(uri, f"finding {key!r}", "a key is a relative path without `..`", "This is a fault of the caller.")
    return key
