"""`streamcap reviews`: what people decided, counted and taken out."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.reviews.records import Span
from streamcap_dagster.reviews.storing import read_review, save
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.receipts import Receipt, Receipts, write_receipts
from tests.reviews.places import decide, on, said


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """Two videos that people decided on."""
    monkeypatch.setenv("STREAMCAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    storage: Storage = FolderStorage(tmp_path / "data")
    if request.param == "bucket":
        request.getfixturevalue("gcs")
        storage = open_storage("gs://bucket/data", tmp_path / "cache", 1, 8, 30)
    for video_id in ("clock", "life"):
        initials, deltas = said(video_id=video_id)
        write_record(storage, keys.initial_captions(video_id), initials)
        write_record(storage, keys.delta_captions(video_id), deltas)
    decide(storage, "clock", on(1, verdict="drop"), on(3, text="A dog comes out."))
    decide(storage, "life", on(1, verdict="keep"), by="[red]bob[/]")
    save(storage, "life", read_review(storage, "life").version, [Span(start_s=0, end_s=4)], "eve")
    monkeypatch.setenv("STREAMCAP_STORAGE", storage.uri)
    return storage


def streamcap(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reviews", *arguments])


def test_decisions_are_exported_to_a_file(storage: Storage, tmp_path: Path) -> None:
    out = tmp_path / "out" / "reviews.csv"
    done = streamcap("export", "--out", str(out))

    assert (done.exit_code, done.output.strip()) == (0, f"4 decisions on 2 videos: {out}")
    assert [row["place"] for row in csv.DictReader(out.open(newline=""))] == ["window clock/0/1", "window clock/0/3", "window life/0/1", "mark life"]
    assert list(out.parent.iterdir()) == [out]


def test_decisions_on_one_video_are_exported_to_standard_output(storage: Storage) -> None:
    done = streamcap("export", "--only", "clock")
    assert done.exit_code == 0
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == ["place", "window clock/0/1", "window clock/0/3"]


def test_a_video_that_nobody_decided_on_is_refused_by_name(storage: Storage) -> None:
    done = streamcap("export", "--only", "clok")
    assert isinstance(done.exception, SettingError)
    assert "nobody has decided anything of such a video" in str(done.exception)


def test_an_export_that_cannot_read_one_review_says_so_and_writes_the_others(storage: Storage, tmp_path: Path) -> None:
    storage.write(keys.reviews("clock"), b'{"format": 2}')
    done = streamcap("export", "--out", str(tmp_path / "reviews.csv"))

    assert done.exit_code == 1
    assert "left out reviews/clock.json cannot be read: it was written by a later version of streamcap" in done.output
    assert len((tmp_path / "reviews.csv").read_text().splitlines()) == 3


def test_the_status_counts_what_was_decided_by_video(storage: Storage) -> None:
    receipt = Receipt(asset="reviews", fingerprint="", content_hash="", objects=(), counts={"decisions_on_other_captions": 1})
    write_receipts(storage, Receipts(owner="clock", receipts=(receipt,)))
    done = streamcap("status")
    lines = [line.split() for line in done.output.splitlines()]

    assert done.exit_code == 0
    assert lines[0] == ["video", "kept", "dropped", "edited", "ranked", "marks", "outdated", "last", "by"]
    assert (lines[1][:7], lines[1][-1]) == (["clock", "0", "1", "1", "0", "0", "1"], "ann")
    assert (lines[2][:7], lines[2][-2:]) == (["life", "1", "0", "0", "0", "1", "0"], ["[red]bob[/],", "eve"])
    assert "Outdated are decisions on captions that are others by now" in done.output


def test_the_status_is_told_to_programs_as_json(storage: Storage) -> None:
    told = json.loads(streamcap("status", "--json").stdout)
    assert (told["storage"], [(video["video_id"], video["edited"], video["outdated"]) for video in told["videos"]]) == (
        storage.uri,
        [("clock", 1, 0), ("life", 0, 0)],
    )


def test_the_status_names_a_review_that_cannot_be_read(storage: Storage) -> None:
    storage.write(keys.reviews("clock"), b"{")
    done = streamcap("status")
    assert (done.exit_code, "cannot be read reviews/clock.json cannot be read: it holds no review" in done.output) == (1, True)


def test_where_nobody_decided_anything_the_status_says_how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_STORAGE", str(tmp_path / "empty"))
    monkeypatch.setenv("STREAMCAP_CACHE", str(tmp_path / "cache"))
    done = streamcap("status")
    assert (done.exit_code, "`streamcap review` shows the captions" in done.output) == (0, True)


def test_reviews_are_copied_with_their_storage_and_not_those_of_a_video_that_was_taken_down(gcs: Running, tmp_path: Path) -> None:
    ours = FolderStorage(tmp_path / "data")
    decide(ours, "clock", on(1, verdict="drop"))
    decide(ours, "life", on(1, verdict="drop"))
    ours.write(keys.tombstone("life"), json.dumps({"video_id": "life", "sha256": "ab", "taken_down_at": "2026-11-22T10:00:00Z"}).encode())
    done = CliRunner().invoke(app, ["sync", ours.uri, "gs://bucket/copy"])

    assert done.exit_code == 0, done.output
    assert [key for key in gcs.objects("bucket") if "reviews/" in key] == ["copy/reviews/clock.json"]
