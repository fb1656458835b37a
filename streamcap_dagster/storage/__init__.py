"""Keyed bytes, whole or not at all: the one interface through which everything is kept, and what is laid out on top of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stored:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int


class Storage(Protocol):
    """A root with objects under `/`-separated keys. A reader sees a whole old or a whole new object, never a part.

    Raises `ObjectMissing` (a FileNotFoundError) for a key that is not there and `StorageError` for what the storage refuses.
    """

    @property
    def uri(self) -> str:
        """The root as a person would write it: a folder or `gs://bucket/prefix`."""

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, data: bytes) -> None: ...

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
