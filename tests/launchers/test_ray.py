"""What the launcher of runs on Ray makes of Ray's answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

pytest.importorskip("dagster_ray", reason="the extra ray is not installed")

from dagster_ray import RayRunLauncher
from ray.dashboard.modules.job.pydantic_models import JobDetails
from ray.job_submission import JobStatus

from streamcap_dagster.launchers.ray import ClusterRunLauncher

pytestmark = pytest.mark.heavy

INSTANCE = dg.DagsterInstance.ephemeral()
KEY = "a-key-that-somebody-put-into-env_vars"


@dataclass
class Ray:
    """In the place of its client: has one job, or this trouble."""

    status: JobStatus = JobStatus.RUNNING
    trouble: str = ""
    asked: list[str] = field(default_factory=list)

    def get_job_status(self, submission_id: str) -> JobStatus:
        self.asked.append(submission_id)
        if self.trouble:
            raise RuntimeError(self.trouble)
        return self.status

    def get_version(self) -> str:
        return "2.60"

    def list_jobs(self) -> list[JobDetails]:
        facts: dict[str, Any] = {"type": "SUBMISSION", "status": self.status, "entrypoint": "dagster", "message": "its node has died"}
        return [JobDetails(**facts, submission_id=run, metadata={"dagster/run-id": run}, runtime_env={"env_vars": {"KEY": KEY}}) for run in ("one", "another")]


def health(ray: Ray, *, launched: bool = True) -> WorkerStatus:
    """Of a run that has begun, on the cluster or in a process of its own."""
    return launcher(ray).check_run_worker_health(run(launched)).status


def launcher(ray: Ray) -> ClusterRunLauncher:
    made = ClusterRunLauncher("http://127.0.0.1:9")
    made.__dict__["client"] = ray
    made.register_instance(INSTANCE)
    return made


def run(launched: bool = True) -> dg.DagsterRun:
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("streamcap"), "__repository__").get_job_origin("__ASSET_JOB")
    return dg.DagsterRun("__ASSET_JOB", "one", status=dg.DagsterRunStatus.STARTED, remote_job_origin=origin if launched else None)


def test_a_run_whose_job_works_is_well() -> None:
    assert health(Ray()) == WorkerStatus.RUNNING


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.STOPPED, JobStatus.SUCCEEDED])
def test_a_run_that_goes_on_although_its_job_has_ended_is_lost(status: JobStatus) -> None:
    assert health(Ray(status)) == WorkerStatus.FAILED


def test_a_run_of_which_ray_has_no_job_is_lost() -> None:
    assert health(Ray(trouble="Request failed with status code 404: Job dagster-run-one does not exist.")) == WorkerStatus.UNKNOWN


def test_a_run_of_which_ray_cannot_tell_now_goes_on() -> None:
    assert health(Ray(trouble="Request failed with status code 503: No available agent.")) == WorkerStatus.RUNNING


def test_a_run_in_a_process_of_its_own_is_not_looked_for_on_the_cluster() -> None:
    ray = Ray(trouble="Request failed with status code 404: Job dagster-run-one does not exist.")
    assert health(ray, launched=False) == WorkerStatus.RUNNING
    assert ray.asked == []


def test_a_cluster_that_does_not_answer_is_waited_for_before_a_run_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    clients: Iterator[Any] = iter([None, None, Ray()])
    events: list[str] = []

    def client(address: str, **more: Any) -> Ray:
        events.append("asked")
        if (made := next(clients)) is None:
            raise ConnectionError(f"Failed to connect to Ray at address: {address}.")
        return made

    monkeypatch.setattr("streamcap_dagster.launchers.ray._LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr("ray.job_submission.JobSubmissionClient", client)
    monkeypatch.setattr(RayRunLauncher, "launch_run", lambda launcher, context: events.append("launched"))
    ClusterRunLauncher("http://127.0.0.1:9").launch_run(LaunchRunContext(run(), workspace=None))

    assert events == ["asked", "asked", "asked", "launched"]


def test_a_cluster_that_never_answers_is_no_longer_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on port 9 of this machine."""
    tried: list[dg.DagsterRun] = []
    monkeypatch.setattr("streamcap_dagster.launchers.ray._PATIENCE_S", 0.0)
    monkeypatch.setattr(RayRunLauncher, "launch_run", lambda launcher, context: tried.append(context.dagster_run))
    ClusterRunLauncher("http://127.0.0.1:9").launch_run(LaunchRunContext(run(), workspace=None))

    assert tried == [run()]


def test_what_is_told_of_a_lost_run_names_its_jobs_and_not_their_environment() -> None:
    assert launcher(Ray(JobStatus.FAILED)).get_run_worker_debug_info(run()) == "Ray job one is FAILED: its node has died"
