"""Kill -9 anywhere: a later run completes, nothing stored is asked again, and the final files are those of an undisturbed run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.assets.project import Project

KILL_AT = """
import os, signal, sys
from pathlib import Path
from streamcap_dagster.storage.folder import FolderStorage

point, skip = sys.argv[1], int(sys.argv[2])
seen = 0

def die(here):
    global seen
    if here == point:
        seen += 1
        if seen > skip:
            os.kill(os.getpid(), signal.SIGKILL)

def around(kind, method):
    original = getattr(kind, method)
    def replaced(self, key, *rest):
        family = key.split("/")[0]
        die(f"before {method} {family}")
        result = original(self, key, *rest)
        die(f"after {method} {family}")
        return result
    setattr(kind, method, replaced)

around(FolderStorage, "write")
around(FolderStorage, "delete")
promote = Path.replace
def replaced(self, target):
    if ".streamcap" in str(self):
        key = str(Path(target).relative_to(os.environ["STREAMCAP_STORAGE"]))
        family = "dataset" if key.startswith("processed/dataset/") else key.split("/")[0]
        die(f"before promoting {family}")
        promote(self, target)
        die(f"after promoting {family}")
        return target
    return promote(self, target)
Path.replace = replaced

from streamcap_dagster.cli import main
sys.argv = ["streamcap", "run"]
main()
"""

FEW = [("after promoting frames", 0), ("after write calls", 2), ("before delete calls", 1)]
MORE = [
    ("before promoting raw", 0),
    ("after promoting raw", 1),
    ("before promoting frames", 1),
    ("after write clips", 1),
    ("before write receipts", 4),
    ("after write receipts", 7),
    ("before write initial_captions", 0),
    ("after write delta_captions", 1),
    ("after write objectives", 1),
    ("before promoting captions", 1),
    ("after write sft_examples", 0),
    ("before promoting processed", 5),
    ("after promoting processed", 20),
    ("after write rl_examples", 2),
    ("after promoting processed", 25),
    ("after promoting dataset", 0),
    ("before promoting dataset", 3),
]
POINTS = [*(pytest.param(*point) for point in FEW), *(pytest.param(*point, marks=pytest.mark.heavy) for point in MORE)]


@pytest.mark.parametrize(("point", "skip"), POINTS)
def test_a_run_killed_at_a_named_point_is_completed_by_the_next(project: Project, undisturbed: dict[str, str], point: str, skip: int) -> None:
    killed = subprocess.run([sys.executable, "-c", KILL_AT, point, str(skip)], env=project.env, cwd=project.root, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, f"the run never came to the point {point!r}"
    answered = _answered(project)

    done = project.streamcap("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert project.final_files() == undisturbed
    assert answered <= _answered(project)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(8))
def test_a_run_killed_at_any_time_is_completed_by_the_next(project: Project, undisturbed: dict[str, str], seed: int) -> None:
    """The whole process group dies, decoders included, once or twice, at a time that the seed chooses."""
    chance = random.Random(seed)
    for _ in range(1 + seed % 2):
        running = project.started("run")
        time.sleep(chance.uniform(2.0, 7.0))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()

    done = project.streamcap("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert project.final_files() == undisturbed
    assert not list((project.storage / ".streamcap/staging").iterdir())


def _answered(project: Project) -> set[str]:
    """Keys of the calls that are kept, loose or folded."""
    calls = project.storage / "calls"
    loose = {path.stem for path in calls.rglob("*.json")}
    folded = {line.split('"key":"')[1].split('"')[0] for path in calls.glob("*.jsonl") for line in Path(path).read_text().splitlines()}
    return loose | folded
