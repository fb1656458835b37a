"""Runs of `streamcap` against an emulator, and what can be found out about them afterwards."""

import base64
import csv
import fcntl
import io
import json
import os
import pickle
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from streamcap_dagster.emulators.gemini.faults import Fault
from streamcap_dagster.emulators.gemini.journal import Row
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.assets.project import Project
from tests.media import make_video

T = TypeVar("T")

MODEL = "localhost/gemini-3.5-flash-lite"
_ENCODED = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Ran:
    """A command that ended, and what reached the emulator meanwhile."""

    status: int
    told: str
    complained: str
    rows: tuple[Row, ...]

    @property
    def said(self) -> str:
        return self.told + self.complained


def gemini_project(root: Path, videos: int, seconds: float = 6, **environment: str) -> Project:
    """A project of small videos, two frames to a window, captioned by Gemini; its key is random, and its proxy is dead."""
    project = Project(root)
    for number in range(videos):
        make_video(project.source / f"video{number}.mp4", seconds, "160x120", "10", arguments=("-vf", f"hue=h={50 * number}", *_ENCODED))
    project.environment |= {
        "STREAMCAP_CAPTIONER": "gemini",
        "GEMINI_API_KEY": f"AIza{secrets.token_hex(16)}",
        "STREAMCAP_FPS": "1",
        "STREAMCAP_NO_CHANGE_THRESHOLD": "0",
        "HTTP_PROXY": _NOBODY,
        "http_proxy": _NOBODY,
        "ALL_PROXY": _NOBODY,
        **environment,
    }
    return project


def key_of(project: Project) -> str:
    return project.environment["GEMINI_API_KEY"]


def run_against(project: Project, options: Options, *arguments: str, faults: Iterable[Fault] = (), **environment: str) -> Ran:
    """`streamcap run` against an emulator that lives as long as the run; the first requests meet these faults."""
    with running(options) as emulator:
        emulator.order(*faults)
        done = project.streamcap("run", *arguments, STREAMCAP_GEMINI_BASE_URL=emulator.url, **environment)
    return Ran(done.returncode, done.stdout, done.stderr, tuple(emulator.journal.rows))


def answered(rows: Iterable[Row]) -> Counter[str]:
    """How often each question got a whole answer."""
    return Counter(row.content for row in rows if row.answered)


def ledger_of(project: Project, storage: Path | None = None) -> list[dict[str, str]]:
    """What `streamcap ledger` lists."""
    done = project.streamcap("ledger", "--storage", str(storage or project.storage))
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def captions_of(project: Project) -> list[dict[str, Any]]:
    """Every caption of every video."""
    files = [path for folder in ("initial_captions", "delta_captions") for path in sorted((project.storage / folder).glob("*.json"))]
    return [caption for path in files for caption in json.loads(path.read_text())["captions"]]


def spilled(secret: str, root: Path) -> list[str]:
    """The files under a folder that hold a secret, as it is or in base64."""
    needles = (secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")[:-2])
    held = ((path, path.read_bytes()) for path in sorted(root.rglob("*")) if path.is_file())
    return [path.relative_to(root).as_posix() for path, data in held if any(needle in data for needle in needles)]


@dataclass(frozen=True)
class EmulatorProcess:
    """`streamcap emulate-gemini` in a process of its own."""

    process: "subprocess.Popen[str]"
    url: str
    journal: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def rows(self) -> list[Row]:
        """What was asked so far; a line that a kill tore off is none."""
        lines = self.journal.read_text().splitlines(keepends=True) if self.journal.exists() else []
        return [Row(**json.loads(line)) for line in lines if line.endswith("\n")]

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def emulator_process(journal: Path, *options: str, port: int = 0) -> Iterator[EmulatorProcess]:
    """The command, from its first line on until it is killed at the end of the block."""
    command = [sys.executable, "-m", "streamcap_dagster.cli", "emulate-gemini", "--port", str(port), "--journal", str(journal), *options]
    process = subprocess.Popen(command, cwd=journal.parent, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        exported = process.stdout.readline().split()
        yield EmulatorProcess(process, exported[1].partition("=")[2], journal)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def once(factory: pytest.TempPathFactory, make: Callable[[Path], T]) -> T:
    """What `make` makes in a folder of its own. The first of the processes that the tests are spread over makes it, the others read it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    name = f"{make.__module__}.{make.__qualname__}"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / f"{name}.pickle"
        if not kept.exists():
            (shared / name).mkdir()
            kept.write_bytes(pickle.dumps(make(shared / name)))
        return pickle.loads(kept.read_bytes())
