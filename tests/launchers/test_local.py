"""Whether a run of this machine is known to be lost when its process is gone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from streamcap_dagster.launchers.local import MACHINE
from streamcap_dagster.storage.processes import this_machine


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


@pytest.mark.parametrize("machine", ["another.0a1b2c3d", None])
def test_a_run_of_another_machine_passes_for_well(instance: dg.DagsterInstance, machine: str | None) -> None:
    assert _health(instance, _begun(instance, _ended(), machine)) == WorkerStatus.RUNNING


def test_a_run_whose_process_is_still_to_begin_passes_for_well(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(_job, tags={MACHINE: this_machine()})
    assert _health(instance, run) == WorkerStatus.RUNNING


@dg.job
def _job() -> None:
    """Nothing is done; it is only a run's name."""


def _begun(instance: dg.DagsterInstance, pid: int, machine: str | None = this_machine()) -> dg.DagsterRun:
    run = instance.create_run_for_job(_job, tags={MACHINE: machine} if machine else {})
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def _ended() -> int:
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def _health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status
