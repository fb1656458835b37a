"""Whether a run of this machine is known to be lost when its process is gone."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from streamcap_dagster.launchers.local import MACHINE, PROCESS
from streamcap_dagster.storage.processes import process_of_machine, this_machine
from tests.machine import Machine, machine

__all__ = ["machine"]

_LAPTOPS = Path(__file__).parents[2] / "dagster.yaml"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text("run_launcher: {module: streamcap_dagster.launchers.local, class: LocalRunLauncher}")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_a_run_is_well_while_its_process_exists_and_lost_when_it_does_not(instance: dg.DagsterInstance) -> None:
    run = _begun(instance, os.getpid())
    assert _health(instance, run) == WorkerStatus.RUNNING
    assert _health(instance, _begun(instance, _ended())) == WorkerStatus.FAILED


def test_a_run_whose_dead_process_nobody_has_buried_is_lost(instance: dg.DagsterInstance) -> None:
    """Its code server, which should, does not look any more."""
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert _health(instance, _begun(instance, process.pid)) == WorkerStatus.FAILED


@pytest.mark.parametrize("name", ["another.0a1b2c3d.00000000.4026531836", None])
def test_a_run_of_another_machine_passes_for_well(instance: dg.DagsterInstance, name: str | None) -> None:
    assert _health(instance, _begun(instance, _ended(), name)) == WorkerStatus.RUNNING


def test_a_run_whose_process_is_still_to_begin_passes_for_well(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(_job, tags={MACHINE: this_machine()})
    assert _health(instance, run) == WorkerStatus.RUNNING


def test_runs_from_before_a_restart_give_their_places_in_the_queue_back(machine: Machine, tmp_path: Path) -> None:
    """Also where their process ids are somebody else's now."""
    (tmp_path / "dagster.yaml").write_text(_LAPTOPS.read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        _started(instance, _begun(instance, os.getpid(), this_machine()))
        _started(instance, _of_command(instance, machine.process()))
        machine.restart()
        living = [_started(instance, _begun(instance, os.getpid(), this_machine())), _started(instance, _of_command(instance, machine.process()))]

        for record in instance.get_run_records():
            monitor_started_run(instance, None, record, logging.getLogger())  # type: ignore[arg-type]

        assert {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES))} == set(living)


def test_a_run_of_a_command_is_well_while_the_command_is(instance: dg.DagsterInstance) -> None:
    for process, health in ((os.getpid(), WorkerStatus.RUNNING), (_ended(), WorkerStatus.FAILED)):
        assert _health(instance, _of_command(instance, process_of_machine(this_machine(), process))) == health


def test_a_run_that_is_made_again_from_that_of_a_command_is_not_part_of_the_command(instance: dg.DagsterInstance) -> None:
    """Dagster gives it the other's tags."""
    gone = process_of_machine(this_machine(), _ended())
    first = _of_command(instance, gone).run_id
    again = instance.create_run_for_job(_job, tags={PROCESS: gone, MACHINE: this_machine()}, parent_run_id=first, root_run_id=first)
    instance.report_engine_event(f"Started process for run (pid: {os.getpid()}).", again)
    assert _health(instance, again) == WorkerStatus.RUNNING


@dg.job
def _job() -> None:
    """Nothing is done; it is only a run's name."""


def _begun(instance: dg.DagsterInstance, pid: int, machine: str | None = this_machine()) -> dg.DagsterRun:
    run = instance.create_run_for_job(_job, tags={MACHINE: machine} if machine else {})
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def _of_command(instance: dg.DagsterInstance, process: str) -> dg.DagsterRun:
    return instance.create_run_for_job(_job, tags={PROCESS: process})


def _started(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    instance.report_dagster_event(DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name=run.job_name), run_id=run.run_id)
    return run.run_id


def _ended() -> int:
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def _health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status
