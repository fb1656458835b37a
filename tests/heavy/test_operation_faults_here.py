"""`streamcap run` while the folder of Dagster's history is held by somebody, or its disk is full: it goes on, or says why not, and pays for nothing twice."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.gemini.runs import answered, gemini_project, key_of, once, run_against
from tests.heavy.daemon import until
from tests.heavy.operations import full, locked, small_disk

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(400)]

VIDEOS, CALLS = 2, 2 * 4
BEYOND_PATIENCE_S = 35
"""Dagster waits 30 s for the database of its events."""


def undisturbed_files(folder: Path) -> dict[str, str]:
    project = gemini_project(folder, VIDEOS)
    assert run_against(project, Options()).status == 0
    return project.final_files()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return once(tmp_path_factory, undisturbed_files)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return gemini_project(tmp_path / "project", VIDEOS, STREAMCAP_VIDEOS_IN_FLIGHT="1")


@pytest.fixture
def emulator(project: Project) -> Iterator[Running]:
    with running(Options(latency_ms=(400, 800), key=key_of(project))) as emulator:
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = emulator.url
        yield emulator


def test_a_run_gets_over_a_database_that_is_held_for_longer_than_dagster_waits(project: Project, emulator: Running, undisturbed: dict[str, str]) -> None:
    run = in_the_middle(project)
    with locked(project.home):
        time.sleep(BEYOND_PATIENCE_S)
    told, complained = run.communicate(timeout=120)

    assert run.returncode == 0, complained
    assert "Dagster's database does not take an event: (sqlite3.OperationalError) database is locked" in complained
    assert f"{2 * len(PER_VIDEO_NAMES)} made, 0 reused" in told
    assert list(answered(emulator.journal.rows).values()) == [1] * CALLS
    assert project.final_files() == undisturbed


def test_a_run_that_cannot_begin_because_somebody_holds_the_database_says_so_in_a_sentence(project: Project, emulator: Running) -> None:
    with dg.DagsterInstance.from_config(str(project.home)), locked(project.home):
        held = project.streamcap("run")

    assert (held.returncode, len(held.stderr.splitlines())) == (1, 1)
    assert "Dagster's database cannot be read or written: database is locked." in held.stderr
    assert project.streamcap("run").returncode == 0
    assert list(answered(emulator.journal.rows).values()) == [1] * CALLS


def test_a_full_disk_ends_a_run_in_a_sentence_and_the_next_one_goes_on(project: Project, emulator: Running, undisturbed: dict[str, str]) -> None:
    with small_disk(project.home, 16):
        run = in_the_middle(project)
        with full(project.home):
            complained = run.communicate(timeout=120)[1].splitlines()

        assert run.returncode == 1
        assert f"The disk of {project.home} is full: free some space." in complained[-1]
        assert not [line for line in complained if "[SQL" in line or "Traceback" in line]
        again = project.streamcap("run")

        assert again.returncode == 0, again.stdout + again.stderr
        assert {status["state"] for status in project.statuses().values()} == {"complete"}
    assert list(answered(emulator.journal.rows).values()) == [1] * CALLS
    assert project.final_files() == undisturbed


def in_the_middle(project: Project) -> "subprocess.Popen[str]":
    """A run that has something of its first video."""
    run = subprocess.Popen(project.command("run"), env=project.env, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until((project.storage / "receipts/video0.json").exists, 90, "something of the first video")
    return run
