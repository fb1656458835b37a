"""A real backfill: `dagster dev` with its daemon, launched over GraphQL as the UI does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.assets.project import PER_VIDEO_NAMES, Project

pytestmark = pytest.mark.heavy

LAUNCH = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } }
}"""
ENDED = {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}


@pytest.mark.timeout(400)
def test_a_backfill_completes_the_good_videos_and_ends_red_for_the_bad_one(project: Project) -> None:
    assert project.materialize(["video_catalog"]).returncode == 0
    with (project.source / "life.mp4").open("ab") as file:
        file.write(b"more")

    with _dagster_dev(project) as port:
        status = _backfill(port, ["clock", "life", "still"])

    assert status == "COMPLETED_FAILED"
    assert all(project.materialized(name) == {"clock", "still"} for name in PER_VIDEO_NAMES)
    assert project.statuses()["life"]["state"] == "failed"
    assert "other bytes" in project.statuses()["life"]["reason"]


@contextmanager
def _dagster_dev(project: Project) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "-m", "streamcap_dagster.definitions", "-h", "127.0.0.1", "-p", str(port)]
    log = (project.root / "dev.log").open("w")
    server = subprocess.Popen(command, env=project.env, cwd=project.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _until(lambda: _graphql(port, "{ version }", {}), 90, "the server to answer")
        yield port
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        log.close()


def _backfill(port: int, video_ids: list[str]) -> str:
    params = {"assetSelection": [{"path": [name]} for name in PER_VIDEO_NAMES], "partitionNames": video_ids, "fromFailure": False, "tags": []}
    launched = _graphql(port, LAUNCH, {"params": params})["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    query = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"

    def status() -> str:
        now = str(_graphql(port, query, {"id": launched["backfillId"]})["partitionBackfillOrError"]["status"])
        return now if now in ENDED else ""

    return str(_until(status, 250, "the backfill to end"))


def _graphql(port: int, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def _until(look: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if seen := look():
                return seen
        except OSError:
            pass
        time.sleep(1)
    raise AssertionError(f"waited {seconds} s for {what}")
