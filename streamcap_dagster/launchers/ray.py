"""Runs as jobs of a Ray cluster: what dagster-ray's launcher lacks for weeks of them. It is an extra, as `deploy/ray` says, and only this file imports it."""

import time
from collections.abc import Iterator

import dagster as dg
from dagster._core.launcher.base import LaunchRunContext
from dagster_ray import RayRunLauncher
from ray.job_submission import JobDetails

from streamcap_dagster.launchers.clusters import AsksForItsOwn

_PATIENCE_S = 240.0
"""Less than the `start_timeout_seconds` of `deploy/ray`, for a run that waits to be launched counts as one that starts."""
_LOOK_AGAIN_S = 5.0


class ClusterRunLauncher(AsksForItsOwn, RayRunLauncher):
    """Dagster-ray's launcher, with its configuration."""

    no_such_job = "status code 404"

    def launch_run(self, context: LaunchRunContext) -> None:
        """Make a job of a run, and wait for a cluster that does not answer: while it is away, all that is queued would otherwise fail, run after run."""
        until_s = time.monotonic() + _PATIENCE_S
        while not self._answers() and time.monotonic() < until_s:
            time.sleep(_LOOK_AGAIN_S)
        RayRunLauncher.launch_run(self, context)

    def _answers(self) -> bool:
        try:
            self.client.get_version()
        except OSError:  # also the ConnectionError of a client that cannot even be made
            return False
        return True

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """What Ray says of a run's jobs, for its log: never their environment, which may hold keys."""
        del include_container_logs
        return "\n".join(f"Ray job {job.submission_id} is {job.status.value}: {job.message}" for job in self._jobs_of(run)) or None

    def _jobs_of(self, run: dg.DagsterRun) -> Iterator[JobDetails]:
        return (job for job in self.client.list_jobs() if (job.metadata or {}).get("dagster/run-id") == run.run_id)
