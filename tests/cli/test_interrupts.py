"""Told to end, a run ends soon and in one sentence: what is finished is kept, no process stays behind, the next run goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.assets.project import PER_VIDEO_NAMES, Project

SENTENCE = "Stopped. What was finished is kept; run the same command again to go on."

AT_THE_FIRST_EVENT = """
import os, signal, sys
from dagster._core.storage.event_log import SqliteEventLogStorage

store = SqliteEventLogStorage.store_event

def stored(self, event):
    store(self, event)
    if event.dagster_event and event.dagster_event.event_type_value == "ASSET_MATERIALIZATION" and event.dagster_event.partition:
        os.kill(os.getpid(), signal.SIGINT)

SqliteEventLogStorage.store_event = stored
from streamcap_dagster.assets import walk
from streamcap_dagster.cli import main
walk._WORTH_A_RECEIPT_S = -1  # the first event then comes before the frames
sys.argv = ["streamcap", "run"]
main()
"""

WHILE_A_FILE_IS_READ = """
import os, signal, sys, threading, time
from streamcap_dagster import assets, cli, videos
from streamcap_dagster.assets import per_video
import streamcap_dagster.assets.videos, streamcap_dagster.videos.catalog

def slow(*arguments):
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

{place} = slow
cli.PATIENCE_S = per_video.PATIENCE_S = 0.5
sys.argv = ["streamcap", "run"]
cli.main()
"""


def test_ctrl_c_while_workers_start_is_one_sentence_and_the_next_run_goes_on(project: Project) -> None:
    """Ctrl-C goes to every process of the terminal, those that are only starting included."""
    run = _started(project)
    _wait_for("spawn_main", run)
    time.sleep(0.15)

    os.killpg(run.pid, signal.SIGINT)

    assert _ended(run) == (130, f"\n{SENTENCE}\n")
    assert _left_behind(run) == []
    done = project.streamcap("run")
    assert done.returncode == 0, done.stderr
    assert f"{len(PER_VIDEO_NAMES) - 2} made, 2 reused" in done.stdout


def test_kill_in_the_middle_of_decoding_takes_the_decoders_along(project: Project) -> None:
    run = _started(project)
    _wait_for("showinfo", run)

    os.kill(run.pid, signal.SIGTERM)

    assert _ended(run) == (130, f"\n{SENTENCE}\n")
    assert _left_behind(run) == []
    assert (project.storage / "clips/clock.json").exists()
    assert not (project.storage / "frames/clock.parquet").exists()
    assert [path for path in (project.storage / ".streamcap/staging").iterdir() if path.is_file()] == []


def test_ctrl_c_while_dagster_writes_an_event_stops_the_walk_too(project: Project) -> None:
    """Dagster then drops our generator without closing it."""
    run = _started(project, sys.executable, "-c", AT_THE_FIRST_EVENT)

    assert _ended(run) == (130, f"\n{SENTENCE}\n")
    assert _left_behind(run) == []
    assert not (project.storage / "frames/clock.parquet").exists()


@pytest.mark.parametrize("place", ["assets.videos.copy_video", "videos.catalog.hash_file"])
def test_a_thread_that_reads_a_large_file_does_not_hold_up_the_end(project: Project, place: str) -> None:
    run = _started(project, sys.executable, "-c", WHILE_A_FILE_IS_READ.replace("{place}", place))

    assert _ended(run) == (130, f"\n{SENTENCE}\n")


def test_kill_outside_of_a_run_is_the_same_sentence(project: Project) -> None:
    told = "import os, signal, sys\nfrom streamcap_dagster import cli, settings\nsettings.read_settings = lambda **_: os.kill(os.getpid(), signal.SIGTERM)\n"
    run = _started(project, sys.executable, "-c", f"{told}sys.argv = ['streamcap', 'status']\ncli.main()")

    assert _ended(run) == (130, f"\n{SENTENCE}\n")


def _started(project: Project, *command: str) -> "subprocess.Popen[str]":
    """`streamcap run`, or another command, in a session of its own."""
    return subprocess.Popen(
        command or project.command("run"),
        env={**project.env, "STREAMCAP_DECODE_WORKERS": "2"},
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ended(run: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit status and what was said, once the run has ended by itself; it has been told already, or tells itself."""
    try:
        _, said = run.communicate(timeout=30)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    return run.returncode, said


def _wait_for(word: str, run: "subprocess.Popen[str]") -> None:
    """Until a process of the session has this word in its command line."""
    until = time.monotonic() + 60
    while not any(word in command for command in _commands(run)):
        assert run.poll() is None, "the run ended before it came so far"
        assert time.monotonic() < until
        time.sleep(0.03)


def _left_behind(run: "subprocess.Popen[str]") -> list[str]:
    """What is still alive of the session; the last may take a moment to die."""
    until = time.monotonic() + 3
    while (alive := list(_commands(run))) and time.monotonic() < until:
        time.sleep(0.05)
    return alive


def _commands(run: "subprocess.Popen[str]") -> Iterator[str]:
    shown = subprocess.run(["ps", "-A", "-ww", "-o", "pid=", "-o", "stat=", "-o", "args="], capture_output=True, text=True, check=True).stdout
    for line in shown.splitlines():
        pid, state, *arguments = line.split(maxsplit=2)
        if not state.startswith("Z") and _session(int(pid)) == run.pid:
            yield "".join(arguments)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None
