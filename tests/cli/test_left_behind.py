"""A run whose process was killed does not stay started for ever."""

import os
import signal
import time

import dagster as dg

from streamcap_dagster.cli.left_behind import end_left_behind
from tests.assets.project import Project


def test_the_run_of_a_killed_command_is_ended_by_the_next_one_and_that_of_a_living_one_is_not(project: Project) -> None:
    command = project.started("run")
    try:
        with dg.DagsterInstance.from_config(str(project.home)) as instance:
            until = time.monotonic() + 60
            while not _started(instance):
                assert time.monotonic() < until
                time.sleep(0.05)
            end_left_behind(instance)
            assert _started(instance)

            os.killpg(command.pid, signal.SIGKILL)
            command.wait()
            end_left_behind(instance)

            assert not _started(instance)
            assert instance.get_runs()[0].status == dg.DagsterRunStatus.FAILURE
    finally:
        command.kill()


def _started(instance: dg.DagsterInstance) -> bool:
    """Whether a run of videos is under way."""
    return any("dagster/asset_partition_range_start" in run.tags for run in instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])))
