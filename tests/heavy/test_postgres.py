"""Dagster's history in a real PostgreSQL, as deploy/dagster.prod.yaml has it, whose server goes away in the middle of a run."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from streamcap_dagster.automation.backfills import ended_of, launch_backfill
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, REPOSITORY, Project
from tests.heavy.postgres import Postgres, running_postgres
from tests.heavy.services import services_of

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(400)]
VIDEOS = ["clock", "life", "still"]
OF_ALL_VIDEOS = ("processed/train", "processed/rl", "processed/groups", "processed/dataset", "receipts/_")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def project(project: Project, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Project:
    settings = (REPOSITORY / "deploy/dagster.prod.yaml").read_text()
    (project.home / "dagster.yaml").write_text(settings.replace("poll_interval_seconds: 30", "poll_interval_seconds: 2"))
    project.environment.update(postgres.env)
    for name, value in postgres.env.items():
        monkeypatch.setenv(name, value)
    return project


def test_a_run_goes_on_when_the_server_was_away_for_a_second(project: Project, postgres: Postgres, undisturbed: dict[str, str]) -> None:
    run = subprocess.Popen(project.command("run"), env=project.env, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    _wait_until(lambda: any(project.storage.glob("receipts/*")), 120)
    postgres.stop()
    time.sleep(1)
    postgres.start()
    told = run.communicate(timeout=120)[0]

    assert run.returncode == 0, told
    assert all(project.materialized(name) == set(VIDEOS) for name in PER_VIDEO_NAMES)
    assert project.final_files() == undisturbed


def test_a_server_that_stays_away_ends_the_run_in_a_sentence_and_the_next_one_goes_on(
    project: Project, postgres: Postgres, undisturbed: dict[str, str]
) -> None:
    run = subprocess.Popen(project.command("run"), env=project.env, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _wait_until(lambda: any(project.storage.glob("receipts/*")), 120)
    postgres.stop()
    told = run.communicate(timeout=120)[1].splitlines()
    postgres.start()
    again = project.streamcap("run")

    assert run.returncode == 1
    assert "Dagster's database cannot be read or written: connection to server at" in told[-1]
    assert len(told) < 30
    assert not [line for line in told if "Traceback" in line]
    assert again.returncode == 0, again.stdout
    assert project.final_files() == undisturbed


def test_a_run_that_went_while_the_database_was_away_is_noticed_and_done_again(project: Project, postgres: Postgres, undisturbed: dict[str, str]) -> None:
    assert project.materialize(["video_catalog"]).returncode == 0
    with services_of(project) as services, dg.DagsterInstance.from_config(str(project.home)) as instance:
        code = services.start("code")
        _wait_until(services.code_serves, 120)
        for name in ("webserver", "daemon"):
            services.start(name)
        graph = build_definitions(Settings(_env_file=None, captioner="offline")).resolve_asset_graph()
        backfill = launch_backfill(instance, graph, VIDEOS, "three videos", {})
        run_id = str(_wait_until(lambda: _in_status(instance, dg.DagsterRunStatus.STARTED), 120))
        worker = _process_of(instance, run_id)
        _wait_until(lambda: any(project.storage.glob("receipts/*")), 120)

        postgres.stop()
        os.kill(worker, signal.SIGKILL)
        assert code.wait(120) == 70  # a server that cannot look after its runs ends, and Docker starts it again
        postgres.start()
        services.start("code")

        _wait_until(lambda: instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE, 120)
        _wait_until(lambda: ended_of(instance, [backfill]), 120)
        assert all(services.is_healthy(name) for name in ("code", "webserver", "daemon"))
    assert project.final_files() == {key: digest for key, digest in undisturbed.items() if not key.startswith(OF_ALL_VIDEOS)}


def _in_status(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str | None:
    return next((run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=[status]))), None)


def _process_of(instance: dg.DagsterInstance, run_id: str) -> int:
    (began,) = (entry for entry in instance.all_logs(run_id) if entry.is_dagster_event and "Started process for run" in (entry.dagster_event.message or ""))
    return int(json.loads(str(began.dagster_event.engine_event_data.metadata["pid"].value)))


def _wait_until(happened: Callable[[], object], seconds: float) -> object:
    deadline = time.monotonic() + seconds
    while not (seen := happened()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return seen
