"""The heartbeat of a process in a bucket: an object that becomes another generation every few seconds for as long as the process lives."""

import atexit
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket, OtherGeneration
from streamcap_dagster.storage.processes import process_name

_CONNECTIONS = 2
"""Of its own, so that it does not wait for those of large objects."""
_DEADLINE_S = 10.0
_QUIET_BEATS = 2
"""How long it goes on when nothing is held any more, for the next lease mostly comes soon."""
_FAREWELL_S = 3.0
"""How long the end of the process waits for its objects to be removed; one that stays counts as a process that stands still."""


class Heartbeat:
    """`<prefix><process>.json`, written by one thread, only while somebody is in a `beating` block."""

    def __init__(self, bucket: Bucket, prefix: str, every_s: float) -> None:
        self.process = process_name()
        self.process_id = os.getpid()
        self._bucket = Bucket(bucket.name, _CONNECTIONS, _DEADLINE_S)
        self._name = object_name(prefix, self.process)
        self._every_s = every_s
        self._blocks = 0
        self._quiet = 0
        self._changing = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self) -> Iterator[None]:
        with self._changing:
            self._blocks += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()
                _beating.add(self)
                atexit.unregister(_say_farewell)  # once is enough, and a forked child has lost what its parent registered
                atexit.register(_say_farewell)
        try:
            yield
        finally:
            with self._changing:
                self._blocks -= 1

    def _run(self) -> None:
        last = self._beat(NONE)
        while not self._is_over():
            last = self._beat(last)
        with suppress(StreamcapError, OtherGeneration):  # the next block's thread may have beaten already
            self._bucket.delete(self._name, last)

    def _is_over(self) -> bool:
        """Whether, a beat later, this process ends, or held nothing for a while; from then on the next block starts another thread."""
        if self._ending.wait(self._every_s):
            return True
        with self._changing:
            self._quiet = 0 if self._blocks else self._quiet + 1
            if self._quiet <= _QUIET_BEATS:
                return False
            self._quiet, self._thread = 0, None
            _beating.discard(self)
            return True

    def _beat(self, last: int) -> int:
        """The generation of the newest beat.

        One that fails is left out: what the bucket refuses is told to whoever works with it, and nobody can be robbed within two beats.
        """
        with suppress(StreamcapError):
            return self._bucket.write(self._name, json.dumps({"process": self.process}).encode()).generation
        return last

    def end(self) -> None:
        """Have the object removed soon."""
        self._ending.set()

    def wait(self, patience_s: float) -> None:
        thread = self._thread
        if thread is not None:
            thread.join(patience_s)


_beating: set[Heartbeat] = set()


def _say_farewell() -> None:
    """All at once: a process that opened a storage many times, and has lost its network, is not to wait for each."""
    until_s = time.monotonic() + _FAREWELL_S
    last = list(_beating)
    for heartbeat in last:
        heartbeat.end()
    for heartbeat in last:
        heartbeat.wait(max(0.0, until_s - time.monotonic()))


def object_name(prefix: str, process: str) -> str:
    """Where a process's heartbeat is."""
    return f"{prefix}{process}.json"
