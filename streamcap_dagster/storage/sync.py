"""One storage copied into another: what differs is copied and checked, objects before the books that speak of them; nothing is removed unless asked."""

import io
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO, TypeVar, cast

from streamcap_dagster.errors import ObjectMissing, RunStopped, StorageError, StreamcapError
from streamcap_dagster.storage import Storage, Stored, keys
from streamcap_dagster.storage.checksums import Crc32c, crc32c_of, crc32c_of_file
from streamcap_dagster.storage.many import side_by_side

_CARD = f"{keys.DATASET}/README.md"
_BOOKS = (_CARD, keys.RECEIPTS, keys.MANIFEST)
"""Prefixes of what speaks of other objects, in the order in which it follows them: the card of shards, receipts, the manifest."""
_SMALL_BYTES = 1 << 20
"""What is not larger is copied in one piece, and before it is written is known to be what was listed."""
_LARGE_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20
_AGAIN = "Run the same command again: what is the same by then is skipped."

T = TypeVar("T", Stored, str)
Join = Callable[[str, bytes, bytes], bytes]
"""Of a key, what the source holds there and what the target does, makes what the target is to hold; from several threads, and again if need be."""
Told = Callable[[int], None]
"""Is given the bytes of the source that were just dealt with, from several threads."""


@dataclass(frozen=True)
class Plan:
    """What makes the target hold what the source holds. Everything is in order of key."""

    new: tuple[Stored, ...]
    changed: tuple[Stored, ...]
    """In both, with other bytes: the source's."""
    same: tuple[Stored, ...]
    extra: tuple[Stored, ...]
    """Only in the target; a tombstone that only the target has is not one of them, for removing it would take a video back."""
    decided_there: tuple[Stored, ...] = ()
    """Only in the target too, and decided by people: never removed."""
    left_out: tuple[Stored, ...] = ()
    """Of videos that were taken down, here or there, and so not copied."""
    taken_down: tuple[str, ...] = ()
    """Those videos, and every other that was taken down and of which the target holds something."""

    @property
    def to_copy(self) -> tuple[Stored, ...]:
        return tuple(sorted((*self.new, *self.changed), key=lambda stored: stored.key))


@dataclass
class Report:
    """What was done, and what was not and why."""

    copied: int = 0
    copied_bytes: int = 0
    removed: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """Why, by key."""
    held_back: int = 0
    """Books that were not copied, because something that they may speak of was not."""


def untold(size_bytes: int) -> None:
    """For whoever does not watch."""
    del size_bytes


def plan_sync(source: Storage, target: Storage) -> Plan:
    """Compare two storages by key, size and CRC32C; a folder's objects are read where only that tells.

    The source's books are summed up before its objects are listed, so that none is copied that speaks of an object younger than the copy.
    Nothing is copied of a video that was taken down at either of the two.
    """
    listed = [stored for prefix in _BOOKS for stored in source.list(prefix)]
    books = {stored.key: stored for stored in side_by_side(source.lanes, partial(_summed, source), listed)}
    theirs = {stored.key: stored for stored in target.list("")}
    ours = [books.get(stored.key, stored) for stored in source.list("")]
    stones = [key for key in {*theirs, *(stored.key for stored in ours)} if key.startswith(keys.TOMBSTONES)]
    taken_down = sorted(key.removeprefix(keys.TOMBSTONES).removesuffix(".json") for key in stones)
    forbidden, remains = (_of_videos(sorted(names), taken_down) for names in ([stored.key for stored in ours], theirs))
    wanted = [stored for stored in ours if stored.key not in forbidden]
    in_both = [stored for stored in wanted if stored.key in theirs]
    alike = side_by_side(_lanes(source, target), lambda stored: _same(source, stored, target, theirs[stored.key]), in_both)
    equal = {stored.key for stored, same in zip(in_both, alike, strict=True) if same}
    known = {*stones, *(stored.key for stored in ours)}
    only_there = [stored for key, stored in theirs.items() if key not in known]
    decided = {stored.key for stored in only_there if _is_decided(stored.key) and stored.key not in remains}
    return Plan(
        new=tuple(stored for stored in wanted if stored.key not in theirs),
        changed=tuple(stored for stored in wanted if stored.key in theirs and stored.key not in equal),
        same=tuple(stored for stored in wanted if stored.key in equal),
        extra=tuple(stored for stored in only_there if stored.key not in decided),
        decided_there=tuple(stored for stored in only_there if stored.key in decided),
        left_out=tuple(stored for stored in ours if stored.key in forbidden),
        taken_down=tuple(sorted({*forbidden.values(), *remains.values()})),
    )


def _of_videos(names: Sequence[str], video_ids: Iterable[str]) -> dict[str, str]:
    """Which of these keys, which are in order, hold something of one of these videos, and of which."""
    found: dict[str, str] = {}
    for video_id in video_ids:
        for key in keys.all_of(video_id):
            for at in range(bisect_left(names, key), len(names)):
                if not (names[at].startswith(key) if key.endswith(("/", ".")) else names[at] == key):
                    break
                found[names[at]] = video_id
    return found


def theirs_stays(key: str, ours: bytes, theirs: bytes) -> bytes:
    """For whoever cannot join the two."""
    del key, ours
    return theirs


def is_joined(key: str, delete: bool = False) -> bool:
    """Whether what the target holds there is not overwritten but joined with the source's."""
    return _is_decided(key) or (_is_answers(key) and not delete)


def carry_out(source: Storage, target: Storage, plan: Plan, delete: bool = False, told: Told = untold, join: Join = theirs_stays) -> Report:
    """Do what was planned; `delete` also removes what only the target has. What fails is in the report, and the next plan has it again.

    A receipt that is going to change is taken away first, so that it never speaks for objects that it did not see. What people decided is never
    overwritten: `join` makes one of two. Answers of a captioner that only the target has are kept beside the source's, unless `delete` is asked.
    Raises StorageLost when one of the two is gone as a whole.
    """
    report = Report()
    joins = {stored.key: _with_answers_of for stored in plan.changed if _is_answers(stored.key) and not delete}
    joins |= {stored.key: partial(join, stored.key) for stored in plan.to_copy if _is_decided(stored.key)}
    _do_all(target.lanes, target.delete, [stored.key for stored in plan.changed if stored.key.startswith(keys.RECEIPTS)], report)
    copy = _Copy(source, target, joins, told)
    for batch in _in_turn(plan.to_copy):
        if report.failures:
            report.held_back += len(batch)
            continue
        small = [stored for stored in batch if stored.size_bytes <= _SMALL_BYTES]
        large = [stored for stored in batch if stored.size_bytes > _SMALL_BYTES]
        for lanes, some in ((_lanes(source, target), small), (_LARGE_AT_ONCE, large)):
            done = _do_all(lanes, copy, some, report)
            report.copied += len(done)
            report.copied_bytes += sum(stored.size_bytes for stored in done)
    if delete and not report.failures:
        for batch in reversed(list(_in_turn(plan.extra))):
            report.removed += len(_do_all(target.lanes, target.delete, [stored.key for stored in batch], report))
    return report


@dataclass(frozen=True)
class _Copy:
    """Copies one object and looks whether what arrived is what was read."""

    source: Storage
    target: Storage
    joins: Mapping[str, Callable[[bytes, bytes], bytes]]
    """How the source's bytes and the target's become one, by key, where they are not to be overwritten."""
    told: Told

    def __call__(self, stored: Stored) -> None:
        arrived = self._written(stored)
        there = self.target.stat(stored.key)
        if there is None or there.size_bytes != arrived.size_bytes or _summed(self.target, there).crc32c != arrived.crc32c:
            why = "what is there now is not what was written, so somebody else writes there, or the disk does not keep what it is given"
            raise StorageError(self.target.uri, f"writing {stored.key}", why, _AGAIN)

    def _written(self, stored: Stored) -> Stored:
        if stored.key in self.joins:
            return self._joined(stored)
        return self._in_one_piece(stored) if stored.size_bytes <= _SMALL_BYTES else self._in_chunks(stored)

    def _in_one_piece(self, stored: Stored) -> Stored:
        data = self._read(stored)
        self.target.write(stored.key, data)
        self.told(stored.size_bytes)
        return Stored(stored.key, len(data), crc32c_of(data))

    def _joined(self, stored: Stored) -> Stored:
        """Nothing that somebody writes there meanwhile is lost: then it is joined with that."""
        ours, theirs = self._read(stored), _read_if_there(self.target, stored.key)
        while (joined := ours if theirs is None else self.joins[stored.key](ours, theirs)) != theirs:
            if self.target.replace(stored.key, theirs, joined):
                break
            theirs = _read_if_there(self.target, stored.key)
        self.told(stored.size_bytes)
        return Stored(stored.key, len(joined), crc32c_of(joined))

    def _read(self, stored: Stored) -> bytes:
        data = self.source.read(stored.key)
        self._unchanged(stored, len(data), crc32c_of(data))
        return data

    def _in_chunks(self, stored: Stored) -> Stored:
        with self.source.open(stored.key) as file:
            read = _Summing(file, partial(self._unchanged, stored), stored.size_bytes, self.told)
            self.target.write_from(stored.key, cast(BinaryIO, io.BufferedReader(read, _CHUNK_BYTES)))
        self._unchanged(stored, read.size_bytes, read.crc32c)
        return Stored(stored.key, read.size_bytes, read.crc32c)

    def _unchanged(self, stored: Stored, size_bytes: int, crc32c: str) -> None:
        if size_bytes != stored.size_bytes or crc32c != (stored.crc32c or crc32c):
            why = "it is not what was listed: a run is at work there, or it arrived spoilt"
            raise StorageError(self.source.uri, f"copying {stored.key}", why, _AGAIN)


class _Summing(io.RawIOBase):
    """A file that sums up what is read of it. Whoever reads may go back and read again, as an upload that is resumed does.

    Before it gives out the last bytes that it should have it has the sum checked, so that nothing that is wrong gets a name.
    """

    def __init__(self, file: BinaryIO, check: Callable[[int, str], None], expected_bytes: int, told: Told) -> None:
        self._file = file
        self._check = check
        self._expected_bytes = expected_bytes
        self._told = told
        self._checksum = Crc32c()
        self.size_bytes = 0
        """How far it was read."""

    @property
    def crc32c(self) -> str:
        return str(self._checksum)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        start = self._file.tell()
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        unseen = data[self.size_bytes - start :] if start <= self.size_bytes else b""
        self._checksum.update(unseen)
        self.size_bytes += len(unseen)
        if unseen and self.size_bytes >= self._expected_bytes:
            self._check(self.size_bytes, self.crc32c)
        self._told(len(unseen))
        return len(data)


def _do_all(lanes: int, work: Callable[[T], None], items: Iterable[T], report: Report) -> list[T]:
    """Do one thing to many; returns those that it worked for, and notes why it did not for the others."""

    def tried(item: T) -> tuple[T, str]:
        try:
            work(item)
        except RunStopped:
            raise
        except (StreamcapError, OSError) as error:
            return item, str(error)
        return item, ""

    tries = list(side_by_side(lanes, tried, items))
    report.failures |= {item if isinstance(item, str) else item.key: why for item, why in tries if why}
    return [item for item, why in tries if not why]


def _in_turn(listed: Iterable[Stored]) -> Iterator[list[Stored]]:
    """What speaks of nothing, then each kind of books."""
    every = list(listed)
    yield [stored for stored in every if not stored.key.startswith(_BOOKS)]
    for books in _BOOKS:
        yield [stored for stored in every if stored.key.startswith(books)]


def _lanes(source: Storage, target: Storage) -> int:
    return max(source.lanes, target.lanes)


def _same(source: Storage, ours: Stored, target: Storage, theirs: Stored) -> bool:
    if ours.size_bytes != theirs.size_bytes:
        return False
    try:
        return _summed(source, ours).crc32c == _summed(target, theirs).crc32c
    except ObjectMissing:
        return False  # gone since it was listed


def _summed(storage: Storage, stored: Stored) -> Stored:
    """With its CRC32C, for which it is read where the storage does not know it."""
    if stored.crc32c:
        return stored
    with storage.open(stored.key) as file:
        return replace(stored, crc32c=crc32c_of_file(file))


def _read_if_there(storage: Storage, key: str) -> bytes | None:
    try:
        return storage.read(key)
    except ObjectMissing:
        return None


def _is_decided(key: str) -> bool:
    return key.startswith(keys.DECIDED)


def _is_answers(key: str) -> bool:
    return key.startswith(keys.CALLS) and key.endswith(".jsonl")


def _with_answers_of(ours: bytes, theirs: bytes) -> bytes:
    """The lines of both; they begin with the key of the call, by which such a file is sorted."""
    return b"".join(sorted({*ours.splitlines(keepends=True), *theirs.splitlines(keepends=True)}))
