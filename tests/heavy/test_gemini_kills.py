"""Gemini captions through outages and kills: the run or the next one completes, nothing kept is asked again, and the final files are those of a calm run."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gemini.journal import Row
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.assets.project import Project
from tests.gemini.runs import answered, emulator_process, gemini_project, ledger_of, once, run_against

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

VIDEOS, SECONDS, CALLS = 3, 8, 3 * 5
IN_FLIGHT = 3
KILLS = 3
SENTENCE = "Stopped. What was finished is kept; run the same command again to go on."

WITH_A_MAD_CLOCK = """
import itertools, sys, time
told, jumps = time.time, itertools.cycle([0, 3 * 86400, -2 * 86400, 3600, -90, 30 * 86400])
time.time = lambda: told() + next(jumps)
from streamcap_dagster.cli import main
sys.argv = ["streamcap", "run"]
main()
"""


def undisturbed_files(folder: Path) -> dict[str, str]:
    project = gemini_project(folder, VIDEOS, SECONDS)
    done = run_against(project, Options())
    assert done.status == 0, done.said
    return project.final_files()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return once(tmp_path_factory, undisturbed_files)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return gemini_project(tmp_path / "project", VIDEOS, SECONDS, STREAMCAP_CALLS_IN_FLIGHT=str(IN_FLIGHT))


def test_a_service_that_is_gone_for_half_a_minute_is_waited_for(project: Project, undisturbed: dict[str, str], tmp_path: Path) -> None:
    journal, slow = tmp_path / "journal.jsonl", ("--latency-ms", "400..800")
    with emulator_process(journal, *slow) as emulator:
        run = started(project, emulator.url)
        until(lambda: len(emulator.rows()) >= 4, run)
        emulator.kill()
    before = len(emulator.rows())
    time.sleep(30)
    with emulator_process(journal, *slow, port=emulator.port) as emulator:
        assert ended(run, within_s=150)[0] == 0

    rows = emulator.rows()
    assert 4 <= before < len(rows)
    assert project.final_files() == undisturbed
    assert set(answered(rows).values()) == {1}


def test_a_service_that_is_never_there_is_given_up_and_named(project: Project) -> None:
    """Nobody listens on port 9 of this machine."""
    began_s = time.monotonic()
    done = project.streamcap("run", STREAMCAP_GEMINI_BASE_URL="http://127.0.0.1:9")

    assert done.returncode == 1
    assert time.monotonic() - began_s < 122 + 30
    failed = [line for line in done.stdout.splitlines() if line.startswith("failed ")]
    assert len(failed) == VIDEOS
    assert all("the connection to 127.0.0.1:9 failed" in line and "emulate-gemini" in line for line in failed)
    assert {row["end"] for row in ledger_of(project)} == {"failed"}
    assert run_against(project, Options()).status == 0


def test_a_run_that_waits_for_a_lost_service_ends_as_soon_as_it_is_told(project: Project) -> None:
    with running(Options(faults=1.0)) as emulator:
        emulator.order(*["dropped"] * 50)
        run = started(project, emulator.url)
        until(lambda: len(emulator.journal.rows) >= 2 * VIDEOS, run)
        began_s = time.monotonic()
        os.kill(run.pid, signal.SIGTERM)

        assert ended(run, within_s=30) == (130, f"\n{SENTENCE}\n")
        assert time.monotonic() - began_s < 8


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_keeps_what_was_being_answered(project: Project, undisturbed: dict[str, str], told: signal.Signals) -> None:
    options = Options(latency_ms=(2000, 6000))
    with running(options) as emulator:
        run = started(project, emulator.url)
        until(lambda: len(emulator.journal.rows) >= 1 and emulator.journal.in_flight >= 2, run)
        asked = emulator.journal.requests

        began_s = time.monotonic()
        os.killpg(run.pid, told) if told == signal.SIGINT else os.kill(run.pid, told)
        status, said = ended(run, within_s=30)

        assert time.monotonic() - began_s < 12
        assert (status, said) == (130, f"\n{SENTENCE}\n")
        assert emulator.journal.requests <= asked + 1
        assert {row["end"] for row in ledger_of(project)} == {"answered"}
        assert emulator.journal.answered == emulator.journal.requests
    rest = run_against(project, Options())
    assert rest.status == 0, rest.said
    assert set(answered([*emulator.journal.rows, *rest.rows]).values()) == {1}
    assert len([*emulator.journal.rows, *rest.rows]) == CALLS
    assert project.final_files() == undisturbed


@pytest.mark.parametrize("seed", range(2))
def test_of_runs_that_are_killed_at_any_time_only_what_was_in_flight_is_asked_again(project: Project, undisturbed: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)
    with running(Options(latency_ms=(300, 900))) as emulator:
        for _ in range(KILLS):
            kill_after(project, emulator, chance.uniform(0.1, 1.5))
        done = project.streamcap("run", STREAMCAP_GEMINI_BASE_URL=emulator.url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert project.final_files() == undisturbed
    ledger = ledger_of(project)
    unknown = Counter(row["process"] for row in ledger if row["end"] == "unknown")
    assert 1 <= len(unknown) <= KILLS
    assert max(unknown.values()) <= IN_FLIGHT
    assert repeated(emulator.journal.rows) <= sum(unknown.values()) + KILLS  # an answer that is noted is kept a moment later
    assert len(answered(emulator.journal.rows)) == CALLS
    assert len(ledger) == emulator.journal.requests


def test_when_one_of_two_runs_is_killed_the_other_does_its_work_too(project: Project, undisturbed: dict[str, str]) -> None:
    with running(Options(latency_ms=(300, 900))) as emulator:
        runs = [started(project, emulator.url) for _ in range(2)]
        until(lambda: emulator.journal.answered >= 3, *runs)
        kill(runs[0])
        assert ended(runs[1], within_s=120)[0] == 0

    assert project.final_files() == undisturbed
    assert repeated(emulator.journal.rows) <= IN_FLIGHT
    assert len(answered(emulator.journal.rows)) == CALLS


def test_two_runs_at_once_do_not_exceed_their_one_budget(tmp_path: Path) -> None:
    """Each captions videos of its own; what they would spend in all is more than the budget, which either may use up first."""
    project, budget_usd = gemini_project(tmp_path / "project", 4, SECONDS), 0.009
    assert run_against(project, Options(key="another")).status == 1
    project.environment["STREAMCAP_BUDGET_USD"] = str(budget_usd)
    with running(Options(latency_ms=(300, 900))) as emulator:
        runs = [started(project, emulator.url, "--only", f"video{one}", "--only", f"video{one + 1}") for one in (0, 2)]
        assert 1 in [ended(run, within_s=120)[0] for run in runs]

    assert budget_usd / 4 < sum(float(row["cost_usd"]) for row in ledger_of(project)) <= budget_usd


def test_a_clock_that_jumps_by_days_disturbs_nothing(project: Project, undisturbed: dict[str, str]) -> None:
    project.environment["STREAMCAP_RPD"] = "100"
    with running(Options(faults=0.1, dribble_s=0.2)) as emulator:
        done = subprocess.run(
            [sys.executable, "-c", WITH_A_MAD_CLOCK], env=env_of(project, emulator.url), cwd=project.root, capture_output=True, text=True, check=False
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert project.final_files() == undisturbed
    assert len(ledger_of(project)) == len(emulator.journal.rows)
    assert run_against(project, Options()).rows == ()


def test_with_aiohttp_installed_nothing_is_sent_behind_our_back(project: Project, undisturbed: dict[str, str], tmp_path: Path) -> None:
    """The SDK would take it just because it is there, and would then send a request again by itself whose connection was dropped."""
    packages = tmp_path / "packages"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), "aiohttp"], check=True)

    done = run_against(project, Options(), faults=["dropped", "dropped", "cut_body"], PYTHONPATH=str(packages))

    assert done.status == 0, done.said
    assert project.final_files() == undisturbed
    assert len(ledger_of(project)) == len(done.rows) == CALLS + 3


def env_of(project: Project, url: str) -> Mapping[str, str]:
    return {**project.env, "STREAMCAP_GEMINI_BASE_URL": url}


def started(project: Project, url: str, *only: str) -> "subprocess.Popen[str]":
    """`streamcap run` in a session of its own."""
    command, env = project.command("run", *only), env_of(project, url)
    return subprocess.Popen(command, env=env, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def ended(run: "subprocess.Popen[str]", within_s: float) -> tuple[int, str]:
    """Exit status and what was said of an error."""
    try:
        _, said = run.communicate(timeout=within_s)
    finally:
        if run.poll() is None:
            kill(run)
    return run.returncode, said


def kill(run: "subprocess.Popen[str]") -> None:
    """The whole session, decoders included."""
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def until(seen: Callable[[], bool], *runs: "subprocess.Popen[str]") -> None:
    deadline_s = time.monotonic() + 90
    while not seen():
        assert all(run.poll() is None for run in runs), "a run ended before it came so far"
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def repeated(rows: Sequence[Row]) -> int:
    """Answers to questions that had been answered before."""
    return sum(answered(rows).values()) - len(answered(rows))


def kill_after(project: Project, emulator: Running, seconds: float) -> None:
    """Kill a run so long after its first request."""
    asked = emulator.journal.requests
    run = started(project, emulator.url)
    until(lambda: emulator.journal.requests > asked, run)
    time.sleep(seconds)
    assert run.poll() is None
    kill(run)
    until(lambda: emulator.journal.in_flight == 0)
