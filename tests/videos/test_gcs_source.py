"""What of a bucket is a video, and how it is lent."""

from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.errors import SourceError, StorageLost, VideoUnreadable
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.source import SourceFile
from tests.gcs import BUCKET
from tests.videos.bucket_source import Incoming


@pytest.fixture
def incoming(gcs: Running, tmp_path: Path) -> Incoming:
    return Incoming(gcs, tmp_path)


def test_every_kind_of_video_is_found_in_all_folders_in_order(incoming: Incoming) -> None:
    incoming.put_names(*(f"incoming/{name}" for name in ("b.MP4", "a.mov", "sub/deep/c.mkv", "h.GIF", "notes.txt", "mp4", "i.mp3", "x.mp4.part")))
    incoming.put_names("incoming.mp4", "elsewhere/z.mp4")
    assert incoming.uris() == ["a.mov", "b.MP4", "h.GIF", "sub/deep/c.mkv"]


def test_the_version_of_a_video_is_the_generation_of_its_object(incoming: Incoming) -> None:
    written = incoming.bucket.write("incoming/a.mp4", b"bytes")
    assert list(incoming.source.scan()) == [SourceFile("a.mp4", 5, str(written.generation))]


def test_hidden_parts_and_the_places_of_folders_are_left_out(incoming: Incoming) -> None:
    incoming.put_names("incoming/", "incoming/sub.mp4/", "incoming/.hidden.mp4", "incoming/.trash/b.mp4", "incoming/sub/._a.mp4", "incoming/a.mp4")
    assert incoming.uris() == ["a.mp4"]


@pytest.mark.parametrize("tool", ["gcloud", "gsutil"])
def test_the_parts_of_a_parallel_upload_are_left_out(incoming: Incoming, tool: str) -> None:
    parts = f"{tool}/tmp/parallel_composite_uploads/see_help_for_details"
    incoming.put_names(f"{parts}/a1b2_cat.mp4", f"{parts}/a1b2_cat.mp4_component_3", f"incoming/{parts}/c3d4_0.mp4", "cat.mp4", "cat.mp4_component_0")
    incoming.prefix = ""
    assert incoming.uris() == ["cat.mp4"]


def test_odd_names_are_found_as_they_are(incoming: Incoming) -> None:
    odd = ["-lead.mp4", "50% of %03d.mp4", "a b?.mp4", "colon:name#1.mp4", 'it\'s "q".mp4', "two//slashes.mp4", "été 日本.mp4"]
    incoming.put_names(*(f"incoming/{name}" for name in odd))
    assert incoming.uris() == odd


def test_an_empty_object_has_a_problem_that_is_not_for_ever(incoming: Incoming) -> None:
    incoming.put(a=b"")
    (found,) = incoming.source.scan()
    assert found.problem == "It is empty, or still being uploaded. Upload it again if it stays so; the next scan looks again."


BOOKS = [(".streamcap/leases/x",), (keys.MANIFEST, keys.SCAN), (keys.MANIFEST, keys.receipts("a"))]


@pytest.mark.parametrize("books", BOOKS)
def test_a_storage_is_refused_as_a_source(incoming: Incoming, books: tuple[str, ...]) -> None:
    incoming.put_names("incoming/raw/videos/a.mp4", *(f"incoming/{key}" for key in books))
    with pytest.raises(SourceError, match=r"gs://bucket/incoming.* storage that this project writes to\. Set STREAMCAP_SOURCE"):
        incoming.source.scan()


@pytest.mark.parametrize("prefix", ["data/raw/", "data/raw/videos/", "data/raw/videos/sub/"])
def test_the_copies_of_a_storage_are_refused_as_a_source(incoming: Incoming, prefix: str) -> None:
    incoming.put_names("data/raw/videos/a.mp4", f"data/{keys.MANIFEST}", f"data/{keys.SCAN}")
    incoming.prefix = prefix
    with pytest.raises(SourceError, match="storage that this project writes to"):
        incoming.source.scan()


@pytest.mark.parametrize("books", BOOKS)
def test_the_copies_of_a_storage_inside_the_source_are_left_out(incoming: Incoming, books: tuple[str, ...]) -> None:
    incoming.put_names("incoming/a.mp4", "incoming/data/raw/videos/a.mp4", *(f"incoming/data/{key}" for key in books))
    assert incoming.uris() == ["a.mp4"]


def test_a_source_may_lie_in_the_bucket_of_a_storage(incoming: Incoming) -> None:
    incoming.put_names("incoming/a.mp4", "raw/videos/a.mp4", keys.MANIFEST, keys.SCAN, ".streamcap/leases/x")
    assert incoming.uris() == ["a.mp4"]


def test_a_folder_of_somebody_that_is_called_like_one_of_ours_is_a_source(incoming: Incoming) -> None:
    incoming.put_names("incoming/raw/videos/a.mp4", f"incoming/{keys.MANIFEST}")
    assert incoming.uris() == ["raw/videos/a.mp4"]


def test_a_bucket_that_does_not_exist_is_said_with_its_fix(incoming: Incoming, gcs: Running) -> None:
    gcs.service.store.buckets.clear()
    with pytest.raises(StorageLost, match=r"gs://bucket: there is no bucket of that name\. .*STREAMCAP_SOURCE"):
        incoming.source.scan()


def test_a_bucket_that_may_not_be_listed_is_said_with_the_permission(incoming: Incoming, gcs: Running) -> None:
    gcs.deny("storage.objects.list")
    with pytest.raises(StorageLost, match=r"storage\.objects\.list"):
        incoming.source.scan()


def test_a_video_is_lent_as_a_file_with_its_bytes_and_suffix(incoming: Incoming) -> None:
    incoming.put(a=b"bytes of a")
    with incoming.source.local("a.mp4") as path:
        assert (path.read_bytes(), path.suffix) == (b"bytes of a", ".mp4")


def test_a_video_is_fetched_once_whoever_wants_it(incoming: Incoming) -> None:
    incoming.put(a=b"bytes of a")
    for _ in range(3):
        with incoming.source.local("a.mp4"):
            pass
    assert incoming.downloads() == ["incoming/a.mp4"]


def test_an_overwritten_video_is_never_lent_from_before(incoming: Incoming) -> None:
    incoming.put(a=b"before")
    with incoming.source.local("a.mp4"):
        incoming.put(a=b"after.")
    with incoming.source.local("a.mp4") as path:
        assert path.read_bytes() == b"after."


def test_a_version_that_was_overwritten_since_is_not_lent(incoming: Incoming) -> None:
    incoming.put(a=b"before")
    (found,) = incoming.source.scan()
    incoming.put(a=b"after.")
    with pytest.raises(VideoUnreadable, match="it changed while it was read"), incoming.source.local("a.mp4", found.version):
        pass
    assert incoming.downloads() == []


def test_a_video_that_is_gone_is_said(incoming: Incoming) -> None:
    with pytest.raises(VideoUnreadable, match="it is not in the bucket any more"), incoming.source.local("a.mp4"):
        pass


def test_a_video_that_keeps_arriving_spoilt_is_the_trouble_of_that_video(incoming: Incoming, gcs: Running) -> None:
    incoming.put(a=b"bytes")
    gcs.order(*[Fault("corrupted", "download")] * 3)
    with pytest.raises(VideoUnreadable, match=r"could not be fetched: .*CRC32C"), incoming.source.local("a.mp4"):
        pass


def test_what_goes_wrong_with_a_lent_file_stays_what_it_is(incoming: Incoming) -> None:
    incoming.put(a=b"bytes")
    with pytest.raises(FileNotFoundError), incoming.source.local("a.mp4") as path:
        path.with_name("nowhere").read_bytes()


def test_no_permission_to_read_is_the_trouble_of_all(incoming: Incoming, gcs: Running) -> None:
    incoming.put(a=b"bytes")
    gcs.deny("storage.objects.get")
    with pytest.raises(StorageLost, match=r"storage\.objects\.get"), incoming.source.local("a.mp4"):
        pass


def test_a_scan_costs_a_request_a_page_and_reads_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=(BUCKET,), page_size=10)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        incoming = Incoming(gcs, tmp_path)
        incoming.put_names(*(f"incoming/{number:02}.mp4" for number in range(45)))
        gcs.journal.clear()
        assert len(incoming.uris()) == 45
        assert (gcs.journal.count("list"), gcs.journal.count("get"), gcs.journal.count("download")) == (1 + 5, 1, 0)
