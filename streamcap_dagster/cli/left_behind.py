"""Runs of commands that were killed. Dagster would call them started for ever, and count them among those that may run side by side."""

import dagster as dg

from streamcap_dagster.launchers.local import process_of_command
from streamcap_dagster.storage.processes import is_gone_from_here

_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_left_behind(instance: dg.DagsterInstance) -> None:
    """Mark the runs of commands of this machine as failed whose process is gone. What they made is kept, and needs nothing of them."""
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_UNDER_WAY)):
        if is_gone_from_here(process_of_command(run)):
            instance.report_run_failed(run, "The command that this run was a part of was killed. What it made is kept; the next run goes on from there.")
