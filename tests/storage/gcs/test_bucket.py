"""What a bucket tells of itself, and what it brings back."""

from collections.abc import Iterator

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.errors import StorageLost
from streamcap_dagster.storage.gcs import GcsStorage
from streamcap_dagster.storage.gcs.bucket import NONE, Bucket
from tests.gcs import BUCKET

WANTED = ("storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete")


def test_permissions_that_lack_are_named(bucket: Bucket, gcs: Running) -> None:
    assert bucket.missing_permissions(WANTED) == []
    gcs.deny("storage.objects.delete", "storage.objects.list")
    assert bucket.missing_permissions(WANTED) == ["storage.objects.list", "storage.objects.delete"]


def test_a_bucket_that_does_not_exist_is_told(gcs: Running) -> None:
    with pytest.raises(StorageLost, match="there is no bucket of that name"):
        list(Bucket("none", 8, 5).list(""))


def test_what_was_deleted_comes_back_in_its_last_version(bucket: Bucket, gcs: Running) -> None:
    for name, data in (("data/a", b"old"), ("data/a", b"a"), ("data/b", b"b"), ("data/c", b"c"), ("elsewhere", b"e")):
        bucket.write(name, data)
    for name in ("data/a", "data/b", "elsewhere"):
        bucket.delete(name)

    assert bucket.restore("data/") == 2

    assert gcs.objects(BUCKET) == {"data/a": b"a", "data/b": b"b", "data/c": b"c"}
    assert bucket.restore("data/") == 0


def test_an_object_that_was_made_anew_since_it_was_deleted_stays(bucket: Bucket, gcs: Running) -> None:
    bucket.write("data/a", b"old")
    bucket.delete("data/a")
    bucket.write("data/a", b"new")
    assert bucket.restore("data/") == 0
    assert gcs.objects(BUCKET) == {"data/a": b"new"}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A service with seven names on a page."""
    with running(Options(buckets=(BUCKET,), page_size=7)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        yield gcs


NAMES = [f"data/{number:03}" for number in range(30)]


def test_a_listing_goes_over_pages(small_pages: Running) -> None:
    bucket = Bucket(BUCKET, 8, 5)
    for name in NAMES:
        bucket.write(name, b"x", NONE)
    small_pages.order(None, Fault("repeating_list", on="list"), Fault("busy_503", on="list"), Fault("dropped", on="list"))
    assert [blob.name for blob in bucket.list("data/")] == NAMES


def test_a_listing_is_in_order_and_has_each_name_once_although_it_changes(small_pages: Running) -> None:
    bucket = Bucket(BUCKET, 8, 5)
    for name in NAMES:
        bucket.write(name, b"x", NONE)
    listed = []
    for number, blob in enumerate(bucket.list("data/")):
        listed.append(blob.name)
        if number in (3, 10, 17):
            bucket.write(f"{blob.name}-late", b"x")
            bucket.write(f"{NAMES[29 - number]}-later", b"x")
            bucket.write(blob.name, b"y")
            bucket.delete(listed[number - 1])
    assert listed == sorted(set(listed))
    assert set(listed) >= set(NAMES)


def test_objects_say_what_they_are(storage: GcsStorage, gcs: Running) -> None:
    for key in ("processed/train.json", "previews/cat.jpg"):
        storage.write(key, b"x")
    with storage.staged("raw/videos/cat.mp4") as path:
        path.write_bytes(b"x" * (9 << 20))
    live = gcs.service.store.bucket(BUCKET).live
    said = {name: (live[name].given["contentType"], live[name].given["cacheControl"]) for name in live}
    assert said == {
        "data/processed/train.json": ("application/json", "no-cache"),
        "data/previews/cat.jpg": ("image/jpeg", "private, max-age=3600"),
        "data/raw/videos/cat.mp4": ("video/mp4", "private, max-age=3600"),
    }
