"""A journal in a bucket, where nothing can be appended to: lines go to a file on this machine at once, and the whole file to the bucket every few seconds.

Each time all of it is written anew, so that a journal is better ended, and another begun, before it has many megabytes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamcap_dagster.errors import ObjectMissing, StreamcapError
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket, OtherGeneration
from streamcap_dagster.storage.gcs.spools import Spool, left_behind, new_spool, target

SHIP_EVERY_S = 2.0
_APART_S = 1.0
"""An object takes one write a second: https://cloud.google.com/storage/quotas#objects."""


@contextmanager
def open_journal(bucket: Bucket, name: str, cache: FileCache) -> Iterator[Callable[[bytes], None]]:
    """A way to append lines to an object while the block lasts. What was appended outlives this process, in a spool that the next one ships.

    When the bucket does not take the lines, the next append raises what it says, or else the end of the block; the spool stays.
    """
    ship_left(bucket, name, cache)
    try:
        known = bucket.read(name)[0]
    except ObjectMissing:
        known = b""
    shipper = _Shipper(bucket, new_spool(cache, target(bucket, name), known), cache)
    try:
        yield shipper.append
    finally:
        shipper.close()


def ship_left(bucket: Bucket, prefix: str, cache: FileCache) -> None:
    """Bring to the bucket what processes of this machine left behind that were killed before they could. Costs nothing when there is none."""
    with left_behind(cache, target(bucket, prefix)) as spools:
        for spool in spools:
            found, lines = bucket.look(spool.target.name), spool.read()
            if found is None or found.size_bytes < len(lines):
                try:
                    bucket.write(spool.target.name, lines, found.generation if found else NONE)
                except OtherGeneration:  # written by another since; what is longer then is seen the next time
                    continue
            spool.remove()


class _Shipper:
    """Takes the lines of one journal, and brings them to the bucket in a thread of its own."""

    def __init__(self, bucket: Bucket, spool: Spool, cache: FileCache) -> None:
        self._bucket = bucket
        self._spool = spool
        self._cache = cache
        self._shipped_bytes = spool.size_bytes
        self._shipped_s = float("-inf")
        self._failure: StreamcapError | None = None
        self._has_more = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def append(self, lines: bytes) -> None:
        self._tell_failure()
        with self._cache.explained("writing the ledger"):
            self._spool.append(lines)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        self._has_more.set()

    def close(self) -> None:
        self._ending.set()
        self._has_more.set()
        try:
            if self._thread is not None:
                self._thread.join()
            if self._failure is None and self._spool.size_bytes > self._shipped_bytes:
                time.sleep(max(0.0, self._shipped_s + _APART_S - time.monotonic()))
                self._ship()
            self._tell_failure()
            self._spool.remove()
        finally:
            self._spool.close()

    def _run(self) -> None:
        while not self._ending.wait(SHIP_EVERY_S):
            self._has_more.wait()
            if not self._ending.is_set():
                self._ship()

    def _ship(self) -> None:
        self._has_more.clear()
        lines = self._spool.read()
        try:
            self._bucket.write(self._spool.target.name, lines)
            self._shipped_bytes, self._failure = len(lines), None
        except StreamcapError as error:
            self._failure = error
            self._has_more.set()
        self._shipped_s = time.monotonic()

    def _tell_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
