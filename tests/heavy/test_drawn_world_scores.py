"""A drawn world from its pictures to scores, with the commands of its README: rendered, captioned by whoever needs no key, held against its truth."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn world with the captions of both captioners, each in a storage of its name."""
    folder = tmp_path_factory.mktemp("drawn")
    streamcap(folder, "drawn-world", "--out", "world", "--videos", "2", "--seed", "5")
    for captioner in ("recorded", "offline"):
        streamcap(folder / "world", "run", "videos", "--storage", captioner, "--captioner", captioner)
    return folder / "world"


@pytest.fixture(scope="module")
def scores(world: Path) -> dict[str, float]:
    """The overall score of both captioners, and of the policies on the same windows."""
    told: dict[str, float] = {}
    for captioner in ("recorded", "offline"):
        plain = json.loads(streamcap(world, "evaluate", captioner, "--truth", ".", "--policy", "all", "--json"))
        overall = {score["name"]: score["measures"]["overall"]["value"] for score in plain["scores"]}
        told |= {**overall, captioner: overall["captions"]}
    return told


def streamcap(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "DAGSTER_HOME": ""}
    done = subprocess.run([sys.executable, "-m", "streamcap_dagster.cli", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_recorded_answers_are_perfect_after_a_whole_run(scores: dict[str, float]) -> None:
    assert scores["recorded"] == pytest.approx(1)


def test_whoever_looks_at_nothing_is_worse_in_the_right_order(scores: dict[str, float]) -> None:
    assert scores["recorded"] > scores["previous"] > scores["shuffled"] > scores["repeat"] == scores["silent"] == 0


def test_who_sees_only_pixels_is_worse_than_who_knows(scores: dict[str, float]) -> None:
    assert 0 <= scores["offline"] < scores["recorded"]


def test_perfect_deltas_keep_all_that_is_asked_for_and_those_of_who_sees_only_pixels_do_not(world: Path) -> None:
    told = {captioner: json.loads(streamcap(world, "reconstruct", captioner, "--windows", "99", "--json")) for captioner in ("recorded", "offline")}

    assert {test["captioner"] for test in told.values()} == {"recorded"}
    assert told["recorded"]["questions"] == told["offline"]["questions"] > 0
    assert told["recorded"]["kept"] == 1
    assert told["offline"]["kept"] < 0.7
