"""Whether a run goes on, for launchers whose runs work elsewhere, each as a job of a cluster: what they would say of runs that are not theirs."""

from typing import ClassVar

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, RunLauncher, WorkerStatus


class AsksForItsOwn(RunLauncher):
    """Stands before a launcher that takes every run for one of its jobs, and every trouble with asking for the end of one."""

    no_such_job: ClassVar[str]
    """Words in the launcher's answer when a run's job does not exist."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """How a run's job stands. A run in a process of its own, such as `streamcap run`, has none; what cannot be told now may be at the next look."""
        if run.remote_job_origin is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        told = super().check_run_worker_health(run)
        if told.status == WorkerStatus.UNKNOWN and self.no_such_job not in (told.msg or ""):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return told
