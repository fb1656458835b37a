"""The Gemini emulator as a process of its own on the second core, and what its journal tells."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcap_dagster.emulators.draws import fraction

OURS, THEIRS = 0, 1
"""The core that captioning runs on, and the one that the service runs on."""


@dataclass(frozen=True)
class Service:
    """An emulator that runs."""

    url: str
    journal: Path

    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    @property
    def refused(self) -> float:
        """Share of requests that were answered with 429."""
        counts = self._counts()
        return round(counts["by_status"].get("429", 0) / counts["requests"], 5)

    @property
    def most_in_flight(self) -> int:
        return int(self._counts()["most_in_flight"])

    def _counts(self) -> Any:
        with urllib.request.urlopen(self.url) as answer:
            return json.load(answer)


@contextmanager
def service(latency_ms: tuple[int, int] = (0, 0), rpm: int = 0, *, by_hash: bool = True) -> Iterator[Service]:
    """An emulator for the length of the block."""
    command = [sys.executable, "-m", "streamcap_dagster.cli", "emulate-gemini", "--port", "0", "--latency-ms", f"{latency_ms[0]}..{latency_ms[1]}"]
    options = [*(["--answer-by-hash"] if by_hash else []), *(["--rpm", str(rpm)] if rpm else [])]
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "journal.jsonl")
        with subprocess.Popen([*command, *options, "--journal", str(journal)], stdout=subprocess.PIPE, text=True) as process:
            try:
                pin(THEIRS, process.pid)
                assert process.stdout is not None
                yield Service(_url(process.stdout.readline()), journal)
            finally:
                process.send_signal(signal.SIGINT)


def pin(core: int, process: int = 0) -> None:
    """Keep a process to one core, where the system can."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process, {core})


def latency_s(content: object, latency_ms: tuple[int, int]) -> float:
    """How long the emulator takes to answer, by the content that its journal names."""
    least, most = latency_ms
    return (least + (most - least) * fraction(0, "latency", content)) / 1000


def _url(announcement: str) -> str:
    """From `export STREAMCAP_GEMINI_BASE_URL=... GEMINI_API_KEY=any`."""
    return announcement.split("STREAMCAP_GEMINI_BASE_URL=")[1].split()[0]
