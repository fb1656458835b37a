"""Many kills of processes that share a cache or take turns on a bucket: nothing that is taken for whole is not, and nobody's turn overlaps another's."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gcs import gcs
from tests.storage.contents import content

__all__ = ["gcs"]

pytestmark = pytest.mark.heavy


def start(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.DEVNULL)


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def test_a_cache_survives_many_kills(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(20):
        processes = [start("tests.storage.caching", str(tmp_path), "20000", "fetch_all", "60") for _ in range(2)]
        time.sleep(0.15 + chance.random() / 2)
        for process in processes:
            kill(process)
        assert [path.name for path in (tmp_path / "files").rglob("*.bin") if path.read_bytes() != content(path.name)] == []
    assert start("tests.storage.caching", str(tmp_path), "20000", "fetch_all", "60").wait() == 0
    assert [path.name for path in (tmp_path / "scratch").rglob("*") if path.is_file()] == ["lock"]


@pytest.mark.usefixtures("gcs")
def test_turns_never_overlap_whoever_is_killed_in_the_middle_of_one(tmp_path: Path) -> None:
    log, chance = tmp_path / "log", random.Random(2)
    processes = [start("tests.storage.leasing", "take_turns_for_ever", str(log)) for _ in range(3)]
    for _ in range(20):
        time.sleep(0.5 + chance.random() / 2)
        kill(processes.pop(0))
        processes.append(start("tests.storage.leasing", "take_turns_for_ever", str(log)))
    for process in processes:
        kill(process)

    turns = [line.split() for line in log.read_text().splitlines()]
    assert len(turns) > 200
    last = {process: place for place, (_, process) in enumerate(turns)}
    for place, (event, process) in enumerate(turns[:-1]):
        if event == "begins" and last[process] > place:
            assert turns[place + 1] == ["ends", process], "only what a killed process noted last has no end"
