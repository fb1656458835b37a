"""Leases in a bucket: an object that only one process can create, and that falls to others when its process is gone.

A holder that was stopped for long may go on after its lease fell to another: what it writes then is refused by the generations that it saw.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket, OtherGeneration
from streamcap_dagster.storage.gcs.heartbeat import Heartbeat, object_name
from streamcap_dagster.storage.processes import is_gone

HEARTBEAT_S = 15.0
_SILENT_BEATS = 3
_TRIES = 2
"""What was let go or left behind is tried for once more."""


@dataclass(frozen=True)
class _Claim:
    """What a lease's object says. The token tells two holders of one process apart."""

    process: str = ""
    token: str = ""


@dataclass(frozen=True)
class _Held:
    name: str
    claim: _Claim
    generation: int


@dataclass(frozen=True)
class _Watched:
    """A lease of another, its generation and that of its holder's heartbeat, and since when they are these by our own clock."""

    generations: tuple[int, int]
    since_s: float


class Leases:
    """Leases under a prefix of a bucket: `leases/<name>.json`, and `processes/<process>.json` with the holders' heartbeats."""

    def __init__(self, bucket: Bucket, prefix: str, heartbeat_s: float = HEARTBEAT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}leases/"
        self._processes = f"{prefix}processes/"
        self._heartbeat_s = heartbeat_s
        self._clock = clock
        self._heartbeat = Heartbeat(bucket, self._processes, heartbeat_s)
        self._ours: set[str] = set()
        self._watched: dict[str, _Watched] = {}

    @contextmanager
    def lease(self, name: str) -> Iterator[bool]:
        """Try to be the only holder of `name`; says at once whether it worked.

        A lease whose holder stands still falls to whoever asks for it again after three heartbeats, whatever the time is on either's clock.
        """
        heartbeat = self._heartbeat_of_this_process()
        claim = _Claim(heartbeat.process, secrets.token_hex(8))
        self._ours.add(claim.token)
        try:
            held = self._take(f"{self._prefix}{name}.json", claim)
            if held is None:
                yield False
                return
            with heartbeat.beating():
                try:
                    yield True
                finally:
                    self._let_go(held)
        finally:
            self._ours.discard(claim.token)

    def _heartbeat_of_this_process(self) -> Heartbeat:
        """A forked child is a process of its own."""
        if self._heartbeat.process_id != os.getpid():
            self._heartbeat = Heartbeat(self._bucket, self._processes, self._heartbeat_s)
        return self._heartbeat

    def _take(self, name: str, claim: _Claim) -> _Held | None:
        for _ in range(_TRIES):
            held = self._create(name, claim) or self._read(name)
            if held is None:
                continue
            if held.claim == claim:  # also when only the answer to its creation was lost
                self._watched.pop(name, None)
                return held
            if not self._is_left_behind(held):
                return None
            self._let_go(held)
            self._bucket.delete(object_name(self._processes, held.claim.process))
        return None

    def _create(self, name: str, claim: _Claim) -> _Held | None:
        try:
            return _Held(name, claim, self._bucket.write(name, json.dumps(asdict(claim)).encode(), NONE).generation)
        except OtherGeneration:
            return None

    def _read(self, name: str) -> _Held | None:
        try:
            data, generation = self._bucket.read(name)
        except ObjectMissing:
            return None
        return _Held(name, _read_claim(data), generation)

    def _let_go(self, held: _Held) -> None:
        with suppress(OtherGeneration):  # it fell to another
            self._bucket.delete(held.name, held.generation)

    def _is_left_behind(self, held: _Held) -> bool:
        if held.claim.process == self._heartbeat.process:
            return held.claim.token not in self._ours
        return is_gone(held.claim.process) or self._stands_still(held)

    def _stands_still(self, held: _Held) -> bool:
        """Whether the lease and its holder's heartbeat are what they were three heartbeats ago; a holder without any stands still too."""
        beat = self._bucket.look(object_name(self._processes, held.claim.process))
        generations = held.generation, beat.generation if beat else NONE
        watched = self._watched.get(held.name)
        if watched is None or watched.generations != generations:
            self._watched[held.name] = _Watched(generations, self._clock())
            return False
        return self._clock() - watched.since_s >= _SILENT_BEATS * self._heartbeat_s


def _read_claim(data: bytes) -> _Claim:
    """What cannot be read is nobody's, so that it is taken for left behind in time."""
    try:
        said = json.loads(data)
        return _Claim(str(said["process"]), str(said["token"]))
    except (ValueError, KeyError, TypeError):
        return _Claim()
