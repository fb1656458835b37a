"""Chunks of videos on the nodes of a Ray cluster: two work at the same time, and when one is lost the other does its work too."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml

from streamcap_dagster.automation.backfills import launch_backfill
from streamcap_dagster.captions.pacing.others import Account, read_account
from streamcap_dagster.emulators.gemini.journal import Row
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, REPOSITORY, Project
from tests.gemini.runs import EmulatorProcess, answered, emulator_process, gemini_project, key_of, run_against, spilled
from tests.heavy.ray_cluster import Cluster, Job, for_all_nodes, network_of_its_own, two_nodes, until

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

CONFIGURATION = REPOSITORY / "deploy" / "ray" / "dagster.yaml"
WITHOUT_RAY = REPOSITORY / "deploy" / "dagster.prod.yaml"
COMMANDS = Path(sys.executable).parent
CHUNK, SECONDS = 3, 8
VIDEOS = [f"video{number}" for number in range(2 * CHUNK)]
IN_FLIGHT = 2
REQUESTS_A_DAY = 1000


@dataclass(frozen=True)
class Story:
    """A backfill of two chunks, each on a node of its own, of which the second was lost when its first video was done."""

    project: Project
    backfill: str
    runs: Mapping[str, dg.DagsterRun]
    jobs: list[Job]
    jobs_before: list[Job]
    """Those that worked when the node was lost."""
    accounts: list[Account]
    """Of the quota, a moment before the node was lost."""
    rows: list[Row]
    dataset: "subprocess.CompletedProcess[str]"
    """`streamcap run` of the same instance, which built the dataset afterwards."""
    rows_of_dataset: list[Row]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("ray")
    with network_of_its_own(), emulator_process(folder / "journal.jsonl", "--latency-ms", "800..1200") as emulator:
        project = ray_project(folder / "project", emulator.url)
        with two_nodes(project.env, project.root) as cluster:
            assert project.materialize(["video_catalog"]).returncode == 0
            until(lambda: cluster.living() == {"head", "second"}, "both nodes")
            backfill_id = launched(project)
            with dagster_daemon(project):
                return told(project, cluster, emulator, backfill_id)


def told(project: Project, cluster: Cluster, emulator: EmulatorProcess, backfill_id: str) -> Story:
    until(lambda: a_node_is_in_the_middle(project, cluster) and the_quota_is_shared(project), "both nodes at work, one with a video done", 180)
    jobs_before, accounts = cluster.jobs(), accounts_of(project)
    cluster.lose("second")
    backfill = until(lambda: how_it_ended(project, backfill_id), "the backfill to end", 240)
    rows, jobs = emulator.rows(), cluster.jobs()
    dataset = project.streamcap("run")
    return Story(project, backfill, runs_of(project), jobs, jobs_before, accounts, rows, dataset, emulator.rows()[len(rows) :])


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The final files of a run on one machine."""
    project = gemini_project(tmp_path_factory.mktemp("one_machine"), len(VIDEOS), SECONDS)
    done = run_against(project, Options())
    assert done.status == 0, done.said
    return project.final_files()


def test_two_chunks_are_worked_on_at_the_same_time_on_two_nodes(story: Story) -> None:
    assert {job.node for job in story.jobs_before if job.status == "RUNNING"} == {"head", "second"}


def test_the_runs_of_two_nodes_divide_the_quota(story: Story) -> None:
    assert {account.process.partition(".")[0] for account in story.accounts} == {"head", "second"}
    assert sum(account.requests + account.claimed_requests for account in story.accounts) <= REQUESTS_A_DAY


def test_the_chunk_of_a_lost_node_is_run_again_on_another(story: Story) -> None:
    lost = next(job.run_id for job in story.jobs_before if job.node == "second")
    again = next(run for run in story.runs.values() if run.parent_run_id == lost)

    assert story.runs[lost].status == dg.DagsterRunStatus.FAILURE
    assert again.status == dg.DagsterRunStatus.SUCCESS
    assert [job.node for job in story.jobs if job.run_id == again.run_id] == ["head"]


def test_the_backfill_ends_well_and_every_video_is_done(story: Story) -> None:
    assert story.backfill == "COMPLETED_SUCCESS"
    assert all(story.project.materialized(name) == set(VIDEOS) for name in PER_VIDEO_NAMES)


def test_only_what_was_on_its_way_to_the_lost_node_is_asked_again(story: Story) -> None:
    counts = answered(story.rows)
    assert sum(counts.values()) - len(counts) <= IN_FLIGHT
    assert story.rows_of_dataset == []


def test_the_files_are_those_of_one_machine(story: Story, one_machine: dict[str, str]) -> None:
    assert story.dataset.returncode == 0, story.dataset.stdout + story.dataset.stderr
    assert story.project.final_files() == one_machine


def test_runs_outside_of_the_cluster_are_left_alone(story: Story) -> None:
    with dg.DagsterInstance.from_config(str(story.project.home)) as instance:
        events = [event for run in story.runs.values() if run.remote_job_origin is None for event in instance.all_logs(run.run_id)]
    assert [event.message for event in events if event.dagster_event is not None and event.dagster_event.is_run_failure] == []


def test_the_key_that_the_nodes_have_is_in_nothing_that_is_kept(story: Story) -> None:
    assert spilled(key_of(story.project), story.project.root) == []


def test_the_shipped_configuration_is_one_that_dagster_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:8265")
    for name in ("HOST", "PORT", "USER", "PASSWORD", "DB"):
        monkeypatch.setenv(f"DAGSTER_PG_{name}", "1")
    (tmp_path / "dagster.yaml").write_text(CONFIGURATION.read_text())

    launcher = dg._core.instance.ref.InstanceRef.from_dir(str(tmp_path)).run_launcher
    assert launcher.address == "http://127.0.0.1:8265"


def test_the_history_is_kept_as_it_is_without_ray() -> None:
    """Which is tried on a real database."""
    with_ray, without = (yaml.safe_load(file.read_text()) for file in (CONFIGURATION, WITHOUT_RAY))
    assert with_ray["storage"] == without["storage"]


def ray_project(root: Path, gemini: str) -> Project:
    """A project on the configuration that is shipped, with Dagster's storage in a folder and shorter pauses."""
    project = gemini_project(root, len(VIDEOS), SECONDS, STREAMCAP_GEMINI_BASE_URL=gemini, STREAMCAP_CHUNK=str(CHUNK))
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        del project.environment[proxy]
    project.environment |= {
        **for_all_nodes(),
        "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",  # a run is begun as `dagster` of its node
        "STREAMCAP_CALLS_IN_FLIGHT": str(IN_FLIGHT),
        "STREAMCAP_VIDEOS_IN_FLIGHT": "1",
        "STREAMCAP_DECODE_WORKERS": "1",
        "STREAMCAP_RPD": str(REQUESTS_A_DAY),
    }
    settings = yaml.safe_load(CONFIGURATION.read_text())
    del settings["storage"]
    settings["run_monitoring"]["poll_interval_seconds"] = 5
    (project.home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return project


@contextmanager
def dagster_daemon(project: Project) -> Iterator[None]:
    """It has no key: only the nodes do."""
    env = {name: value for name, value in project.env.items() if name != "GEMINI_API_KEY"}
    command = [str(COMMANDS / "dagster-daemon"), "run", "-m", "streamcap_dagster.definitions"]
    with (project.root / "daemon.log").open("w") as log:
        daemon = subprocess.Popen(command, env=env, cwd=project.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def launched(project: Project) -> str:
    """A backfill whose runs take one CPU each, which is what a node of the test has, and not as many as the configuration says."""
    graph = build_definitions(read_settings(source=str(project.source), storage=str(project.storage), captioner="offline", chunk=CHUNK)).resolve_asset_graph()
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        return launch_backfill(instance, graph, VIDEOS, "All videos", {"dagster-ray/config": '{"num_cpus": 1}'})


def runs_of(project: Project) -> dict[str, dg.DagsterRun]:
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        return {run.run_id: run for run in instance.get_runs()}


def how_it_ended(project: Project, backfill_id: str) -> str:
    """Empty while it goes on."""
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    return "" if backfill.status.value == "REQUESTED" else str(backfill.status.value)


def a_node_is_in_the_middle(project: Project, cluster: Cluster) -> bool:
    """Whether both nodes work, and the second has one of its videos done, and not all."""
    at_work = {job.node: job.run_id for job in cluster.jobs() if job.status == "RUNNING"}
    if at_work.keys() != {"head", "second"}:
        return False
    run = runs_of(project)[at_work["second"]]
    first = VIDEOS.index(run.tags["dagster/asset_partition_range_start"])
    return (project.storage / f"rl_examples/{VIDEOS[first]}.json").exists()


def the_quota_is_shared(project: Project) -> bool:
    return len(accounts_of(project)) == 2 and all(account.claimed_requests <= REQUESTS_A_DAY / 2 for account in accounts_of(project))


def accounts_of(project: Project) -> list[Account]:
    storage = FolderStorage(project.storage)
    return [read_account(storage, stored.key) for stored in storage.list(keys.QUOTA)]
