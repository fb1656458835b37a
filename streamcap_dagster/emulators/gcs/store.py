"""Buckets and their objects in memory: generations, conditions, what is kept of what was deleted."""

import base64
import hashlib
import time
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import google_crc32c

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.options import Options

_PIECE = 1 << 20
"""google_crc32c takes bytes alone, so that of others a copy is made; never of all at once."""

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Hashes:
    """In base64, as the service writes them. `md5` is empty for an object that has none."""

    crc32c: str
    md5: str


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an object. `given` is what the writer says of it, such as contentType and metadata."""

    bucket: str
    name: str
    data: Data
    hashes: Hashes
    given: Mapping[str, object]
    generation: int
    created_s: float
    metageneration: int = 1
    updated_s: float = 0
    deleted_s: float | None = None
    """When it became noncurrent or was soft-deleted."""
    components: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold of the live object; None is no condition, and generation 0 is that there is none."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    def check(self, found: Object | None, reading: bool = False) -> None:
        """Raises Refusal: 412, or 304 for a reader who has this very version."""
        generation, metageneration = (found.generation, found.metageneration) if found else (0, 0)
        if self.generation not in (None, generation) or self.metageneration not in (None, metageneration):
            raise refusals.condition_failed()
        if self.not_generation == generation or (found is not None and self.not_metageneration == metageneration):
            raise refusals.not_modified() if reading else refusals.condition_failed()


def conditions_of(call: Call, prefix: str = "if") -> Conditions:
    """`prefix` is ifSource for the source of a rewrite."""
    if not any(name.startswith(prefix) for name in call.params):
        return Conditions()
    named = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
    return Conditions(*(call.number(f"{prefix}{name}") for name in named))


def hashes_of(data: Data, md5: bool) -> Hashes:
    crc32c = 0
    for begin in range(0, len(data), _PIECE):
        crc32c = google_crc32c.extend(crc32c, bytes(data[begin : begin + _PIECE]))
    return Hashes(
        base64.b64encode(crc32c.to_bytes(4)).decode(),
        base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode() if md5 else "",
    )


@dataclass(slots=True)
class Bucket:
    """Its live objects, and by name the versions that are not live any more."""

    name: str
    location: str
    soft_delete_s: int
    versioning: bool
    created_s: float
    metageneration: int = 1
    given: dict[str, object] = field(default_factory=dict)
    live: dict[str, Object] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    """Of the live objects, in order of their UTF-8 bytes, which is that of their characters."""
    noncurrent: dict[str, list[Object]] = field(default_factory=dict)
    soft_deleted: dict[str, list[Object]] = field(default_factory=dict)

    def find(self, name: str, generation: int | None = None, soft_deleted: bool = False) -> Object | None:
        """The live object, or the version of that generation."""
        if soft_deleted:
            return next((old for old in self.soft_deleted.get(name, ()) if old.generation == generation), None)
        live = self.live.get(name)
        if generation is None or (live is not None and live.generation == generation):
            return live
        return next((old for old in self.noncurrent.get(name, ()) if old.generation == generation), None)

    def set(self, made: Object) -> None:
        """Make it the live object; the one before is kept as the bucket keeps such."""
        if (before := self.live.get(made.name)) is not None:
            self._retire(before)
        else:
            insort(self.names, made.name)
        self.live[made.name] = made

    def remove(self, found: Object, by_generation: bool) -> None:
        """Delete a version. One that is asked for by its generation does not become a noncurrent one."""
        if self.live.get(found.name) is found:
            del self.live[found.name]
            del self.names[bisect_left(self.names, found.name)]
            self._retire(found, by_generation)
            return
        self.noncurrent[found.name].remove(found)
        self._soften(found)

    def _retire(self, old: Object, by_generation: bool = False) -> None:
        if self.versioning and not by_generation:
            self.noncurrent.setdefault(old.name, []).append(replace(old, deleted_s=time.time()))
        else:
            self._soften(old)

    def _soften(self, old: Object) -> None:
        if self.soft_delete_s:
            self.soft_deleted.setdefault(old.name, []).append(replace(old, deleted_s=time.time()))


class Store:
    """All buckets. Every method is over in one go, so that what it checks still holds when it writes."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._last_generation = 0
        self.buckets: dict[str, Bucket] = {}
        for name in options.buckets:
            self.make_bucket(name)

    def make_bucket(self, name: str) -> Bucket:
        bucket = Bucket(name, self._options.location, self._options.soft_delete_s, self._options.versioning, time.time())
        self.buckets[name] = bucket
        return bucket

    def bucket(self, name: str) -> Bucket:
        try:
            return self.buckets[name]
        except KeyError:
            raise refusals.no_bucket() from None

    def get(self, call: Call) -> Object:
        """The version that a call asks for; raises Refusal unless it exists and the conditions hold."""
        generation, soft_deleted = call.number("generation"), call.flag("softDeleted")
        found = self.bucket(call.bucket).find(call.name, generation, soft_deleted)
        if found is None:
            raise refusals.no_object(call.bucket, call.name)
        conditions_of(call).check(found, reading=True)
        return found

    def put(self, bucket: str, name: str, data: Data, hashes: Hashes, given: Mapping[str, object], conditions: Conditions, components: int = 0) -> Object:
        """Write an object; raises Refusal when the conditions do not hold of the one that is live."""
        into = self.bucket(bucket)
        conditions.check(into.live.get(name))
        now = time.time()
        made = Object(bucket, name, data, hashes, given, self._next_generation(now), now, updated_s=now, components=components)
        into.set(made)
        return made

    def update(self, found: Object, given: Mapping[str, object]) -> Object:
        """Another description of the same bytes."""
        bucket = self.bucket(found.bucket)
        changed = replace(found, given=given, metageneration=found.metageneration + 1, updated_s=time.time())
        if bucket.live.get(found.name) is found:
            bucket.live[found.name] = changed
        else:
            kept = bucket.noncurrent[found.name]
            kept[kept.index(found)] = changed
        return changed

    def _next_generation(self, now: float) -> int:
        self._last_generation = max(self._last_generation + 1, int(now * 1_000_000))
        return self._last_generation


def time_as_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
