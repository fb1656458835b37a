"""`streamcap backfill` and `streamcap retry` in this process, on real videos."""

import json
import os
import pty
import subprocess
import time
from contextlib import suppress

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from streamcap_dagster.assets.asked import AskedElsewhere, asked_under, check_asked
from streamcap_dagster.assets.due import DueKind
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.automation.backfills import LAUNCHED_BY, BackfillState, state_of
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.cli.backfill import RUN_OF, Manner, NoDaemon, end_backfill, run_backfill
from streamcap_dagster.cli.backfill_plan import Wanted
from streamcap_dagster.cli.daemon import ALIVE_S
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.retry import NotUsable, retry_videos
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.failures import read_failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from streamcap_dagster.wiring import captioner_for, source_for, storage_for
from tests.assets.project import Project
from tests.media import make_video

NOW = Manner(yes=True)
LOOK = Manner(dry_run=True, as_json=True)


def looked(capsys: pytest.CaptureFixture[str], *kinds: DueKind, only: tuple[str, ...] = ()) -> dict[str, dict[str, str] | list[dict[str, str]]]:
    """What a dry run tells programs."""
    capsys.readouterr()
    assert run_backfill(read_settings(), Wanted(kinds, only), LOOK) == 0
    told: dict[str, dict[str, str] | list[dict[str, str]]] = json.loads(capsys.readouterr().out)
    return told


def test_a_look_tells_what_is_due_and_makes_nothing(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = ready.final_files()

    told = looked(capsys)

    assert told["due"] == {"missing": 3, "changed": 0, "stale": 0, "failed": 0}
    assert told["assets"]["frames"] == {"missing": 3, "stale": 0}  # type: ignore[call-overload]
    assert ready.final_files() == before


def test_what_is_due_is_made_by_runs_that_can_be_found_and_then_nothing_is(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_backfill(read_settings(), Wanted(), NOW) == 0

    assert (ready.storage / "processed/train.json").exists()
    with open_instance() as instance:
        runs = instance.get_runs(filters=dg.RunsFilter(tags={LAUNCHED_BY: "streamcap backfill"}))
    assert len({run.tags[RUN_OF] for run in runs}) == 1
    capsys.readouterr()
    assert run_backfill(read_settings(), Wanted(), Manner()) == 0
    assert "Nothing is due." in capsys.readouterr().out


def test_a_failed_video_rests_until_a_person_asks_for_it(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (ready.source / "b.mp4").write_bytes(b"other bytes")

    assert run_backfill(read_settings(), Wanted(), NOW) == 1

    assert "other bytes than when it was cataloged" in capsys.readouterr().out
    assert [video["video_id"] for video in looked(capsys)["paused"]] == ["b"]  # type: ignore[index]
    assert [video["video_id"] for video in looked(capsys, "failed")["videos"]] == ["b"]  # type: ignore[index]
    assert [video["because"] for video in looked(capsys, only=("b",))["videos"]] == ["failed"]  # type: ignore[index]


def test_only_what_is_asked_for_is_made(ready: Project) -> None:
    assert run_backfill(read_settings(), Wanted(only=("c", "a")), NOW) == 0

    assert ready.materialized("rl_examples") == {"a", "c"}


def test_with_nobody_to_ask_it_wants_a_yes(ready: Project) -> None:
    with pytest.raises(SettingError, match="3 videos are due, and nobody can be asked; add --yes"):
        run_backfill(read_settings(), Wanted(), Manner())


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("y", 0)])
def test_on_a_terminal_it_asks_and_a_no_makes_nothing(ready: Project, answer: str, status: int) -> None:
    terminal, theirs = pty.openpty()
    command = subprocess.Popen(ready.command("backfill", "--only", "a"), env=ready.env, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ready.root)
    os.close(theirs)
    said = b""
    while b"Go on?" not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, f"{answer}\n".encode())
    with suppress(OSError):  # how a terminal tells that nobody is left to write to it
        while more := os.read(terminal, 4096):
            said += more

    assert command.wait(timeout=30) == status
    assert (b"Nothing was made, and nothing paid." in said) == (answer == "n")
    assert ready.materialized("rl_examples") == ({"a"} if answer == "y" else set())


def test_what_is_left_to_a_daemon_is_launched_once_and_can_be_canceled(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    _give_a_sign_of_life(0)

    assert run_backfill(read_settings(), Wanted(), Manner(yes=True, detach=True, as_json=True)) == 0

    backfill_id = json.loads(capsys.readouterr().out)["backfill"]
    again = looked(capsys)
    assert (again["videos"], again["underway"]) == ([], ["a", "b", "c"])
    assert end_backfill(backfill_id) == 0
    with open_instance() as instance:
        state = state_of(instance, backfill_id)
    assert state == BackfillState("CANCELING", ended=False)
    assert looked(capsys)["underway"] == []


def test_who_has_just_looked_at_the_source_is_not_told_how_to(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_backfill(read_settings(), Wanted(), Manner(dry_run=True)) == 0
    assert "--catalog looks at the source again" in capsys.readouterr().out

    assert run_backfill(read_settings(), Wanted(), Manner(dry_run=True, catalog=True)) == 0
    assert "--catalog looks at the source again" not in capsys.readouterr().out


def test_an_unknown_backfill_cannot_be_canceled(ready: Project) -> None:
    with pytest.raises(SettingError, match=f"--cancel='zebra' cannot be used: the instance in {ready.home} knows no such backfill"):
        end_backfill("zebra")


def test_a_daemon_that_fell_silent_is_none(ready: Project) -> None:
    _give_a_sign_of_life(ALIVE_S + 1)

    with pytest.raises(NoDaemon):
        run_backfill(read_settings(), Wanted(), Manner(yes=True, detach=True))


def _give_a_sign_of_life(seconds_ago: float) -> None:
    """As a daemon does every half minute."""
    with open_instance() as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds_ago, "BACKFILL", "a daemon", []))


def test_nothing_is_left_to_a_daemon_that_is_not_there(ready: Project) -> None:
    with pytest.raises(NoDaemon, match=r"none gives a sign of life in .*leave --detach out"):
        run_backfill(read_settings(), Wanted(), Manner(yes=True, detach=True))


def test_an_unknown_video_is_named(ready: Project) -> None:
    with pytest.raises(SettingError, match=r"zebra.*the catalog has no such video"):
        run_backfill(read_settings(), Wanted(only=("zebra",)), NOW)


def test_a_storage_without_a_catalog_asks_for_one(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_STORAGE", str(ready.root / "empty"))

    with pytest.raises(SettingError, match="no catalog yet; add --catalog"):
        run_backfill(read_settings(), Wanted(), NOW)


def test_what_a_paid_captioner_would_cost_is_told_without_a_key(ready: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    make_video(ready.source / "long.mp4", seconds=5, size="160x120", fps="10")
    monkeypatch.setenv("STREAMCAP_CAPTIONER", "gemini")

    run_backfill(read_settings(), Wanted(), Manner(catalog=True, dry_run=True))

    assert "up to 3 calls" in capsys.readouterr().out


def test_a_retry_forgets_the_failures_and_takes_the_file_as_it_is_now(ready: Project) -> None:
    good = (ready.source / "b.mp4").read_bytes()
    (ready.source / "b.mp4").write_bytes(b"other bytes")
    assert run_backfill(read_settings(), Wanted(), NOW) == 1
    (ready.source / "b.mp4").write_bytes(good)

    assert retry_videos(read_settings(), ["b"], NOW) == 0

    assert read_failure(FolderStorage(ready.storage), "b") is None
    assert ready.materialized("rl_examples") == {"a", "b", "c"}


def test_a_retry_that_is_not_agreed_to_forgets_nothing(ready: Project) -> None:
    good = (ready.source / "b.mp4").read_bytes()
    (ready.source / "b.mp4").write_bytes(b"other bytes")
    assert run_backfill(read_settings(), Wanted(only=("b",)), NOW) == 1
    (ready.source / "b.mp4").write_bytes(good)

    with pytest.raises(SettingError, match="nobody can be asked"):
        retry_videos(read_settings(), ["b"], Manner())

    assert read_failure(FolderStorage(ready.storage), "b") is not None


def test_a_retry_of_a_file_that_is_no_video_says_why(ready: Project) -> None:
    with pytest.raises(NotUsable, match=r"video notes cannot be tried again: the catalog lists it as failed \(.*looked at again just now"):
        retry_videos(read_settings(), ["notes"], NOW)


def test_a_retry_looks_again_into_a_file_that_could_not_be_used(ready: Project) -> None:
    storage = FolderStorage(ready.storage)
    rows = read_manifest(storage)
    rows["a"] = rows["a"].model_copy(update={"status": "failed", "reason": "The probe had a bad day."})
    write_manifest(storage, rows.values())

    assert retry_videos(read_settings(), ["a"], NOW) == 0


def test_a_retry_of_an_unknown_video_names_it(ready: Project) -> None:
    with pytest.raises(SettingError, match="VIDEO_ID='zebra' cannot be used: the catalog has no such video"):
        retry_videos(read_settings(), ["zebra"], NOW)


def test_a_run_that_was_asked_for_under_other_settings_refuses(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = asked_under(_workshop())
    check_asked(tags, _workshop())
    check_asked({}, _workshop())
    monkeypatch.setenv("STREAMCAP_STORAGE", str(ready.root / "elsewhere"))
    monkeypatch.setenv("STREAMCAP_FPS", "2")

    with pytest.raises(AskedElsewhere, match=r"kept in .*/data, where STREAMCAP_STORAGE here is .*/elsewhere; the code, the prompts or the settings"):
        check_asked(tags, _workshop())


@pytest.mark.usefixtures("ready")
def test_a_run_that_was_asked_for_under_other_prompts_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code location that was not started again since they changed would pay for captions of the old ones."""
    tags = asked_under(_workshop())
    monkeypatch.setattr(Prompts, "version", "initial.v9-12345678")

    with pytest.raises(AskedElsewhere, match="the code, the prompts or the settings"):
        check_asked(tags, _workshop())


def _workshop() -> Workshop:
    settings = read_settings()
    return Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())
