"""What was decided is counted with a file of this machine, which may be lost, locked or spoiled: that costs time, and nothing comes out otherwise."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from streamcap_dagster.reviews import index
from streamcap_dagster.reviews.index import ReviewCounts, count_reviews
from streamcap_dagster.reviews.records import Review, Span
from streamcap_dagster.reviews.storing import ReviewUnusable, read_review, save
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.reviews.places import decide, on, on_clip


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Three videos that people decided on."""
    storage = FolderStorage(tmp_path / "data")
    decide(storage, "a", on(1, verdict="drop"), on(2, verdict="keep", text="A bell."), on_clip(0, verdict="keep"))
    decide(storage, "b", on(1, ranking=("x", "y")))
    decide(storage, "b", on(2, text="A dog."), by="bob")
    save(storage, "b", read_review(storage, "b").version, [Span(start_s=0, end_s=4)], "eve")
    decide(storage, "c", on(1, verdict="drop"))
    decide(storage, "c", on(1))
    return storage


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys that are read from now on."""
    keys_read: list[str] = []
    reading = FolderStorage.read
    monkeypatch.setattr(FolderStorage, "read", lambda self, key: (keys_read.append(key), reading(self, key))[1])
    return keys_read


def numbers(found: list[ReviewCounts]) -> dict[str, tuple[int, int, int, int, int, str]]:
    return {one.video_id: (one.kept, one.dropped, one.edited, one.ranked, one.marks, one.people) for one in found}


COUNTS = {"a": (2, 1, 1, 0, 0, "ann"), "b": (0, 0, 1, 1, 1, "ann, bob, eve"), "c": (0, 0, 0, 0, 0, "")}


def index_file(cache: Path) -> Path:
    (path,) = (cache / "reviews").glob("*.sqlite")
    return path


def test_what_was_decided_is_counted_by_video(storage: FolderStorage, tmp_path: Path) -> None:
    found = count_reviews(storage, tmp_path / "cache")
    assert numbers(found) == COUNTS
    assert found[0].last_at.startswith("20")


def test_only_what_is_new_is_read_again(storage: FolderStorage, tmp_path: Path, read: list[str]) -> None:
    count_reviews(storage, tmp_path / "cache")
    decide(storage, "c", on(1, verdict="keep"))
    read.clear()

    assert numbers(count_reviews(storage, tmp_path / "cache")) == {**COUNTS, "c": (1, 0, 0, 0, 0, "ann")}
    assert read == ["reviews/c.json"]


def test_a_review_that_is_gone_is_not_counted(storage: FolderStorage, tmp_path: Path) -> None:
    count_reviews(storage, tmp_path / "cache")
    storage.delete(keys.reviews("a"))
    assert "a" not in numbers(count_reviews(storage, tmp_path / "cache"))


def test_a_lost_index_is_made_anew(storage: FolderStorage, tmp_path: Path, read: list[str]) -> None:
    count_reviews(storage, tmp_path / "cache")
    index_file(tmp_path / "cache").unlink()
    read.clear()

    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS
    assert len(read) == len(COUNTS)


@pytest.mark.parametrize("spoiled", [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_spoiled_index_is_made_anew(storage: FolderStorage, tmp_path: Path, read: list[str], spoiled: bytes) -> None:
    count_reviews(storage, tmp_path / "cache")
    index_file(tmp_path / "cache").write_bytes(spoiled)

    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS
    count_reviews(storage, tmp_path / "cache")
    read.clear()
    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS
    assert read == []


def test_an_index_of_another_layout_is_made_anew(storage: FolderStorage, tmp_path: Path) -> None:
    count_reviews(storage, tmp_path / "cache")
    with closing(sqlite3.connect(index_file(tmp_path / "cache"))) as index:
        index.execute("drop table reviews")
        index.execute("create table reviews (video_id text)")
        index.execute("pragma user_version = 77")
        index.commit()

    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS


def test_an_index_that_somebody_else_holds_is_done_without(storage: FolderStorage, tmp_path: Path) -> None:
    count_reviews(storage, tmp_path / "cache")
    decide(storage, "c", on(1, verdict="keep"))
    with closing(sqlite3.connect(index_file(tmp_path / "cache"), isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert numbers(count_reviews(storage, tmp_path / "cache"))["c"] == (1, 0, 0, 0, 0, "ann")
        other.execute("rollback")
    assert index_file(tmp_path / "cache").exists()


def test_where_there_can_be_no_file_it_is_done_without(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder is needed")
    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS


def test_two_storages_have_an_index_each(storage: FolderStorage, tmp_path: Path) -> None:
    other = FolderStorage(tmp_path / "other")
    decide(other, "z", on(1, verdict="drop"))

    assert (numbers(count_reviews(storage, tmp_path / "cache")), list(numbers(count_reviews(other, tmp_path / "cache")))) == (COUNTS, ["z"])
    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS


def test_a_review_that_cannot_be_read_is_told_until_it_is_mended(storage: FolderStorage, tmp_path: Path) -> None:
    good = storage.read(keys.reviews("a"))
    storage.write(keys.reviews("a"), b"{")
    assert count_reviews(storage, tmp_path / "cache")[0].trouble.startswith("reviews/a.json cannot be read")
    storage.write(keys.reviews("a"), good)

    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS


def test_trouble_is_looked_into_again_although_the_review_is_the_same(storage: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an update to a version that can read it."""

    def refuse(_: Storage, video_id: str) -> Review:
        raise ReviewUnusable(keys.reviews(video_id), "it was written by a later version of streamcap", "Update streamcap.")

    with monkeypatch.context() as before:
        before.setattr(index, "read_review", refuse)
        assert all(one.trouble for one in count_reviews(storage, tmp_path / "cache"))

    assert numbers(count_reviews(storage, tmp_path / "cache")) == COUNTS
