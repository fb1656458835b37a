"""A storage laid over another: what is written stays in the upper one, and what is not there is read from the one below, which stays as it was.

For trying something out. What lies under chosen prefixes is read from and written to the storage below, as if there were nothing over it.
"""

import heapq
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage import Storage, Stored, fix_of_missing
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.processes import is_gone_from_here, process_name

_SCRATCH = "streamcap-sample-"


class Overlay:
    """`upper`, which is only ours, over `below`. Leases are those of `below`, so that one is given and respected on both."""

    def __init__(self, below: Storage, upper: Storage, through: tuple[str, ...]) -> None:
        """Keys that start with one of `through` are those of `below`."""
        self._below = below
        self._upper = upper
        self._through = through
        self._hidden: set[str] = set()
        """Keys that were removed here, and so are not looked for below."""

    @property
    def uri(self) -> str:
        return self._below.uri

    def afresh(self) -> "Overlay":
        fresh = Overlay(self._below.afresh(), self._upper, self._through)
        fresh._hidden = self._hidden
        return fresh

    @property
    def lanes(self) -> int:
        return self._below.lanes

    def link(self, key: str) -> str:
        """None: what is tried out has no page."""
        del key
        return ""

    def read(self, key: str) -> bytes:
        return self._holder(key).read(key)

    def write(self, key: str, data: bytes) -> None:
        self._writable(key).write(key, data)

    def replace(self, key: str, old: bytes | None, new: bytes) -> bool:
        if self._is_through(key):
            return self._below.replace(key, old, new)
        found = None if self.stat(key) is None else self.read(key)
        if found == old:
            self._upper.write(key, new)
        return found == old

    def write_from(self, key: str, file: BinaryIO) -> None:
        self._writable(key).write_from(key, file)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        return self._holder(key).open(key)

    def stat(self, key: str) -> Stored | None:
        try:
            return self._holder(key).stat(key)
        except ObjectMissing:
            return None

    def list(self, prefix: str) -> Iterator[Stored]:
        below = (stored for stored in self._below.list(prefix) if stored.key not in self._hidden)
        found = heapq.merge(self._upper.list(prefix), below, key=lambda stored: stored.key)
        for _, same in groupby(found, key=lambda stored: stored.key):
            yield next(same)

    def delete(self, key: str) -> None:
        self._writable(key).delete(key)
        if not self._is_through(key):
            self._hidden.add(key)

    def staged(self, key: str) -> AbstractContextManager[Path]:
        return self._writable(key).staged(key)

    def local(self, key: str) -> AbstractContextManager[Path]:
        return self._holder(key).local(key)

    def journal(self, key: str) -> AbstractContextManager[Callable[[bytes], None]]:
        return self._writable(key).journal(key)

    def lease(self, name: str) -> AbstractContextManager[bool]:
        return self._below.lease(name)

    def _is_through(self, key: str) -> bool:
        return key.startswith(self._through)

    def _writable(self, key: str) -> Storage:
        return self._below if self._is_through(key) else self._upper

    def _holder(self, key: str) -> Storage:
        """Where an object is to be looked for. Raises ObjectMissing for one that was removed here."""
        if self._is_through(key):
            return self._below
        if self._upper.stat(key) is not None:
            return self._upper
        if key in self._hidden:
            raise ObjectMissing(key, self.uri, fix_of_missing(key))
        return self._below


@contextmanager
def tried_out(below: Storage, through: tuple[str, ...]) -> Iterator[Overlay]:
    """A storage over `below` for the length of the block, kept in a folder for temporary files; what a killed process left there goes first."""
    folder = Path(tempfile.gettempdir())
    for left in folder.glob(f"{_SCRATCH}*"):
        if is_gone_from_here(left.name.removeprefix(_SCRATCH)):
            shutil.rmtree(left, ignore_errors=True)
    scratch = folder / f"{_SCRATCH}{process_name()}"
    scratch.mkdir(mode=0o700)
    try:
        yield Overlay(below, FolderStorage(scratch), through)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
