"""Buckets and their versions of objects, in memory or in files."""

import time
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.folder import Folder
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.versions import Conditions, Data, Hashes, Object


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
            return next((old for old in self.still_kept(name) if old.generation == generation), None)
        live = self.live.get(name)
        if generation is None or (live is not None and live.generation == generation):
            return live
        return next((old for old in self.noncurrent.get(name, ()) if old.generation == generation), None)

    def still_kept(self, name: str) -> list[Object]:
        """Those that are soft-deleted and can be restored."""
        now = time.time()
        return [old for old in self.soft_deleted.get(name, ()) if (old.deleted_s or 0) + self.soft_delete_s > now]

    def as_of(self, moment_s: float) -> "Bucket":
        """The live objects as they were then, as far as those that are gone since are kept."""
        gone = {name: [*self.noncurrent.get(name, ()), *self.soft_deleted.get(name, ())] for name in {*self.noncurrent, *self.soft_deleted}}
        then = {name: one for name, one in self.live.items() if one.created_s <= moment_s}
        then |= {name: one for name, ones in gone.items() for one in ones if one.created_s <= moment_s < (one.deleted_s or 0)}
        return replace(self, live=then, names=sorted(then), noncurrent={}, soft_deleted={})

    def set(self, made: Object) -> Object | None:
        """Make it the live object; the one before is kept as the bucket keeps such, and returned."""
        if (before := self.live.get(made.name)) is not None:
            self._retire(before)
        else:
            insort(self.names, made.name)
        self.live[made.name] = made
        return before

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
        self._folder = Folder(options.folder) if options.folder else None
        self.buckets: dict[str, Bucket] = {}
        for name in {*options.buckets, *(self._folder.buckets() if self._folder else ())}:
            self.make_bucket(name)

    def make_bucket(self, name: str) -> Bucket:
        """A bucket with what a folder has kept of it."""
        bucket = Bucket(name, self._options.location, self._options.soft_delete_s, self._options.versioning, time.time())
        self.buckets[name] = bucket
        if self._folder:
            self._folder.make_bucket(name)
            for kept in self._folder.objects(name):
                bucket.set(kept)
                self._last_generation = max(self._last_generation, kept.generation)
        return bucket

    def remove_bucket(self, name: str) -> None:
        del self.buckets[name]
        if self._folder:
            self._folder.remove_bucket(name)

    def bucket(self, name: str) -> Bucket:
        try:
            return self.buckets[name]
        except KeyError:
            raise refusals.no_bucket() from None

    def put(self, bucket: str, name: str, data: Data, hashes: Hashes, given: Mapping[str, object], conditions: Conditions, components: int = 0) -> Object:
        """Write an object; raises Refusal when the conditions do not hold of the one that is live."""
        into = self.bucket(bucket)
        conditions.check(into.live.get(name))
        now = time.time()
        made = Object(bucket, name, data, hashes, given, self._next_generation(now), now, updated_s=now, components=components)
        if self._folder:
            made = self._folder.keep(made)
        if before := into.set(made):
            self._forget(before)
        return made

    def remove(self, found: Object, by_generation: bool) -> None:
        """Delete a version; see Bucket.remove."""
        self.bucket(found.bucket).remove(found, by_generation)
        self._forget(found)

    def update(self, found: Object, given: Mapping[str, object]) -> Object:
        """Another description of the same bytes."""
        bucket = self.bucket(found.bucket)
        changed = replace(found, given=given, metageneration=found.metageneration + 1, updated_s=time.time())
        if bucket.live.get(found.name) is found:
            bucket.live[found.name] = changed
            if self._folder:
                self._folder.describe(changed)
        else:
            kept = bucket.noncurrent[found.name]
            kept[kept.index(found)] = changed
        return changed

    def _forget(self, gone: Object) -> None:
        """Versions that are not live are kept in memory alone."""
        if self._folder:
            self._folder.forget(gone)

    def _next_generation(self, now: float) -> int:
        self._last_generation = max(self._last_generation + 1, int(now * 1_000_000))
        return self._last_generation
