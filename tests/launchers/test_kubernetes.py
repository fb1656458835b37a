"""What the launcher of runs on Kubernetes makes of the answers of its API."""

from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.launcher.base import WorkerStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

pytest.importorskip("dagster_k8s", reason="the extra k8s is not installed")

from kubernetes.client import ApiException, V1Job, V1JobStatus

from streamcap_dagster.launchers.kubernetes import PodRunLauncher

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("_kubeconfig")]

INSTANCE = dg.DagsterInstance.ephemeral()


@dataclass
class Cluster:
    """In the place of its API for jobs: has this one, or refuses to tell."""

    job: V1JobStatus | None = None
    refuses_with: int = 0
    asked: list[str] = field(default_factory=list)

    def read_namespaced_job_status(self, name: str, namespace: str) -> V1Job:
        self.asked.append(f"{namespace}/{name}")
        if self.job is None:
            raise ApiException(self.refuses_with or 404)
        return V1Job(status=self.job)


@pytest.mark.parametrize(
    ("job", "health"),
    [(V1JobStatus(active=1), WorkerStatus.RUNNING), (V1JobStatus(failed=1), WorkerStatus.FAILED), (None, WorkerStatus.UNKNOWN)],
    ids=["a pod works", "its pod has failed", "there is no such job"],
)
def test_a_run_is_as_well_as_its_pod(job: V1JobStatus | None, health: WorkerStatus) -> None:
    assert _health(Cluster(job)) == health


def test_a_run_of_which_the_cluster_cannot_tell_now_goes_on() -> None:
    assert _health(Cluster(refuses_with=403)) == WorkerStatus.RUNNING


def test_a_run_in_a_process_of_its_own_is_not_looked_for_on_the_cluster() -> None:
    cluster = Cluster()
    assert _health(cluster, launched=False) == WorkerStatus.RUNNING
    assert cluster.asked == []


@pytest.fixture
def _kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on port 9 of this machine."""
    cluster = {"name": "none", "cluster": {"server": "https://127.0.0.1:9"}}
    context = {"name": "none", "context": {"cluster": "none", "user": "nobody"}}
    config = {"current-context": "none", "clusters": [cluster], "contexts": [context], "users": [{"name": "nobody", "user": {}}]}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))


def _health(cluster: Cluster, *, launched: bool = True) -> WorkerStatus:
    """Of a run that has begun, as a pod or in a process of its own."""
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("streamcap"), "__repository__").get_job_origin("__ASSET_JOB")
    run = dg.DagsterRun("__ASSET_JOB", status=dg.DagsterRunStatus.STARTED, remote_job_origin=origin if launched else None)
    launcher = PodRunLauncher("streamcap", "streamcap-dagster-instance", dagster_home="/home", load_incluster_config=False, k8s_client_batch_api=cluster)
    launcher.register_instance(INSTANCE)
    return launcher.check_run_worker_health(run).status
