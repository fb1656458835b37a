"""A video taken down while a run has it in hand, and a takedown that is killed: neither leaves anything of it behind."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.assets.test_forgetting import holding

LEFT = {"tombstones/life.json", ".streamcap/leases/life"}

KILL_AT = """
import os, signal, sys
from streamcap_dagster.assets import wiping
from streamcap_dagster.storage.folder import FolderStorage

def killed_after(kind, method, place, skip):
    original, seen = getattr(kind, method), []
    def replaced(*arguments):
        done = original(*arguments)
        seen.extend(argument for argument in arguments if isinstance(argument, str) and argument.startswith(place))
        if len(seen) > skip:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(kind, method, replaced)

{where}
from streamcap_dagster.cli import main
sys.argv = ["streamcap", "forget", "life", "--yes"]
main()
"""
POINTS = {
    "the tombstone is laid": "killed_after(FolderStorage, 'write', 'tombstones/', 0)",
    "some objects are removed": "killed_after(FolderStorage, 'delete', '', 4)",
    "the events of single runs are removed": "wiping._wipe_checks = lambda *_: os.kill(os.getpid(), signal.SIGKILL)",
}


def until(seen: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 90
    while not seen():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_run_that_waits_for_its_turn_makes_nothing_of_a_video_that_was_taken_down_meanwhile(project: Project) -> None:
    storage = FolderStorage(project.storage)
    with storage.lease("life") as held:
        assert held
        run = project.started("run")
        until(lambda: storage.stat("receipts/clock.json") is not None and storage.stat("receipts/still.json") is not None)
        forgetting = project.started("forget", "life", "--yes")
        until(lambda: storage.stat("tombstones/life.json") is not None)
    statuses = [process.wait(timeout=120) for process in (run, forgetting)]

    assert statuses == [0, 0]
    assert holding(project, "life") == LEFT | {"raw/manifest.csv", "ledger/scan.csv"}
    assert all(project.materialized(name) == {"clock", "still"} for name in PER_VIDEO_NAMES)


@pytest.mark.heavy
@pytest.mark.parametrize("where", [pytest.param(where, id=point) for point, where in POINTS.items()])
def test_a_takedown_that_was_killed_is_completed_by_the_same_command(made: Project, where: str) -> None:
    (made.source / "life.mp4").unlink()
    killed = subprocess.run([sys.executable, "-c", KILL_AT.format(where=where)], env=made.env, cwd=made.root, capture_output=True, check=False)
    assert killed.returncode == -9
    assert (made.storage / "tombstones/life.json").exists()

    assert made.streamcap("forget", "life", "--yes").returncode == 0
    assert holding(made, "life") == LEFT
    assert all(made.materialized(name) == {"clock", "still"} for name in PER_VIDEO_NAMES)
