"""Tests and judgements of captions that are killed in the middle: the next one goes on, nothing kept is asked again, and it comes to the same."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.assets.project import Project
from tests.cli.two_runs import run
from tests.dataset.corpus import Said
from tests.gemini.runs import answered, gemini_project, ledger_of, run_against

pytestmark = pytest.mark.heavy

VIDEOS = ("a", "b", "c")
CHAIN: tuple[Said, ...] = (("ok", "A red door."), ("ok", "It opens."), ("no_change", ""), ("ok", "A cat comes out."), ("ok", "It sits down."))
OTHER: tuple[Said, ...] = (("ok", "A door."), ("ok", "It is open."), ("ok", "It is dark."), ("ok", "A cat."), ("ok", "A cat sits."))
IN_FLIGHT = 3
RECONSTRUCT, JUDGE = ("reconstruct", "--yes", "--json"), ("compare", "old", "new", "--judge", "--yes", "--json")


def project_in(root: Path) -> Project:
    """Two runs of the same videos, the first of which is the project's storage."""
    project = Project(root)
    project.environment |= {
        "STREAMCAP_STORAGE": str(root / "old"),
        "STREAMCAP_CAPTIONER": "gemini",
        "STREAMCAP_CALLS_IN_FLIGHT": str(IN_FLIGHT),
        "GEMINI_API_KEY": "AIzaNotARealKey0123456789",
    }
    for name, chain in (("old", CHAIN), ("new", OTHER)):
        run(root / name, dict.fromkeys(VIDEOS, chain))
    return project


def told(project: Project, emulator: Running, command: tuple[str, ...]) -> object:
    done = project.streamcap(*command, STREAMCAP_GEMINI_BASE_URL=emulator.url)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.replace(str(project.root), ""))


def results_of(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project.root / "old" / "reconstruction").glob("*")}


def until(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    while not holds():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)


def kill_after(project: Project, emulator: Running, command: tuple[str, ...], requests: int, how: signal.Signals) -> int:
    """Kill the command once so many more requests were answered; returns its exit status."""
    before = emulator.journal.answered
    environment = {**project.env, "STREAMCAP_GEMINI_BASE_URL": emulator.url}
    process = subprocess.Popen(project.command(*command), env=environment, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: emulator.journal.answered >= before + requests, process)
    os.kill(process.pid, how)
    return process.wait(timeout=60)


@pytest.mark.parametrize("command", [RECONSTRUCT, JUDGE], ids=["reconstruct", "judge"])
def test_after_a_kill_only_what_was_in_flight_is_asked_again_and_it_comes_to_the_same(tmp_path: Path, command: tuple[str, ...]) -> None:
    with running(Options()) as emulator:
        calm = project_in(tmp_path / "calm")
        undisturbed, questions = told(calm, emulator, command), len(answered(emulator.journal.rows))
    project = project_in(tmp_path / "killed")
    with running(Options(latency_ms=(100, 300))) as emulator:
        kill_after(project, emulator, command, 4, signal.SIGKILL)
        assert told(project, emulator, command) == undisturbed
        asked = answered(emulator.journal.rows)

    assert len(asked) == questions
    assert sum(asked.values()) - questions <= IN_FLIGHT
    assert results_of(project) == results_of(calm)


def test_one_that_is_told_to_end_keeps_what_was_being_answered(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    with running(Options(latency_ms=(300, 900))) as emulator:
        assert kill_after(project, emulator, RECONSTRUCT, 3, signal.SIGTERM) == 130
        told(project, emulator, RECONSTRUCT)
        asked = answered(emulator.journal.rows)

    assert set(asked.values()) == {1}
    assert {row["end"] for row in ledger_of(project, project.root / "old")} == {"answered"}


def test_a_budget_stops_it_and_what_was_paid_for_is_kept(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    with running(Options()) as emulator:
        address = {"STREAMCAP_GEMINI_BASE_URL": emulator.url}
        stopped = project.streamcap(*RECONSTRUCT, STREAMCAP_BUDGET_USD="0.004", **address)
        before = len(emulator.journal.rows)
        told(project, emulator, RECONSTRUCT)

    assert (stopped.returncode, "the budget is reached" in json.loads(stopped.stdout)["stopped"], before > 0) == (1, True, True)
    assert set(answered(emulator.journal.rows).values()) == {1}


def test_a_real_run_can_be_tested_and_its_dataset_stays_what_it_was(tmp_path: Path) -> None:
    project = gemini_project(tmp_path / "project", videos=1, seconds=8)
    done = run_against(project, Options())
    assert done.status == 0, done.said
    made = project.final_files()
    with running(Options()) as emulator:
        found = told(project, emulator, RECONSTRUCT)
    after = project.final_files()

    assert isinstance(found, dict)
    assert found["questions"] > 0
    assert 0 < found["kept"] < 1
    assert {key: after.get(key) for key in made} == made
    assert set(after) - set(made) == {"reconstruction/video0.json"}
    assert run_against(project, Options()).rows == ()
    assert project.final_files() == after
