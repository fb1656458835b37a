"""What is kept of what was deleted or overwritten: soft-deleted objects, noncurrent versions, and bringing them back."""

from collections.abc import Iterator

import pytest

from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.emulators.gcs.asking import OBJECTS, ask, bucket, download, look, put


@pytest.fixture
def versioned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(Options(buckets=("bucket",), versioning=True, soft_delete_s=0)) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


def test_a_deleted_object_can_be_found_and_restored(gcs: Running) -> None:
    blob = bucket().blob("a")
    blob.upload_from_string(b"data", content_type="text/plain")
    blob.delete()

    gone = list(bucket().list_blobs(soft_deleted=True))
    assert [(one.name, one.generation) for one in gone] == [("a", blob.generation)]
    assert gone[0].soft_delete_time < gone[0].hard_delete_time
    assert look(gcs, "a", f"?softDeleted=true&generation={blob.generation}").json["size"] == "4"
    restored = bucket().restore_blob("a", generation=blob.generation)

    assert restored.generation > blob.generation
    assert (restored.content_type, gcs.objects("bucket")) == ("text/plain", {"a": b"data"})


def test_an_overwritten_object_is_soft_deleted_too(gcs: Running) -> None:
    first = put(gcs, "a", b"first").json["generation"]
    put(gcs, "a", b"second")

    bucket().restore_blob("a", generation=int(first))

    assert gcs.objects("bucket") == {"a": b"first"}
    assert len(list(bucket().list_blobs(soft_deleted=True))) == 2


def test_restoring_can_be_conditional(gcs: Running) -> None:
    made = put(gcs, "a").json["generation"]
    ask(gcs, "DELETE", f"{OBJECTS}/a")
    put(gcs, "a", b"new")

    refused = ask(gcs, "POST", f"{OBJECTS}/a/restore?generation={made}&ifGenerationMatch=0")

    assert (refused.status, gcs.objects("bucket")) == (412, {"a": b"new"})


def test_what_was_never_there_cannot_be_restored(gcs: Running) -> None:
    assert ask(gcs, "POST", f"{OBJECTS}/a/restore?generation=1").status == 404
    assert ask(gcs, "POST", f"{OBJECTS}/a/restore").status == 400


def test_soft_deleted_bytes_cannot_be_read_before_they_are_restored(gcs: Running) -> None:
    made = put(gcs, "a").json["generation"]
    ask(gcs, "DELETE", f"{OBJECTS}/a")

    assert download(gcs, "a", query=f"&softDeleted=true&generation={made}").status == 404


def test_a_bucket_that_keeps_nothing_keeps_nothing() -> None:
    with running(Options(buckets=("bucket",), soft_delete_s=0)) as gcs:
        made = put(gcs, "a").json["generation"]
        ask(gcs, "DELETE", f"{OBJECTS}/a")

        assert ask(gcs, "POST", f"{OBJECTS}/a/restore?generation={made}").status == 404


def test_versions_stay_and_can_be_read_by_their_generation(versioned: Running) -> None:
    first = put(versioned, "a", b"first").json["generation"]
    put(versioned, "a", b"second")
    ask(versioned, "DELETE", f"{OBJECTS}/a")

    assert look(versioned, "a").status == 404
    assert download(versioned, "a", query=f"&generation={first}").body == b"first"
    assert [blob.time_deleted is None for blob in bucket().list_blobs(versions=True)] == [False, False]
    assert list(bucket().list_blobs()) == []


def test_an_old_version_is_deleted_by_its_generation(versioned: Running) -> None:
    first = put(versioned, "a", b"first").json["generation"]
    put(versioned, "a", b"second")

    assert ask(versioned, "DELETE", f"{OBJECTS}/a?generation={first}").status == 204

    assert len(list(bucket().list_blobs(versions=True))) == 1
    assert versioned.objects("bucket") == {"a": b"second"}


def test_an_old_version_is_copied_back_over_the_live_one(versioned: Running) -> None:
    first = put(versioned, "a", b"first").json["generation"]
    put(versioned, "a", b"second")

    bucket().copy_blob(bucket().blob("a"), bucket(), "a", source_generation=int(first))

    assert versioned.objects("bucket") == {"a": b"first"}
