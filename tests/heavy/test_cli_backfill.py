"""`streamcap backfill` with a real daemon beside it: watched to its end, refused, left alone, and with the daemon killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import pytest

from streamcap_dagster.automation.backfills import BackfillState, state_of
from streamcap_dagster.cli.daemon import silent_s
from tests.assets.project import PER_VIDEO_NAMES, Project

pytestmark = pytest.mark.heavy

HURRIED = """
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2  # between two looks at the backfills, else 30
from dagster._daemon.cli import cli
cli(["run", "-m", "streamcap_dagster.definitions"])
"""


@pytest.mark.timeout(400)
def test_a_watched_backfill_tells_each_failure_and_one_asked_for_under_other_settings_ends_at_its_first_run(project: Project) -> None:
    assert project.materialize(["video_catalog"]).returncode == 0
    with (project.source / "life.mp4").open("ab") as file:
        file.write(b"more")

    with _daemon(project):
        watched = project.streamcap("backfill", "--yes")

        assert watched.returncode == 1, watched.stdout + watched.stderr
        assert "failed: video life: 'life.mp4' has other bytes than when it was cataloged" in watched.stdout
        assert f"{2 * len(PER_VIDEO_NAMES)} made, 0 reused" in watched.stdout
        assert "calls:" not in watched.stdout  # nobody was called: the captioner is in the process itself
        assert project.materialized("rl_examples") == {"clock", "still"}
        assert (project.storage / "processed/dataset/README.md").exists()

        elsewhere = project.streamcap("backfill", "--yes", STREAMCAP_FPS="2")

        assert elsewhere.returncode == 1
        assert "this run was asked for where the code, the prompts or the settings of frames, captions or examples are others than here" in elsewhere.stdout
        assert "ended as CANCELED" in elsewhere.stdout


@pytest.mark.timeout(500)
def test_a_backfill_outlives_its_watcher_and_a_killed_daemon_and_makes_each_video_once(project: Project) -> None:
    project.environment["STREAMCAP_CHUNK"] = "1"
    assert project.materialize(["video_catalog"]).returncode == 0
    with _daemon(project) as daemon:
        told, status = _interrupted_once_launched(project)
        backfill_id = told.partition("Launched backfill ")[2].partition(";")[0]
        assert (status, f"backfill {backfill_id} goes on without being watched" in told) == (130, True)
        _until(lambda: _events(project, "raw_videos"), 120, "the first video to be made")
        os.kill(daemon.pid, signal.SIGKILL)  # the runs under way are not its own
        with _daemon(project):
            _until(lambda: _state(project, backfill_id).ended, 240, "the backfill to end")

    assert _state(project, backfill_id).status == "COMPLETED_SUCCESS"
    made = Counter({name: len(_events(project, name)) for name in PER_VIDEO_NAMES})
    assert all(project.materialized(name) == {"clock", "life", "still"} for name in PER_VIDEO_NAMES)
    assert made == Counter(dict.fromkeys(PER_VIDEO_NAMES, 3))


def _interrupted_once_launched(project: Project) -> tuple[str, int]:
    """What a watched backfill says, and its exit status, when Ctrl-C comes as soon as it is launched."""
    command = project.command("backfill", "--yes")
    watch = subprocess.Popen(command, env=project.env, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert watch.stdout is not None
    said = []
    for line in watch.stdout:
        said.append(line)
        if line.startswith("Launched backfill"):
            time.sleep(3)
            os.killpg(watch.pid, signal.SIGINT)
    return "".join(said), watch.wait(timeout=30)


@contextmanager
def _daemon(project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """`dagster-daemon run`, which looks at its backfills more often, once it has given a sign of life."""
    began = time.time()
    log = (project.root / "daemon.log").open("a")
    command = [sys.executable, "-c", HURRIED]
    daemon = subprocess.Popen(command, env=project.env, cwd=project.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _until(lambda: _beats_since(project, began), 120, "the daemon to give a sign of life")
        yield daemon
    finally:
        for told, patience_s in ((signal.SIGINT, 20), (signal.SIGKILL, 5)):
            try:
                os.killpg(daemon.pid, told)
                daemon.wait(timeout=patience_s)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        log.close()


def _beats_since(project: Project, began: float) -> bool:
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        silence = silent_s(instance)
    return silence is not None and silence < time.time() - began


def _state(project: Project, backfill_id: str) -> BackfillState:
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        state = state_of(instance, backfill_id)
    assert state is not None
    return state


def _events(project: Project, asset: str) -> list[str]:
    """The videos that an asset was made of, once for each time."""
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        records = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    made = [record.asset_materialization for record in records if record.asset_materialization is not None]
    return [str(one.partition) for one in made if not one.metadata["reused"].value]


def _until(look: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(1)
