"""`streamcap sync`: what a person sees of a storage that is copied, and what is asked of them."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.examples.ranking_items import rankings_of
from streamcap_dagster.examples.rankings import RankedText, RankedWindow, Rankings
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import lay_tombstone
from tests.reviews.places import decide, on


@pytest.fixture
def here(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "here")
    for key in ("clips/cat.json", "receipts/cat.json", "raw/manifest.csv"):
        storage.write(key, key.encode())
    return storage


@pytest.fixture
def there(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "there")


def sync(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["sync", *map(str, arguments)])


def test_it_tells_what_was_copied_and_then_that_all_is_the_same(here: FolderStorage, there: FolderStorage) -> None:
    first, second = sync(here.root, there.root), sync(here.root, there.root)

    assert first.exit_code == second.exit_code == 0
    assert f"3 copied and checked (47 bytes): {there.root}" in first.stdout
    assert "the same, and skipped" in second.stdout
    assert "0 copied and checked" in second.stdout


def test_a_dry_run_tells_what_differs_and_writes_nothing(here: FolderStorage, there: FolderStorage) -> None:
    there.write("clips/cat.json", b"[/nothing] other")
    done = sync(here.root, there.root, "--dry-run")

    assert done.exit_code == 0
    assert "differs clips/cat.json" in done.stdout
    assert [stored.key for stored in there.list("")] == ["clips/cat.json"]
    assert there.read("clips/cat.json") == b"[/nothing] other"


def test_what_only_the_target_has_is_told_and_stays(here: FolderStorage, there: FolderStorage) -> None:
    there.write("clips/old.json", b"old")
    done = sync(here.root, there.root)

    assert "only there, and stay (--delete removes them)" in done.stdout
    assert there.stat("clips/old.json") is not None


def test_videos_that_were_taken_down_are_told_with_the_line_that_removes_them(here: FolderStorage, there: FolderStorage) -> None:
    lay_tombstone(there, "cat", "c" * 64)
    done = sync(here.root, there.root)

    assert done.exit_code == 0
    assert "of videos that were taken down, and left out" in done.stdout
    assert f"taken down cat: `STREAMCAP_STORAGE={there.root} streamcap forget cat` removes" in done.stdout
    assert there.stat("clips/cat.json") is None


def test_removing_without_anybody_to_ask_is_wrong_usage_and_does_nothing(here: FolderStorage, there: FolderStorage) -> None:
    there.write("clips/old.json", b"old")
    done = sync(here.root, there.root, "--delete")

    assert f"1 object would be removed from {there.uri}, and nobody can be asked; add --yes" in str(done.exception)
    assert [stored.key for stored in there.list("")] == ["clips/old.json"]


def test_removing_is_told_by_name(here: FolderStorage, there: FolderStorage) -> None:
    there.write("clips/old.json", b"old")
    done = sync(here.root, there.root, "--delete", "--yes")

    assert done.exit_code == 0
    assert "removes clips/old.json" in done.stdout
    assert "1 removed" in done.stdout
    assert there.stat("clips/old.json") is None


def test_what_cannot_be_listed_at_the_source_is_not_removed_from_the_copy(here: FolderStorage, there: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    here.write("calls/cat.jsonl", b"paid for")
    sync(here.root, there.root)
    whole = os.scandir

    def closed(folder: str) -> object:
        if folder == str(here.root / "calls"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)
        return whole(folder)

    monkeypatch.setattr(os, "scandir", closed)
    done = sync(here.root, there.root, "--delete", "--yes")

    assert done.exit_code == 1
    assert f"failed in {here.root}: Permission denied" in str(done.exception)
    assert there.read("calls/cat.jsonl") == b"paid for"


def test_what_the_source_keeps_on_another_disk_is_copied_too(here: FolderStorage, there: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (here.root / "calls").symlink_to(tmp_path / "disk")
    here.write("calls/cat.jsonl", b"paid for")

    assert sync(here.root, there.root, "--delete", "--yes").exit_code == 0
    assert there.read("calls/cat.jsonl") == b"paid for"


def test_what_fails_is_exit_status_1_with_its_name_and_reason(here: FolderStorage, there: FolderStorage) -> None:
    there.write("clips", b"a file where a folder is needed")
    done = sync(here.root, there.root)

    assert done.exit_code == 1
    assert "failed clips/cat.json: " in done.stdout
    assert "A file stands where a folder is needed" in done.stdout
    assert "not copied 2 receipts, manifest or card" in done.stdout


def test_nothing_to_copy_from_is_wrong_usage_even_with_delete(tmp_path: Path, there: FolderStorage) -> None:
    there.write("clips/old.json", b"old")
    (tmp_path / "empty").mkdir()

    assert "it holds nothing" in str(sync(tmp_path / "empty", there.root, "--delete", "--yes").exception)
    assert "there is no such folder" in str(sync(tmp_path / "none", there.root, "--delete", "--yes").exception)
    assert there.stat("clips/old.json") is not None


def test_decisions_of_both_are_there_afterwards(here: FolderStorage, there: FolderStorage) -> None:
    decide(here, "v", on(1, verdict="drop"))
    decide(there, "v", on(3, verdict="keep"), by="bob")
    done = sync(here.root, there.root)

    assert done.exit_code == 0
    assert "1 differ, and are joined with what is there" in " ".join(done.stdout.split())
    assert [(decision.window, decision.by) for decision in read_review(there, "v").decisions] == [(1, "ann"), (3, "bob")]


def test_what_two_decided_otherwise_of_the_same_is_told_and_the_target_keeps_its_own(here: FolderStorage, there: FolderStorage) -> None:
    decide(here, "v", on(1, verdict="drop"))
    decide(there, "v", on(1, verdict="keep"), by="bob")
    done = sync(here.root, there.root)

    assert done.exit_code == 1
    assert "decided otherwise reviews/v.json, clip 0, window 1: ann's of" in done.stdout
    assert f"What {there.uri} has of these stays. Decide the same in both with `streamcap review`" in done.stdout
    assert [decision.verdict for decision in read_review(there, "v").decisions] == ["keep"]


def test_a_file_of_decisions_that_cannot_be_read_is_named_with_its_place_and_stays(here: FolderStorage, there: FolderStorage) -> None:
    decide(here, "v", on(1, verdict="drop"))
    there.write("reviews/v.json", b"{")
    done = sync(here.root, there.root)

    assert done.exit_code == 1
    assert f"failed reviews/v.json: {there.uri}/reviews/v.json cannot be read: it holds no review" in done.stdout
    assert there.read("reviews/v.json") == b"{"


def test_rankings_that_the_target_lacks_are_added_and_it_keeps_its_own(here: FolderStorage, there: FolderStorage) -> None:
    write_record(here, keys.rankings("v"), Rankings(video_id="v", windows=(ranked(1, "A cat."), ranked(3, "A cat."))))
    write_record(there, keys.rankings("v"), Rankings(video_id="v", windows=(ranked(1, "A dog."),)))
    done = sync(here.root, there.root)

    assert done.exit_code == 1
    assert "decided otherwise rankings/v.json, clip 0, window 1: ranked otherwise there" in done.stdout
    assert rankings_of(there, "v").windows == (ranked(1, "A dog."), ranked(3, "A cat."))


def ranked(window: int, best: str) -> RankedWindow:
    candidates = (RankedText(text=best, rank=1), RankedText(text="No change.", rank=2))
    return RankedWindow(clip=0, window=window, basis="b", people=1, candidates=candidates)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("here", "here/"),
        ("here", "./somewhere/../here"),
        ("here", "here/copy"),
        ("here/clips", "here"),
        ("gs://bucket/a", "gs://bucket/a/"),
        ("gs://bucket", "gs://bucket/a"),
        ("gs://bucket/a/b", "gs://bucket/a"),
    ],
)
def test_two_places_of_which_one_is_in_the_other_are_wrong_usage(here: FolderStorage, source: str, target: str) -> None:
    told = str(sync(source, target).exception)
    assert "inside the other" in told or "the same place" in told


@pytest.mark.parametrize("place", ["s3://bucket/prefix", "gs://", "gs://b/../c"])
def test_a_place_that_cannot_be_is_told_by_the_argument(here: FolderStorage, place: str) -> None:
    assert str(sync("here", place).exception).startswith(f"TO={place!r} cannot be used")


def test_neighbours_with_a_common_beginning_are_two_places(here: FolderStorage, tmp_path: Path) -> None:
    assert sync("here", "here-copy").exit_code == 0
    assert (tmp_path / "here-copy/clips/cat.json").is_file()


def test_a_folder_goes_to_a_bucket(here: FolderStorage, gcs: Running) -> None:
    done = sync(here.root, "gs://bucket/some/prefix")

    assert done.exit_code == 0, done.output
    assert "3 copied and checked (47 bytes): gs://bucket/some/prefix" in done.stdout
    assert gcs.objects("bucket")["some/prefix/clips/cat.json"] == b"clips/cat.json"


def test_a_bucket_that_is_not_there_is_told_with_the_line_that_creates_it(here: FolderStorage, gcs: Running) -> None:
    assert "emulate-gcs --bucket another" in str(sync(here.root, "gs://another/prefix").exception)


def test_ctrl_c_in_the_middle_of_a_large_object_ends_it_soon_and_the_next_goes_on(here: FolderStorage, tmp_path: Path) -> None:
    here.write("raw/videos/cat.mp4", bytes(80 << 20))
    with running(Options(buckets=("bucket",), latency_ms=(700, 700))) as emulator:
        command = [sys.executable, "-m", "streamcap_dagster.cli", "sync", str(here.root), "gs://bucket/data"]
        process = subprocess.Popen(command, env={**os.environ, "STORAGE_EMULATOR_HOST": emulator.url}, stderr=subprocess.PIPE, text=True)
        while not emulator.journal.count("upload_part"):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told_s = time.monotonic()
        complained = process.communicate()[1]

        assert process.returncode == 130
        assert "run the same command again to go on" in complained
        assert time.monotonic() - told_s < 5
        assert "data/raw/videos/cat.mp4" not in emulator.objects("bucket")
