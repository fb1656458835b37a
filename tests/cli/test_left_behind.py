"""A run whose process was killed does not stay started for ever."""

import os
import signal
import subprocess
import sys
import time

import dagster as dg

from streamcap_dagster.cli.left_behind import end_left_behind
from tests.assets.project import Project
from tests.machine import Machine, machine

__all__ = ["machine"]

_ON_A_MACHINE = """
import sys
from pathlib import Path
from streamcap_dagster.cli import main
from streamcap_dagster.storage import processes
processes._MACHINE_ID, processes._BOOT, processes._PROCESS_IDS = map(Path, sys.argv[1:])
sys.argv = ["streamcap", "run"]
main()
"""


def test_the_run_of_a_killed_command_is_ended_by_the_next_one_and_that_of_a_living_one_is_not(project: Project) -> None:
    command = project.started("run")
    try:
        with dg.DagsterInstance.from_config(str(project.home)) as instance:
            _await_start(instance)
            end_left_behind(instance)
            assert _started(instance)

            os.killpg(command.pid, signal.SIGKILL)
            command.wait()
            end_left_behind(instance)

            assert not _started(instance)
            assert instance.get_runs()[0].status == dg.DagsterRunStatus.FAILURE
    finally:
        command.kill()


def test_the_run_of_a_command_that_ended_with_its_machine_is_ended_after_the_restart(project: Project, machine: Machine) -> None:
    """As soon as the machine says that it was restarted; until then the process lives, so that its id says nothing."""
    told = [str(path) for path in (machine.id, machine.boot, machine.process_ids)]
    command = subprocess.Popen([sys.executable, "-c", _ON_A_MACHINE, *told], env=project.env, cwd=project.root, stdout=subprocess.DEVNULL)
    try:
        with dg.DagsterInstance.from_config(str(project.home)) as instance:
            _await_start(instance)
            command.send_signal(signal.SIGSTOP)
            end_left_behind(instance)
            assert _started(instance)

            machine.restart()
            end_left_behind(instance)
            assert not _started(instance)
            assert instance.get_runs()[0].status == dg.DagsterRunStatus.FAILURE
    finally:
        command.kill()
        command.wait()


def _await_start(instance: dg.DagsterInstance) -> None:
    until = time.monotonic() + 60
    while not _started(instance):
        assert time.monotonic() < until
        time.sleep(0.05)


def _started(instance: dg.DagsterInstance) -> bool:
    """Whether a run of videos is under way."""
    return any("dagster/asset_partition_range_start" in run.tags for run in instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])))
