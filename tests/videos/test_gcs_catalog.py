"""The catalog over several scans of a bucket of real videos."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.errors import SourceError, StorageLost
from streamcap_dagster.storage import keys
from streamcap_dagster.videos import catalog
from streamcap_dagster.videos.copying import copy_video, hash_file
from tests.gcs import BUCKET
from tests.media import make_video
from tests.videos.bucket_source import Incoming


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of two different videos of the same size."""
    folder = tmp_path_factory.mktemp("made")
    both = [make_video(folder / f"{colour}.mp4", 1, "64x48", "25", f"color={colour}").read_bytes() for colour in ("red", "blue")]
    size = max(map(len, both)) + 8
    return {colour: data + _padding(size - len(data)) for colour, data in zip(("red", "blue"), both, strict=True)}


def _padding(size_bytes: int) -> bytes:
    """A box of an MP4 file that holds nothing."""
    return size_bytes.to_bytes(4) + b"free" + bytes(size_bytes - 8)


@pytest.fixture
def incoming(gcs: Running, tmp_path: Path, made: dict[str, bytes]) -> Incoming:
    incoming = Incoming(gcs, tmp_path)
    incoming.put(a=made["red"], b=made["blue"])
    return incoming


def test_the_videos_of_a_bucket_are_listed_with_what_was_probed(incoming: Incoming, made: dict[str, bytes], tmp_path: Path) -> None:
    assert incoming.catalog().added == ("a", "b")
    (tmp_path / "red").write_bytes(made["red"])
    row = incoming.rows()["a"]
    assert (row.uri, row.status, row.width, row.sha256) == ("a.mp4", "ok", 64, hash_file(tmp_path / "red"))


def test_a_second_scan_fetches_nothing_and_changes_no_byte(incoming: Incoming, gcs: Running) -> None:
    first = incoming.catalog()
    gcs.journal.clear()
    assert incoming.catalog().content_hash == first.content_hash
    assert incoming.downloads() == []


def test_an_overwritten_object_is_a_changed_video_even_at_the_same_size(incoming: Incoming, made: dict[str, bytes], gcs: Running) -> None:
    incoming.catalog()
    gcs.journal.clear()
    incoming.put(a=made["blue"])
    update = incoming.catalog()
    assert (update.changed, update.added, update.removed) == (("a",), (), ())
    assert incoming.downloads() == ["incoming/a.mp4"]


def test_an_object_that_is_written_again_with_the_same_bytes_is_no_changed_video(incoming: Incoming, made: dict[str, bytes]) -> None:
    incoming.catalog()
    incoming.put(a=made["red"])
    assert incoming.catalog().changed == ()


def test_a_copy_is_made_of_what_the_catalog_fetched(incoming: Incoming, tmp_path: Path) -> None:
    incoming.catalog()
    with incoming.source.local("a.mp4") as original:
        copy_video(original, incoming.rows()["a"], tmp_path / "copy.mp4", "hard")
        assert (tmp_path / "copy.mp4").samefile(original)
    assert sorted(incoming.downloads()) == ["incoming/a.mp4", "incoming/b.mp4"]


def test_an_empty_object_fails_alone_and_is_read_as_soon_as_it_is_there(incoming: Incoming, made: dict[str, bytes]) -> None:
    incoming.put(c=b"")
    assert incoming.catalog().failed == ("c",)
    assert incoming.rows()["c"].reason.startswith("It is empty, or still being uploaded.")
    incoming.put(c=made["red"])
    assert incoming.catalog().failed == ()


def test_an_object_that_is_replaced_while_it_is_read_fails_until_the_next_scan(
    incoming: Incoming, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace_first() -> str:
        incoming.put(a=made["blue"])
        return "probe"

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "probed_by", replace_first)  # asked after the scan and before any video is fetched
        assert incoming.catalog().failed == ("a",)
    assert "changed while it was read" in incoming.rows()["a"].reason
    assert incoming.catalog().failed == ()


def test_an_object_that_goes_while_it_is_read_fails_and_is_removed_by_the_next_scan(incoming: Incoming, monkeypatch: pytest.MonkeyPatch) -> None:
    def remove_first() -> str:
        incoming.remove("a")
        return "probe"

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "probed_by", remove_first)
        assert incoming.catalog().failed == ("a",)
    assert incoming.catalog().removed == ("a",)


def test_a_video_that_arrives_spoilt_fails_alone_and_is_tried_again(incoming: Incoming, gcs: Running) -> None:
    gcs.order(*[Fault("corrupted", "download", "a.mp4")] * 3)
    assert incoming.catalog().failed == ("a",)
    assert "CRC32C" in incoming.rows()["a"].reason
    assert incoming.catalog().failed == ()


def test_a_removed_object_is_a_removed_video(incoming: Incoming) -> None:
    incoming.catalog()
    incoming.remove("a")
    assert incoming.catalog().removed == ("a",)


def test_an_object_that_a_page_skipped_is_not_removed(incoming: Incoming, gcs: Running) -> None:
    first = incoming.catalog()
    gcs.order(None, Fault("skipping_list", "list"))
    update = incoming.catalog()
    assert gcs.service.faults.pending == 0
    assert (update.removed, update.content_hash) == ((), first.content_hash)


def test_what_a_stale_listing_tells_is_made_good_by_the_next(incoming: Incoming, gcs: Running, made: dict[str, bytes]) -> None:
    incoming.catalog()
    time.sleep(0.5)
    incoming.put(a=made["blue"])
    gcs.order(None, Fault("stale_list", "list", seconds=0.4))
    update = incoming.catalog()
    assert gcs.service.faults.pending == 0
    assert (update.removed, update.changed) == ((), ())
    assert incoming.catalog().changed == ("a",)


def test_pages_that_change_while_they_are_listed_lose_no_video(tmp_path: Path, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=(BUCKET,), page_size=2)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        incoming = Incoming(gcs, tmp_path)
        incoming.put(**dict.fromkeys("bdfhj", made["red"]))
        incoming.catalog()
        listing = incoming.source.scan()
        seen = [next(listing).uri, next(listing).uri]
        incoming.put(a=made["red"], c=made["red"], e=made["red"], d=made["blue"])
        incoming.remove("b", "f")
        seen += [file.uri for file in listing]
        assert set(seen) >= {"d.mp4", "h.mp4", "j.mp4"}
        assert len(seen) == len(set(seen))
        update = incoming.catalog()
        assert (update.removed, update.changed, update.added) == (("b", "f"), ("d",), ("a", "c", "e"))


def test_a_name_that_two_pages_have_is_one_video(tmp_path: Path, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=(BUCKET,), page_size=2)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        incoming = Incoming(gcs, tmp_path)
        incoming.put(a=made["red"], b=made["red"], c=made["red"])
        gcs.order(None, None, Fault("repeating_list", "list"))
        assert [video.video_id for video in incoming.catalog().videos] == ["a", "b", "c"]
        assert gcs.service.faults.pending == 0


def empty(gcs: Running) -> None:
    gcs.service.store.buckets[BUCKET].live.clear()
    gcs.service.store.buckets[BUCKET].names.clear()


def lose_the_bucket(gcs: Running) -> None:
    gcs.service.store.buckets.clear()


def forbid(gcs: Running) -> None:
    gcs.deny("storage.objects.list")


def test_what_is_said_of_videos_in_a_bucket_is_known_and_read_again_only_when_it_changes(incoming: Incoming) -> None:
    incoming.put_names("incoming/notes.csv")
    incoming.bucket.write("incoming/metadata.csv", b"file_name,license,group\na.mp4,cc0-1.0,cam 1\n")
    update = incoming.catalog()
    incoming.catalog()
    row = incoming.rows()["a"]
    assert (row.license, row.group, row.status, update.remarks) == ("cc0-1.0", "cam 1", "ok", ())
    assert incoming.downloads().count("incoming/metadata.csv") == 1


def test_broken_metadata_in_a_bucket_loses_no_video(incoming: Incoming) -> None:
    incoming.bucket.write("incoming/metadata.jsonl", b'{"file_name": "a.mp4", "license": "cc0-1.0"}\n{"file_name"')
    update = incoming.catalog()
    assert (incoming.rows()["a"].license, update.failed) == ("cc0-1.0", ())
    assert update.remarks == ("metadata.jsonl: line 2 is not JSON; it is passed over. Mend it, and the next scan reads it.",)


def forbid_looking(gcs: Running) -> None:
    del gcs.service.store.buckets[BUCKET].live["incoming/a.mp4"]
    gcs.service.store.buckets[BUCKET].names.remove("incoming/a.mp4")
    gcs.deny("storage.objects.get")


@pytest.mark.parametrize("lose", [empty, lose_the_bucket, forbid, forbid_looking])
def test_a_bucket_that_cannot_be_looked_at_removes_nothing(incoming: Incoming, gcs: Running, lose: Callable[[Running], None]) -> None:
    incoming.catalog()
    manifest = incoming.storage.read(keys.MANIFEST)
    lose(gcs)
    with pytest.raises((SourceError, StorageLost), match="gs://bucket"):
        incoming.catalog()
    assert incoming.storage.read(keys.MANIFEST) == manifest


def test_no_permission_to_read_stops_the_scan_and_blames_no_video(incoming: Incoming, gcs: Running) -> None:
    gcs.deny("storage.objects.get")
    with pytest.raises(StorageLost, match=r"storage\.objects\.get"):
        incoming.catalog()
    assert incoming.rows() == {}
