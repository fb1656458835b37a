"""Dagster's own daemon on a project, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.assets.project import Project

T = TypeVar("T")

_HURRIED = """
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2  # between two looks at the backfills, else 30
from dagster._daemon.cli import cli
cli(["run", "-m", "streamcap_dagster.definitions"])
"""


@contextmanager
def daemon(project: Project) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster-daemon run`, which looks at its backfills more often; what it says is in `daemon.log`."""
    with (project.root / "daemon.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _HURRIED], env=project.env, cwd=project.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first thing that a look finds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")
