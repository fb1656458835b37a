"""Dagster as `make ui` starts it, a code server that can be reloaded and a daemon, and what may happen to the folder in which it keeps its history."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._grpc.client import DagsterGrpcClient

from streamcap_dagster.automation.backfills import launch_backfill, state_of
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import Project
from tests.heavy.daemon import until
from tests.heavy.postgres import free_port

_HURRIED = """
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2  # between two looks at the backfills, else 30
from dagster._daemon.cli import cli
cli(["run", "-w", "workspace.yaml"])
"""


class Operated:
    """A code server and a daemon on a project; what they say is in `code.log` and `daemon.log`."""

    def __init__(self, project: Project) -> None:
        self.project, self._port = project, free_port()
        server = {"host": "127.0.0.1", "port": self._port, "location_name": "streamcap"}
        (project.root / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))

    @contextmanager
    def code(self) -> Iterator[None]:
        """The code server, from when it answers on. It and its runs are killed when the block ends."""
        served = ["-m", "dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(self._port), "-m", "streamcap_dagster.definitions"]
        with self._process("code", served):
            until(self._answers, 90, "the code server to answer")
            yield

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The daemon, which looks at its backfills more often than else."""
        with self._process("daemon", ["-c", _HURRIED]):
            yield

    def reload(self) -> None:
        """What Dagster's pages do when somebody reloads the code location."""
        DagsterGrpcClient(host="127.0.0.1", port=self._port).reload_code(timeout=60)

    def _answers(self) -> bool:
        try:
            return DagsterGrpcClient(host="127.0.0.1", port=self._port).ping("") is not None
        except Exception:  # noqa: BLE001 - whatever it is, there is no answer yet
            return False

    @contextmanager
    def _process(self, name: str, arguments: Sequence[str]) -> Iterator[None]:
        command, env = [sys.executable, *arguments], self.project.env
        with (self.project.root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, env=env, cwd=self.project.root, stdout=log, stderr=log, start_new_session=True)
            try:
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def operated(project: Project) -> Iterator[Operated]:
    """Both, until the block ends."""
    operating = Operated(project)
    with operating.code(), operating.daemon():
        yield operating


def look_often(project: Project) -> None:
    """Let run monitoring look every two seconds."""
    settings = project.home / "dagster.yaml"
    settings.write_text(settings.read_text().replace("poll_interval_seconds: 30", "poll_interval_seconds: 2"))


def without_proxy(project: Project) -> None:
    """Take away the dead proxy of a project, through which Dagster would ask its code server."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        del project.environment[name]


def launched(project: Project, instance: dg.DagsterInstance, videos: Sequence[str]) -> str:
    """A backfill of these videos; returns its id."""
    settings = read_settings(source=str(project.source), storage=str(project.storage), captioner="offline")
    return launch_backfill(instance, build_definitions(settings).resolve_asset_graph(), videos, f"{len(videos)} videos", {})


def ending(instance: dg.DagsterInstance, backfill_id: str, seconds: float = 150) -> str:
    """How a backfill ends."""

    def ended() -> str:
        state = state_of(instance, backfill_id)
        assert state is not None
        return state.status if state.ended else ""

    return until(ended, seconds, "the backfill to end")


def runs_of(instance: dg.DagsterInstance, backfill_id: str) -> list[dg.DagsterRun]:
    """The runs of a backfill, in the order in which they were asked for."""
    return list(reversed(instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))))


def process_of(instance: dg.DagsterInstance, run_id: str) -> int:
    """The process in which a run works; 0 when it has none yet."""
    said = (entry.message for entry in instance.all_logs(run_id))
    found = (re.search(r"Started process for run \(pid: (\d+)\)", words) for words in said)
    return next((int(match[1]) for match in found if match), 0)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Every database of a DAGSTER_HOME, held by somebody who writes to it and does not end."""
    with ExitStack() as held:
        for path in sorted(home.rglob("*.db")):
            database = sqlite3.connect(path, timeout=30, isolation_level=None)
            held.callback(database.close)
            database.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[None]:
    """A file system of a few MiB where a folder was; what the folder held is on it."""
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr}")
    try:
        for name, data in kept.items():
            (folder / name).write_bytes(data)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Nothing more gets onto the file system of a folder."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (2**16, 2**12, 1):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass
        yield
    finally:
        filler.unlink()
