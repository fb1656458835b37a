"""What goes wrong is tried again while that can help, and else told in a sentence that says what to do."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault, Name
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import ObjectMissing, RunStopped, StorageError, StorageLost
from streamcap_dagster.storage.checksums import crc32c_of
from streamcap_dagster.storage.gcs import GcsStorage, open_storage
from streamcap_dagster.storage.gcs.bucket import Bucket
from tests.gcs import BUCKET

PASSING: tuple[Name, ...] = ("busy_503", "error_500", "html_502", "too_fast_429", "dropped", "lost_answer")
LARGE = bytes(range(256)) * 40_000


def _read(storage: GcsStorage) -> object:
    return storage.read("clips/cat.json")


def _look(storage: GcsStorage) -> object:
    return storage.stat("clips/cat.json")


def _list(storage: GcsStorage) -> object:
    return list(storage.list("clips/"))


def _write(storage: GcsStorage) -> None:
    storage.write("clips/cat.json", b"new")


def _upload(storage: GcsStorage) -> None:
    storage.write_from("clips/cat.json", io.BytesIO(LARGE))


def _stage(storage: GcsStorage) -> None:
    with storage.staged("clips/cat.json") as path:
        path.write_bytes(b"new")


def _delete(storage: GcsStorage) -> None:
    storage.delete("clips/cat.json")


def _localize(storage: GcsStorage) -> None:
    with storage.local("clips/cat.json"):
        pass


def _open(storage: GcsStorage) -> None:
    with storage.open("clips/cat.json") as file:
        file.read()


Work = Callable[[GcsStorage], object]
WORKS: tuple[Work, ...] = (_read, _look, _list, _write, _upload, _stage, _delete, _localize, _open)


@pytest.mark.parametrize("work", WORKS)
def test_what_passes_is_tried_again(storage: GcsStorage, opened: Callable[[], GcsStorage], gcs: Running, work: Work) -> None:
    opened().write("clips/cat.json", b"old")
    gcs.order(*[Fault(name) for name in PASSING])
    work(storage)
    assert gcs.service.faults.pending == 0


def test_refused_downloads_keep_no_connections(opened: Callable[[], GcsStorage], gcs: Running) -> None:
    """As many tries as there are connections, and more, whose errors are kept while the trying goes on."""
    storage = opened()
    storage.write("clips/cat.json", b"old")
    gcs.order(*[Fault("busy_503", on="download")] * (storage.lanes + 4))
    assert storage.read("clips/cat.json") == b"old"


@pytest.mark.parametrize("work", [_read, _list, _upload])
def test_a_storm_is_sat_out(storage: GcsStorage, opened: Callable[[], GcsStorage], gcs: Running, work: Work) -> None:
    opened().write("clips/cat.json", b"old")
    gcs.storm(0.5)
    work(storage)


@pytest.mark.parametrize("work", WORKS)
def test_an_outage_past_the_deadline_stops_the_run_in_one_sentence(gcs: Running, tmp_path: Path, work: Work) -> None:
    storage = open_storage(f"gs://{BUCKET}/data", tmp_path, 1, 8, deadline_s=0.5)
    gcs.storm(60)
    began = time.monotonic()
    with pytest.raises(StorageLost, match=r"data/clips/.* failed in gs://bucket: for 0.5 s the service answered 503\. Run the same command again") as lost:
        work(storage)
    assert isinstance(lost.value, RunStopped)
    assert lost.value.__cause__ is None
    assert time.monotonic() - began < 3


def test_once_the_service_stayed_away_nobody_waits_for_it_again_until_it_is_back(gcs: Running) -> None:
    bucket = Bucket(BUCKET, 4, 1.0)
    gcs.storm(60)
    with pytest.raises(StorageLost):
        bucket.write("first", b"x")

    began = time.monotonic()
    with pytest.raises(StorageLost):
        bucket.write("second", b"x")
    assert time.monotonic() - began < 0.3

    gcs.storm(0)
    bucket.write("third", b"x")
    gcs.storm(0.4)
    bucket.write("fourth", b"x")


def test_a_service_that_cannot_be_reached_stops_the_run(gcs: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(StorageLost, match=r"for 0.3 s the service could not be reached"):
        open_storage("gs://bucket/data", tmp_path, 1, 8, deadline_s=0.3).read("clips/cat.json")


@pytest.mark.parametrize("work", WORKS)
def test_a_bucket_that_an_emulator_does_not_have_stops_the_run_and_says_which_it_has(gcs: Running, tmp_path: Path, work: Work) -> None:
    with pytest.raises(StorageLost, match=r"there is no bucket of that name\. The emulator at http.* started with: .*--bucket none`"):
        work(open_storage("gs://none/data", tmp_path, 1, 8, deadline_s=5))


@pytest.mark.parametrize(
    ("permission", "work"),
    [
        ("storage.objects.get", _read),
        ("storage.objects.get", _look),
        ("storage.objects.get", _open),
        ("storage.objects.get", _localize),
        ("storage.objects.list", _list),
        ("storage.objects.create", _write),
        ("storage.objects.create", _upload),
        ("storage.objects.delete", _delete),
        ("storage.objects.delete", _write),
    ],
)
def test_a_permission_that_lacks_is_named_with_its_bucket_and_a_role_that_has_it(
    storage: GcsStorage, opened: Callable[[], GcsStorage], gcs: Running, permission: str, work: Work
) -> None:
    opened().write("clips/cat.json", b"old")
    gcs.deny(permission)
    with pytest.raises(StorageLost, match=rf"lack the permission {permission} on the bucket bucket .*--role=roles/storage\.objectUser`"):
        work(storage)


@pytest.mark.parametrize("work", WORKS)
def test_credentials_that_expire_in_the_middle_stop_the_run_and_say_how_to_log_in(storage: GcsStorage, gcs: Running, work: Work) -> None:
    storage.write("clips/cat.json", b"old")
    gcs.expire_credentials()
    with pytest.raises(StorageLost, match=r"does not accept the credentials.*`gcloud auth application-default login`.*GOOGLE_APPLICATION_CREDENTIALS"):
        work(storage)


def test_a_denied_read_leaves_the_others_alone(storage: GcsStorage, gcs: Running) -> None:
    gcs.deny("storage.objects.delete")
    storage.write("clips/cat.json", b"new")
    assert storage.read("clips/cat.json") == b"new"


def test_an_object_that_is_missing_is_no_reason_to_stop(storage: GcsStorage) -> None:
    with pytest.raises(ObjectMissing) as missing:
        storage.read("clips/cat.json")
    assert not isinstance(missing.value, StorageError)


def test_bytes_that_arrive_spoilt_are_fetched_again(bucket: Bucket, gcs: Running, tmp_path: Path) -> None:
    blob = bucket.write("clips/cat.json", b"whole and right")
    for name in ("corrupted", "truncated", "cut_download"):
        gcs.order(Fault(name, on="download", after=4))
        assert bucket.read("clips/cat.json") == (b"whole and right", blob.generation)
        gcs.order(Fault(name, on="download", after=4))
        bucket.download(blob, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"whole and right"
    assert gcs.service.faults.pending == 0


def test_bytes_that_arrive_spoilt_every_time_are_an_error_that_names_object_and_checksums(bucket: Bucket, gcs: Running, tmp_path: Path) -> None:
    blob = bucket.write("clips/cat.json", b"whole and right")
    said = rf"reading clips/cat\.json failed in gs://bucket: its CRC32C should be {crc32c_of(b'whole and right').replace('+', '.')}, but what arrived has "
    gcs.order(*[Fault("corrupted", on="download")] * 3)
    with pytest.raises(StorageError, match=said):
        bucket.read("clips/cat.json")
    gcs.order(*[Fault("corrupted", on="download")] * 3)
    with pytest.raises(StorageError, match=said):
        bucket.download(blob, tmp_path / "copy")


def test_a_small_object_that_arrives_spoilt_is_refused_and_sent_again(bucket: Bucket, gcs: Running) -> None:
    for fault in (Fault("corrupted_upload", after=600), Fault("corrupted_upload", after=600)):
        gcs.order(fault)
    bucket.write("clips/cat.json", b"x" * 1000)
    assert gcs.objects(BUCKET) == {"clips/cat.json": b"x" * 1000}
    assert gcs.journal.count("upload_whole") == 3


def test_a_small_object_that_arrives_spoilt_every_time_is_an_error(bucket: Bucket, gcs: Running) -> None:
    gcs.order(*[Fault("corrupted_upload", after=600)] * 3)
    with pytest.raises(StorageError, match="Provided CRC32C"):
        bucket.write("clips/cat.json", b"x" * 1000)
    assert gcs.objects(BUCKET) == {}
