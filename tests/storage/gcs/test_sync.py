"""A folder copied into a bucket and back, over HTTP: whole, resumed, and told when somebody else writes there."""

import os
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import GcsStorage, open_storage
from streamcap_dagster.storage.sync import carry_out, plan_sync
from tests.gcs import BUCKET

LARGE = os.urandom(17 << 20)
SMALL = {"clips/cat.json": b"clips", "receipts/cat.json": b"receipts", "raw/manifest.csv": b"manifest", "empty.json": b"", "odd/ü #?%.json": b"odd"}


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "folder")
    for key, data in {**SMALL, "raw/videos/cat.mp4": LARGE}.items():
        storage.write(key, data)
    return storage


@pytest.fixture
def bucket(gcs: Running, tmp_path: Path) -> GcsStorage:
    return opened(tmp_path)


def opened(tmp_path: Path) -> GcsStorage:
    return open_storage(f"gs://{BUCKET}/data", tmp_path / "cache", cache_gb=1, connections=8, deadline_s=10)


def test_a_folder_goes_to_a_bucket_and_back_byte_for_byte(folder: FolderStorage, bucket: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    assert carry_out(folder, bucket, plan_sync(folder, bucket)).failures == {}
    assert gcs.objects(BUCKET) == {f"data/{stored.key}": folder.read(stored.key) for stored in folder.list("")}

    back = FolderStorage(tmp_path / "back")
    assert carry_out(bucket, back, plan_sync(bucket, back)).failures == {}
    assert {stored.key: back.read(stored.key) for stored in back.list("")} == {**SMALL, "raw/videos/cat.mp4": LARGE}


def test_comparing_a_bucket_takes_listings_only(folder: FolderStorage, bucket: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    carry_out(folder, bucket, plan_sync(folder, bucket))
    gcs.journal.clear()

    plan = plan_sync(folder, opened(tmp_path))

    assert (plan.to_copy, len(plan.same)) == ((), 6)
    assert gcs.journal.by_kind.keys() == {"list"}


def test_an_upload_that_is_cut_and_answers_that_are_lost_leave_no_trace(folder: FolderStorage, bucket: GcsStorage, gcs: Running) -> None:
    gcs.order(Fault("cut_upload", on="upload_part", after=3 << 20), Fault("lost_answer", on="upload_whole", where="clips"), Fault("busy_503", on="get"))
    report = carry_out(folder, bucket, plan_sync(folder, bucket))

    assert report.failures == {}
    assert gcs.objects(BUCKET)["data/raw/videos/cat.mp4"] == LARGE


def test_a_download_that_arrives_spoilt_is_fetched_again(folder: FolderStorage, bucket: GcsStorage, gcs: Running, tmp_path: Path) -> None:
    carry_out(folder, bucket, plan_sync(folder, bucket))
    back = FolderStorage(tmp_path / "back")
    gcs.order(Fault("corrupted", on="download", where="clips", after=2))

    assert carry_out(bucket, back, plan_sync(bucket, back)).failures == {}
    assert back.read("clips/cat.json") == b"clips"


def test_a_large_object_that_arrives_spoilt_gets_no_name_and_arrives_the_next_time(
    folder: FolderStorage, bucket: GcsStorage, gcs: Running, tmp_path: Path
) -> None:
    carry_out(folder, bucket, plan_sync(folder, bucket))
    back = FolderStorage(tmp_path / "back")
    gcs.order(Fault("corrupted", on="download", where="cat.mp4", after=5))

    assert list(carry_out(bucket, back, plan_sync(bucket, back)).failures) == ["raw/videos/cat.mp4"]
    assert back.stat("raw/videos/cat.mp4") is None
    assert carry_out(bucket, back, plan_sync(bucket, back)).failures == {}
    assert back.read("raw/videos/cat.mp4") == LARGE


def test_what_somebody_else_writes_meanwhile_stays_and_is_told(folder: FolderStorage, bucket: GcsStorage, tmp_path: Path) -> None:
    opened(tmp_path).write("clips/cat.json", b"older")
    plan = plan_sync(folder, bucket)
    opened(tmp_path).write("clips/cat.json", b"theirs")

    report = carry_out(folder, bucket, plan)

    assert "another process wrote it at the same time" in report.failures["clips/cat.json"]
    assert bucket.read("clips/cat.json") == b"theirs"
    assert report.held_back == 2


def test_no_permission_to_write_is_told_once_with_its_name(folder: FolderStorage, bucket: GcsStorage, gcs: Running) -> None:
    gcs.deny("storage.objects.create")
    with pytest.raises(Exception, match=r"lack the permission storage\.objects\.create on the bucket bucket"):
        carry_out(folder, bucket, plan_sync(folder, bucket))
