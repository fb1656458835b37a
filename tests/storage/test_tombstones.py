"""Tombstones: what they hold, and what they do not."""

import json
from pathlib import Path

import pytest

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import is_taken_down, lay_tombstone, lift_tombstone, read_tombstones


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path)


def test_a_tombstone_holds_an_id_a_hash_and_a_time_and_nothing_else(storage: FolderStorage) -> None:
    lay_tombstone(storage, "cat", "ab12")
    held = json.loads(storage.read("tombstones/cat.json"))
    assert set(held) == {"video_id", "sha256", "taken_down_at"}
    assert (held["video_id"], held["sha256"]) == ("cat", "ab12")


def test_laid_again_it_stays_as_it_was(storage: FolderStorage) -> None:
    lay_tombstone(storage, "cat", "ab12")
    before = storage.read("tombstones/cat.json")
    lay_tombstone(storage, "cat", "cd34")
    assert storage.read("tombstones/cat.json") == before


def test_all_are_known_by_id_and_by_content(storage: FolderStorage) -> None:
    for video_id, sha256 in (("cat", "ab12"), ("kitten", "ab12"), ("dog", "cd34")):
        lay_tombstone(storage, video_id, sha256)
    taken_down = read_tombstones(storage)
    assert taken_down.video_ids == {"cat", "kitten", "dog"}
    assert taken_down.by_sha256["ab12"].video_id == "cat"


def test_one_that_was_lifted_stands_for_nothing(storage: FolderStorage) -> None:
    lay_tombstone(storage, "cat", "ab12")
    lift_tombstone(storage, "cat")
    assert not is_taken_down(storage, "cat")
    assert read_tombstones(storage).by_id == {}


def test_one_that_cannot_be_read_is_told_and_not_passed_over(storage: FolderStorage) -> None:
    storage.write("tombstones/cat.json", b"{}")
    with pytest.raises(ObjectUnreadable, match=r"tombstones/cat\.json cannot be read: it is not a tombstone\. Restore it"):
        read_tombstones(storage)
