"""People in processes of their own decide on one video at the same time: nothing that anybody decided is lost, and of the same window one is told."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamcap_dagster.reviews.storing import read_review
from tests.reviews.places import storage_at

PEOPLE = ("ann", "bob", "eve")
EACH = 20


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "data")
    request.getfixturevalue("gcs")
    return "gs://bucket/data"


@pytest.fixture
def people(place: str, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """All of them have looked at the video, and wait for a line."""
    with ExitStack() as running:
        started = []
        for number, person in enumerate(PEOPLE):
            of_person = [place, str(tmp_path / person), person, str(1 + number * EACH), str(EACH)]
            command = [sys.executable, "-m", "tests.reviews.deciding", *of_person]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.callback(process.wait)
            running.callback(process.kill)
            started.append(process)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield started


def test_of_people_who_decide_at_the_same_time_everything_is_kept_and_one_has_the_window_that_all_want(
    people: list[subprocess.Popen[str]], place: str, tmp_path: Path
) -> None:
    for process in people:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60)[0].strip() for process in people]
    review = read_review(storage_at(place, tmp_path / "cache"), "v")

    assert sorted(ended) == ["conflict", "conflict", "saved"]
    assert [decision.window for decision in review.decisions] == list(range(1 + len(PEOPLE) * EACH))
    assert [decision.by for decision in review.decisions[1:]] == [person for person in PEOPLE for _ in range(EACH)]
    winner = review.of(0, 0)
    assert winner is not None
    assert (winner.text, ended[PEOPLE.index(winner.by)]) == (winner.by, "saved")
