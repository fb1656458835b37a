"""Anchors through the real client, against the emulator of Gemini."""

import pytest

from streamcap_dagster.emulators.gemini.options import Options
from tests.assets.project import Project
from tests.gemini.runs import Ran, answered, captions_of, gemini_project, run_against

WINDOWS = 7


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Ran]:
    project = gemini_project(tmp_path_factory.mktemp("anchors"), videos=1, seconds=2 * WINDOWS, STREAMCAP_ANCHOR_EVERY="3")
    ran = run_against(project, Options())
    assert ran.status == 0, ran.said
    return project, ran


def test_gemini_describes_every_anchor_in_full_and_says_what_is_new_in_between(ran: tuple[Project, Ran]) -> None:
    said = captions_of(ran[0])
    assert [one["kind"] for one in said] == ["initial", "delta", "delta", "anchor", "delta", "delta", "anchor"]
    assert [one["text"].startswith("A view that is") for one in said] == [True, False, False, True, False, False, True]


def test_each_window_is_asked_about_once_and_objectives_once_a_segment(ran: tuple[Project, Ran]) -> None:
    assert sum(answered(ran[1].rows).values()) == WINDOWS + 2


def test_the_end_of_a_run_tells_how_many_anchors_there_are(ran: tuple[Project, Ran]) -> None:
    told = ran[1].told
    head = next(line.split() for line in told.splitlines() if line.startswith("video "))
    row = next(line.split() for line in told.splitlines() if line.startswith("video0"))
    assert row[head.index("anchors") + 1] == "2"  # a length is two words
