"""Copying a storage: only what differs, checked on arrival, objects before their books, and nothing removed unless asked."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from streamcap_dagster.errors import StorageLost
from streamcap_dagster.storage import Storage, Stored, keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.sync import Report, carry_out, plan_sync
from streamcap_dagster.storage.tombstones import is_taken_down, lay_tombstone

BOOKS = ["processed/dataset/README.md", "receipts/cat.json", "raw/manifest.csv"]
OBJECTS = ["calls/cat.jsonl", "clips/cat.json", "processed/dataset/sft-1.parquet", "raw/videos/cat.mp4"]
LARGE_BYTES = 3_000_000


class Noted(FolderStorage):
    """A folder that notes what is written and removed, and breaks what it is told to break."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.written: list[str] = []
        self.removed: list[str] = []
        self.refused: dict[str, Exception] = {}
        self.spoilt: set[str] = set()

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        if key in self.refused:
            raise self.refused[key]
        with super().staged(key) as path:
            yield path
            if key in self.spoilt:
                path.write_bytes(path.read_bytes()[:-1] + b"?")
        self.written.append(key)

    def delete(self, key: str) -> None:
        self.removed.append(key)
        super().delete(key)


class Read(FolderStorage):
    """A folder that notes what is read, and in which something happens when it is."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: list[str] = []
        self.meanwhile: dict[str, bytes] = {}

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        self.opened.append(key)
        return super().open(key)

    def read(self, key: str) -> bytes:
        for other, data in self.meanwhile.items():
            self.write(other, data)
        return super().read(key)


@pytest.fixture
def source(tmp_path: Path) -> Read:
    storage = Read(tmp_path / "source")
    for key in (*OBJECTS, *BOOKS):
        storage.write(key, f"{key}\n".encode())
    storage.write("raw/videos/dog.mp4", b"dog" * (LARGE_BYTES // 3))
    return storage


@pytest.fixture
def target(tmp_path: Path) -> Noted:
    return Noted(tmp_path / "target")


def sync(source: Storage, target: Storage, delete: bool = False) -> Report:
    return carry_out(source, target, plan_sync(source, target), delete)


def held(storage: Storage) -> dict[str, bytes]:
    return {stored.key: storage.read(stored.key) for stored in storage.list("")}


def test_everything_arrives_and_a_second_time_nothing_is_left_to_do(source: Read, target: Noted) -> None:
    report = sync(source, target)

    assert held(target) == held(source)
    assert (report.copied, report.failures) == (8, {})
    assert report.copied_bytes == sum(stored.size_bytes for stored in source.list(""))
    again = plan_sync(source, target)
    assert (again.to_copy, len(again.same)) == ((), 8)


def test_books_come_after_everything_that_they_may_speak_of_and_the_manifest_last(source: Read, target: Noted) -> None:
    sync(source, target)
    assert target.written[-3:] == BOOKS


def test_what_is_the_same_is_not_written_again(source: Read, target: Noted) -> None:
    sync(source, target)
    target.written.clear()
    source.write("clips/cat.json", b"another")

    report = sync(source, target)

    assert (report.copied, target.written) == (1, ["clips/cat.json"])


def test_other_bytes_of_the_same_length_are_found(source: Read, target: Noted) -> None:
    sync(source, target)
    source.write("clips/cat.json", b"clips/CAT.json\n")

    assert [stored.key for stored in plan_sync(source, target).changed] == ["clips/cat.json"]


def test_what_only_the_target_has_stays(source: Read, target: Noted) -> None:
    target.write("clips/old.json", b"old")
    sync(source, target)

    assert target.read("clips/old.json") == b"old"


def test_what_only_the_target_has_goes_when_asked_books_first(source: Read, target: Noted) -> None:
    for key in ("clips/old.json", "receipts/old.json", "frames/old.parquet"):
        target.write(key, b"old")

    report = sync(source, target, delete=True)

    assert report.removed == 3
    assert target.removed[0] == "receipts/old.json"
    assert held(target) == held(source)


def test_nothing_of_a_video_that_was_taken_down_at_the_target_comes_back(source: Read, target: Noted) -> None:
    lay_tombstone(target, "cat", "c" * 64)
    source.write("processed/images/cat/1.jpg", b"cat")
    source.write("clips/cat-2.json", b"another cat")

    plan = plan_sync(source, target)
    carry_out(source, target, plan)

    there = held(target)
    assert not [key for key in keys.all_of("cat") if any(held.startswith(key) for held in there)]
    assert {"clips/cat-2.json", "raw/videos/dog.mp4", "tombstones/cat.json"} <= there.keys()
    assert plan.taken_down == ("cat",)
    assert [stored.key for stored in plan.left_out] == [
        "calls/cat.jsonl",
        "clips/cat.json",
        "processed/images/cat/1.jpg",
        "raw/videos/cat.mp4",
        "receipts/cat.json",
    ]


def test_a_tombstone_is_copied_and_what_the_target_still_holds_is_told(source: Read, target: Noted) -> None:
    target.write("clips/dog.json", b"old")
    lay_tombstone(source, "dog", "d" * 64)

    plan = plan_sync(source, target)
    carry_out(source, target, plan)

    assert is_taken_down(target, "dog")
    assert plan.taken_down == ("dog",)


def test_removing_what_only_the_target_has_takes_nothing_back_that_was_taken_down(source: Read, target: Noted) -> None:
    lay_tombstone(target, "owl", "a" * 64)
    sync(source, target, delete=True)

    assert is_taken_down(target, "owl")
    assert plan_sync(source, target).taken_down == ()


def test_a_receipt_that_changes_is_taken_away_before_its_objects_change(source: Read, target: Noted) -> None:
    sync(source, target)
    for key in ("clips/cat.json", "receipts/cat.json"):
        source.write(key, b"new")
    target.refused["clips/cat.json"] = OSError("the disk is on fire")

    report = sync(source, target)

    assert target.stat("receipts/cat.json") is None
    assert (list(report.failures), report.held_back) == (["clips/cat.json"], 1)


def test_what_fails_is_named_everything_else_arrives_and_its_books_wait(source: Read, target: Noted) -> None:
    target.refused["clips/cat.json"] = OSError("the disk is on fire")

    report = sync(source, target)

    assert report.failures == {"clips/cat.json": "the disk is on fire"}
    assert (report.copied, report.held_back) == (4, 3)
    assert not set(BOOKS) & set(held(target))
    target.refused.clear()
    assert sync(source, target).failures == {}
    assert held(target) == held(source)


def test_nothing_is_removed_when_something_failed(source: Read, target: Noted) -> None:
    target.write("clips/old.json", b"old")
    target.refused["clips/cat.json"] = OSError("the disk is on fire")

    assert sync(source, target, delete=True).removed == 0
    assert target.stat("clips/old.json") is not None


@pytest.mark.parametrize("key", ["clips/cat.json", "raw/videos/dog.mp4"])
def test_a_copy_that_is_not_what_was_read_is_told(source: Read, target: Noted, key: str) -> None:
    target.spoilt.add(key)

    report = sync(source, target)

    assert "what is there now is not what was written" in report.failures[key]
    assert report.held_back == 3


def test_a_storage_that_is_lost_ends_it_at_once(source: Read, target: Noted) -> None:
    target.refused["clips/cat.json"] = StorageLost(target.uri, "writing", "the bucket is gone", "Make it.")
    with pytest.raises(StorageLost):
        sync(source, target)


def test_a_book_that_changes_while_others_are_copied_is_not_copied(source: Read, target: Noted) -> None:
    """A run at work on the source may have replaced the object that the receipt speaks of after its copy was made."""
    plan = plan_sync(source, target)
    source.meanwhile["receipts/cat.json"] = b"receipts/CAT.json\n"

    report = carry_out(source, target, plan)

    assert "it is not what was listed" in report.failures["receipts/cat.json"]
    assert target.stat("receipts/cat.json") is None


def test_an_object_that_is_gone_meanwhile_is_named(source: Read, target: Noted) -> None:
    plan = plan_sync(source, target)
    source.delete("clips/cat.json")

    assert "does not exist" in carry_out(source, target, plan).failures["clips/cat.json"]


def test_answers_that_only_the_target_has_are_kept(source: Read, target: Noted) -> None:
    source.write("calls/cat.jsonl", b'{"key":"a"}\n{"key":"c"}\n')
    target.write("calls/cat.jsonl", b'{"key":"b"}\n{"key":"c"}\n')

    sync(source, target)
    assert target.read("calls/cat.jsonl") == b'{"key":"a"}\n{"key":"b"}\n{"key":"c"}\n'

    sync(target, source)
    assert source.read("calls/cat.jsonl") == target.read("calls/cat.jsonl")


def test_answers_that_only_the_target_has_go_when_removing_is_asked(source: Read, target: Noted) -> None:
    target.write("calls/cat.jsonl", b'{"key":"b"}\n')
    sync(source, target, delete=True)

    assert held(target) == held(source)


def test_what_people_decided_is_joined_and_never_overwritten(source: Read, target: Noted) -> None:
    source.write("reviews/cat.json", b"ours")
    target.write("reviews/cat.json", b"theirs")

    assert sync(source, target).failures == {}
    assert target.read("reviews/cat.json") == b"theirs"
    carry_out(source, target, plan_sync(source, target), join=lambda key, ours, theirs: b"%s: %s, %s" % (key.encode(), ours, theirs))
    assert target.read("reviews/cat.json") == b"reviews/cat.json: ours, theirs"


def test_what_somebody_decides_there_while_it_is_copied_is_joined_as_well(source: Read, target: Noted) -> None:
    source.write("reviews/cat.json", b"ours")
    plan = plan_sync(source, target)
    target.write("reviews/cat.json", b"first")

    def join(key: str, ours: bytes, theirs: bytes) -> bytes:
        if theirs == b"first":
            target.write(key, b"second")
        return theirs + b" and " + ours

    assert carry_out(source, target, plan, join=join).failures == {}
    assert target.read("reviews/cat.json") == b"second and ours"


@pytest.mark.parametrize("key", ["reviews/owl.json", "rankings/owl.json"])
def test_what_people_decided_stays_also_where_removing_is_asked(source: Read, target: Noted, key: str) -> None:
    target.write(key, b"theirs")
    plan = plan_sync(source, target)
    carry_out(source, target, plan, delete=True)

    assert target.read(key) == b"theirs"
    assert [stored.key for stored in plan.decided_there] == [key]


def test_private_files_of_a_storage_are_not_copied(source: Read, target: Noted) -> None:
    with source.lease("cat"):
        sync(source, target)

    assert not (target.root / ".streamcap/leases").exists()


def test_every_byte_is_told_once(source: Read, target: Noted) -> None:
    told: list[int] = []
    plan = plan_sync(source, target)
    carry_out(source, target, plan, told=told.append)

    assert sum(told) == sum(stored.size_bytes for stored in plan.new)


def test_a_reader_that_goes_back_changes_no_sum(source: Read, target: Noted) -> None:
    """An upload that broke off begins again somewhere before."""

    class Resuming(Noted):
        def write_from(self, key: str, file: BinaryIO) -> None:
            file.seek(0, io.SEEK_END)
            file.seek(0)
            file.read(2_000_000)
            file.seek(1_000_000)
            file.read(10)
            super().write_from(key, file)

    assert sync(source, Resuming(target.root)).failures == {}


def test_a_folder_is_read_for_its_sums_only_where_sizes_are_the_same(source: Read, target: Noted) -> None:
    target.write("clips/cat.json", b"shorter")
    target.write("raw/videos/cat.mp4", source.read("raw/videos/cat.mp4"))

    plan_sync(source, target)

    assert sorted(source.opened) == sorted([*BOOKS, "raw/videos/cat.mp4"])


def test_large_objects_are_not_held_in_memory(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.sync import carry_out, plan_sync
source, target = FolderStorage(Path(sys.argv[1])), FolderStorage(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert carry_out(source, target, plan_sync(source, target)).failures == {}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    for number in range(4):
        path = tmp_path / "source" / f"{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(200_000_000)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "source"), str(tmp_path / "target")], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 60


def test_a_name_is_a_name_however_odd(source: Read, target: Noted) -> None:
    source.write("clips/[red] ü 動画 #1?.json", b"x")
    assert sync(source, target).failures == {}
    assert Stored("clips/[red] ü 動画 #1?.json", 1) in list(target.list("clips/"))
