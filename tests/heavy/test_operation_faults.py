"""What goes wrong while Dagster's daemon works on videos that are paid for: runs that are killed, code that is reloaded, a chunk that
is all bad, and a history that cannot be written. No video is lost, none is asked about twice, and status tells how things are.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.storage.processes import is_gone, this_machine
from tests.assets.project import Project
from tests.gemini.runs import EmulatorProcess, answered, emulator_process, gemini_project, key_of, run_against
from tests.heavy.daemon import until
from tests.heavy.operations import Operated, ending, full, launched, locked, look_often, operated, process_of, runs_of, small_disk, without_proxy
from tests.media import make_video

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(400)]

CHUNK, CALLS_A_VIDEO, IN_FLIGHT = 2, 4, 2
KILLED, RELOADED, BAD, BESIDE_BAD = ["video0", "video1"], ["video2", "video3"], ["video4", "video5"], ["video6", "video7"]
HELD, FULL, TOMORROW = ["video8", "video9"], ["videoa", "videob"], ["videoc"]
DAY_S = 86400
HELD_FOR_S = 20
"""Dagster waits 5 s for the database of its runs and its ticks, and 30 s for that of its events."""


@dataclass(frozen=True)
class Site:
    """A project that Dagster works on, whose history is on a small disk."""

    project: Project
    dagster: Operated
    instance: dg.DagsterInstance
    emulator: EmulatorProcess

    def launch(self, videos: list[str]) -> str:
        return launched(self.project, self.instance, videos)

    def begun(self, backfill_id: str, first: str) -> dg.DagsterRun:
        """The first run of a backfill, once it has its first video done."""
        done = self.project.storage / f"rl_examples/{first}.json"
        until(done.exists, 120, f"{first} to be done")
        return runs_of(self.instance, backfill_id)[0]

    def states(self, videos: list[str]) -> set[str]:
        """What `streamcap status` calls these videos."""
        statuses = self.project.statuses()
        return {statuses[video]["state"] for video in videos}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    settings = {"STREAMCAP_CHUNK": CHUNK, "STREAMCAP_VIDEOS_IN_FLIGHT": 1, "STREAMCAP_CALLS_IN_FLIGHT": IN_FLIGHT, "STREAMCAP_DECODE_WORKERS": 1}
    project = gemini_project(root / "project", 10, **{name: str(value) for name, value in settings.items()})
    without_proxy(project)
    for name in BAD:
        _with_broken_pictures(project, name)
    for number, name in enumerate([*FULL, *TOMORROW]):
        (project.source / f"{name}.mp4").write_bytes((project.source / f"video{number}.mp4").read_bytes() + bytes(7))
    look_often(project)
    with emulator_process(root / "journal.jsonl", "--latency-ms", "400..800", "--key", key_of(project)) as emulator, small_disk(project.home, 64):
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = emulator.url
        assert project.materialize(["video_catalog"]).returncode == 0
        with operated(project) as dagster, dg.DagsterInstance.from_config(str(project.home)) as instance:
            yield Site(project, dagster, instance, emulator)


def test_a_run_that_is_killed_in_mid_chunk_is_noticed_and_the_next_one_goes_on(site: Site, tmp_path: Path) -> None:
    before = len(site.emulator.rows())
    backfill = site.launch(KILLED)
    run = site.begun(backfill, KILLED[0])
    os.kill(process_of(site.instance, run.run_id), signal.SIGKILL)

    assert ending(site.instance, backfill) == "COMPLETED_SUCCESS"
    assert [run.status.value for run in runs_of(site.instance, backfill)] == ["FAILURE", "SUCCESS"]
    counts = answered(site.emulator.rows()[before:])
    assert (len(counts), sum(counts.values()) - len(counts) <= IN_FLIGHT) == (CALLS_A_VIDEO * len(KILLED), True)
    assert site.states(KILLED) == {"complete"}
    assert _of_videos(site.project, KILLED) == _of_videos(_undisturbed(tmp_path, site.project), KILLED)


def test_a_run_goes_on_while_its_code_is_reloaded(site: Site) -> None:
    before = len(site.emulator.rows())
    backfill = site.launch(RELOADED)
    site.begun(backfill, RELOADED[0])
    site.dagster.reload()

    assert ending(site.instance, backfill) == "COMPLETED_SUCCESS"
    assert [run.status.value for run in runs_of(site.instance, backfill)] == ["SUCCESS"]
    assert list(answered(site.emulator.rows()[before:]).values()) == [1] * CALLS_A_VIDEO * len(RELOADED)
    assert site.states(RELOADED) == {"complete"}


def test_a_chunk_of_which_every_video_is_bad_names_each_and_they_rest_while_the_next_chunk_goes_on(site: Site) -> None:
    backfill = site.launch([*BAD, *BESIDE_BAD])

    assert ending(site.instance, backfill) == "COMPLETED_FAILED"
    bad, beside = runs_of(site.instance, backfill)
    assert (bad.status.value, beside.status.value) == ("FAILURE", "SUCCESS")
    said = [entry.message for entry in site.instance.all_logs(bad.run_id) if entry.dagster_event is None]
    assert all(any(f"video {video}: the picture at" in words for words in said) for video in BAD)
    statuses = site.project.statuses()
    assert {statuses[video]["state"] for video in BESIDE_BAD} == {"complete"}
    assert {(statuses[video]["state"], statuses[video]["failure"]["attempts"]) for video in BAD} == {("failed", 1)}
    due_tonight = json.loads(site.project.streamcap("backfill", "--dry-run", "--json", "--here").stdout)
    assert {one["video_id"] for one in due_tonight["paused"]} == set(BAD)


def test_a_backfill_that_was_asked_for_before_the_clock_was_set_back_is_done_once_and_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before, told = len(site.emulator.rows()), time.time
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: told() + DAY_S)
        backfill = site.launch(TOMORROW)
        for beat in site.instance.get_daemon_heartbeats().values():
            site.instance.add_daemon_heartbeat(beat._replace(timestamp=time.time()))

    assert ending(site.instance, backfill) == "COMPLETED_SUCCESS"
    assert [run.status.value for run in runs_of(site.instance, backfill)] == ["SUCCESS"]
    assert list(answered(site.emulator.rows()[before:]).values()) == [1] * CALLS_A_VIDEO
    assert site.states(TOMORROW) == {"complete"}


def test_a_run_waits_for_a_database_that_somebody_holds_and_the_daemon_gets_over_it(site: Site) -> None:
    before = len(site.emulator.rows())
    backfill = site.launch(HELD)
    site.begun(backfill, HELD[0])
    with locked(site.project.home):
        time.sleep(HELD_FOR_S)

    assert ending(site.instance, backfill) == "COMPLETED_SUCCESS"
    assert [run.status.value for run in runs_of(site.instance, backfill)] == ["SUCCESS"]
    assert list(answered(site.emulator.rows()[before:]).values()) == [1] * CALLS_A_VIDEO * len(HELD)


def test_a_run_that_dies_of_a_full_disk_is_noticed_when_there_is_room_and_the_next_one_goes_on(site: Site) -> None:
    before = len(site.emulator.rows())
    backfill = site.launch(FULL)
    run = site.begun(backfill, FULL[0])
    worker = f"{this_machine()}-{process_of(site.instance, run.run_id)}-worker"
    with full(site.project.home):
        until(lambda: is_gone(worker), 60, "the run to die")
        time.sleep(6)  # until its code server has looked, which it does every five seconds, and has found no room either

    assert ending(site.instance, backfill) == "COMPLETED_SUCCESS"
    assert [run.status.value for run in runs_of(site.instance, backfill)] == ["FAILURE", "SUCCESS"]
    assert list(answered(site.emulator.rows()[before:]).values()) == [1] * CALLS_A_VIDEO * len(FULL)
    assert site.states(FULL) == {"complete"}


def _with_broken_pictures(project: Project, name: str) -> None:
    """A video that looks whole to the catalog, and half of whose pictures cannot be decoded."""
    path = make_video(project.source / f"{name}.mp4", 6, "160x120", "15", arguments=("-c:v", "mjpeg", "-q:v", "3", "-movflags", "+faststart"))
    data = path.read_bytes()
    quarter = len(data) // 4
    path.write_bytes(data[: 2 * quarter] + bytes(quarter) + data[3 * quarter :])


def _undisturbed(root: Path, disturbed: Project) -> Project:
    """The videos of the run that was killed, made by one that was not."""
    project = gemini_project(root / "calm", 0)
    for name in KILLED:
        (project.source / f"{name}.mp4").write_bytes((disturbed.source / f"{name}.mp4").read_bytes())
    assert run_against(project, Options()).status == 0
    return project


def _of_videos(project: Project, videos: list[str]) -> dict[str, str]:
    """The final files of single videos."""
    return {key: digest for key, digest in project.final_files().items() if not key.startswith("processed/") and any(video in key for video in videos)}
