"""What goes with videos that are to be forgotten."""

from pathlib import Path

import pytest

from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipt, Receipts, write_receipts
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos.forgetting import contents_of, doomed_with
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import video


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path)
    write_manifest(storage, [video(name) for name in ("cat", "dog", "owl")])
    return storage


def test_the_catalog_is_read_once_however_many_videos_are_named(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    reading = FolderStorage.read

    def noted(storage: FolderStorage, key: str) -> bytes:
        read.append(key)
        return reading(storage, key)

    monkeypatch.setattr(FolderStorage, "read", noted)
    doomed = doomed_with(storage, ["cat", "dog"])

    assert [(one.video_id, one.twin_of) for one in doomed] == [("cat", ""), ("dog", ""), ("owl", "cat")]
    assert read.count(keys.MANIFEST) == 1


def test_the_bytes_of_a_video_are_known_by_its_tombstone_or_by_its_copy_where_the_catalog_has_lost_it(storage: FolderStorage) -> None:
    lay_tombstone(storage, "fox", "f" * 64)
    copy = Receipt(asset="raw_videos", fingerprint="", content_hash="e" * 64, objects=(), counts={})
    write_receipts(storage, Receipts(owner="elk", receipts=(copy,)))

    assert contents_of(storage, ["fox", "elk", "gnu"]) == {"fox": "f" * 64, "elk": "e" * 64, "gnu": ""}
