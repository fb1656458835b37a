"""`streamcap status` and what each command says of itself."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.assets.survey import Surveyed
from streamcap_dagster.captions.pacing.accounts import pacific_day
from streamcap_dagster.captions.pacing.others import Account
from streamcap_dagster.cli import app
from streamcap_dagster.cli.status_page import Page, groups_of_several, page
from streamcap_dagster.dataset.grouping.records import GroupedVideo, VideoGroup, VideoGroups
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.failures import Failure, NotedFailure, note_failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import video


@pytest.fixture
def storage() -> FolderStorage:
    return FolderStorage(Path("data"))


def test_an_empty_storage_is_said_to_be_empty_and_what_fills_it() -> None:
    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 0
    assert "holds nothing yet: `streamcap run` catalogs the source and makes the dataset." in done.stdout
    assert not Path("data").exists()


def test_an_empty_storage_is_an_empty_list_for_programs() -> None:
    done = CliRunner().invoke(app, ["status", "--json"])

    assert json.loads(done.stdout)["videos"] == []


def test_a_failed_video_is_exit_status_1_with_its_reason_as_it_is(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat"), video("dog")])
    note_failure(storage, Failure(video_id="dog", asset="frames", reason="video dog: [red]odd[/] name [/nothing]. Rename it."))

    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 1
    assert "failed video dog: [red]odd[/] name [/nothing]. Rename it." in done.stdout
    assert "1 incomplete, 1 failed" in done.stdout


def test_a_file_that_cannot_be_used_is_told_with_its_name_as_it_is(storage: FolderStorage) -> None:
    write_manifest(storage, [video("dog", uri="[red]x[/].mp4", status="failed", reason="It is an empty file. Remove it.")])

    done = CliRunner().invoke(app, ["status"])

    assert "'[red]x[/].mp4': It is an empty file. Remove it." in done.stdout


def test_receipts_that_cannot_be_read_fail_only_their_video(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat"), video("dog")])
    storage.write(keys.receipts("dog"), b"{")

    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 1
    assert "1 incomplete, 1 failed" in done.stdout
    assert "receipts/dog.json cannot be read" in done.stdout


def noted(storage: FolderStorage, video_id: str, attempts: int, ago: timedelta = timedelta()) -> NotedFailure:
    failed_at = (datetime.now(UTC) - ago).replace(microsecond=0)
    failure = NotedFailure(video_id=video_id, asset="frames", reason=f"video {video_id}: it is torn.", attempts=attempts, failed_at=failed_at)
    write_record(storage, keys.failure(video_id), failure)
    return failure


def status(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["status", *arguments])


def test_a_failed_video_says_how_often_it_was_tried_and_when_it_is_tried_again(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])
    failure = noted(storage, "cat", 3)

    assert f"failed video cat: it is torn. (tried 3 times, next after {failure.due_at:%Y-%m-%d %H:%M} UTC)" in status().stdout


def test_a_failed_video_whose_pause_is_over_is_due_again(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])
    noted(storage, "cat", 1, ago=timedelta(days=1))

    assert "video cat: it is torn. (tried once, due again)" in status().stdout


def test_a_parked_video_says_what_tries_it_now(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])
    noted(storage, "cat", 6)

    assert "parked after 6 attempts: video cat: it is torn. `streamcap retry cat` tries it now" in status().stdout


def many(storage: FolderStorage, count: int = 60) -> None:
    """Every third has failed, v000 so often that it is parked, and v001 cannot be used."""
    rows = [video(f"v{number:03d}") for number in range(count)]
    rows[1] = video("v001", status="failed", reason="It is an empty file.")
    write_manifest(storage, rows)
    for number in range(0, count, 3):
        noted(storage, f"v{number:03d}", 6 if number == 0 else 1)


def test_of_many_videos_totals_come_first_and_then_those_that_need_a_person(storage: FolderStorage) -> None:
    many(storage)

    lines = status().stdout.splitlines()

    assert lines[0] == "20 failed, 1 unusable, 39 incomplete"
    assert lines[1].startswith("parked after 6 attempts: video v000")
    assert lines[2] == "unusable 'v001.mp4': It is an empty file."
    assert len(lines) == 1 + 21


def test_of_more_videos_than_there_is_room_for_the_totals_come_first() -> None:
    videos = [Surveyed("cat", "failed", reason="video cat: it is too sad."), Surveyed("dog", "complete")]

    told = page(Page(videos, "data", None, datetime.now(UTC), 6, believed=False, rows=1))

    assert [str(part) for part in told] == ["1 failed, 1 complete", "failed video cat: it is too sad."]


def test_of_very_many_that_need_a_person_some_are_shown_and_the_others_counted(storage: FolderStorage) -> None:
    many(storage, 300)

    lines = status().stdout.splitlines()

    assert lines[-1] == "and 61 more; `streamcap status --json` lists all"
    assert len(lines) == 1 + 40 + 1


def grouped(*groups: tuple[str, ...]) -> VideoGroups:
    members = [tuple(GroupedVideo(video_id=video_id, sha256="", hashes="") for video_id in group) for group in groups]
    return VideoGroups(rule="", groups=tuple(VideoGroup(group=str(number), given=False, videos=some) for number, some in enumerate(members)))


def test_videos_that_belong_together_are_told(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat"), video("dog"), video("owl")])
    write_record(storage, keys.GROUPS, grouped(("cat", "dog"), ("owl",)))

    assert status().stdout.splitlines()[-1] == "one group: cat, dog"
    assert status("dog").stdout.splitlines()[-1] == "one group: cat, dog"
    assert "one group" not in status("owl").stdout


def test_groups_that_cannot_be_read_are_told_below_everything_else(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])
    storage.write(keys.GROUPS, b"{")

    assert "1 incomplete\nprocessed/groups.json cannot be read" in status().stdout


def test_of_many_groups_some_are_told_and_the_others_counted() -> None:
    told = groups_of_several([(f"a{number}", f"b{number}") for number in range(12)])

    assert [str(part) for part in told[-2:]] == ["one group: a7, b7", "and 2 more groups; processed/groups.json lists all"]


def test_for_programs_all_videos_are_told_however_many_there_are(storage: FolderStorage) -> None:
    many(storage, 300)

    told = json.loads(status("--json").stdout)

    assert len(told["videos"]) == 300
    assert told["videos"][0]["failure"]["parked"]
    assert told["quota"] is None


def test_more_videos_than_are_looked_at_one_by_one_are_told_by_their_receipts(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    many(storage)
    monkeypatch.setattr(import_module("streamcap_dagster.cli.status"), "MANY", 50)

    assert "Receipts are believed; `streamcap status --thorough` looks for every object." in status().stdout
    assert "Receipts are believed" not in status("--thorough").stdout


def test_a_video_that_is_named_is_told_in_detail(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat", codec="h264"), video("dog")])
    noted(storage, "cat", 3)

    done = status("cat")

    assert done.exit_code == 1
    assert "'cat.mp4', 0.0 s, 0x0 at 0.00 fps, h264" in done.stdout
    assert "initial_captions" in done.stdout
    assert "tried 3 times" in done.stdout
    assert "dog" not in done.stdout


def test_of_a_file_that_is_no_video_no_measures_are_told(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat", status="failed", reason="It is not a video.")])

    assert status("cat").stdout.splitlines()[0] == "cat unusable  'cat.mp4'"


def test_a_video_that_is_not_in_the_catalog_is_named(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])

    assert "VIDEO_ID='dog' cannot be used: the catalog has no such video" in str(status("dog").exception)


def test_who_shares_the_quota_and_what_was_used_is_told(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(storage, [video("cat")])
    now_s = time.time()
    folder = f"{keys.QUOTA}openai-qwen/{pacific_day(now_s).isoformat()}"
    for name, ended in (("here-1-a", False), ("there-2-b", False), ("there-3-c", True)):
        write_record(storage, f"{folder}/{name}.json", Account(process=name, requests=100, usd=0.5, seen_at=now_s, ended=ended))
    for name, value in {"OPENAI_MODEL": "qwen", "RPD": "1000", "BUDGET_USD": "5"}.items():
        monkeypatch.setenv(f"STREAMCAP_{name}", value)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")

    told = status("--captioner", "openai").stdout

    assert "quota qwen: 2 processes share the quota (here-1-a, there-2-b); 300 of 1,000 requests today (Pacific time); $1.50 of $5.00 spent" in told


def test_who_watches_sees_blocks_until_an_interrupt_which_is_no_failure(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat")])
    command = [sys.executable, "-m", "streamcap_dagster.cli", "status", "--watch", "--every", "0.1", "--captioner", "offline"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(12)]
        process.send_signal(signal.SIGINT)
        process.stdout.read()

    assert sum("1 incomplete" in line for line in lines) >= 2
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run", "Turn the videos of SOURCE into a dataset"),
        ("status", "Tell per video what exists, what is out of date or missing, and what failed and why"),
        ("doctor", "Check what a run needs"),
    ],
)
def test_help_tells_what_a_command_does(command: str, told: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert done.exit_code == 0
    assert told in done.stdout
    assert told in CliRunner().invoke(app, [command, "-h"], env={"COLUMNS": "200"}).stdout


def test_a_wrong_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["run", "--fast"]).exit_code == 2
