"""A captioner that nobody chose but that there is a key for, and a run that keeps to the quota of its service."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gemini.options import Options
from tests.assets.project import Project
from tests.gemini.runs import Ran, gemini_project, once, run_against

RPM = 40


@dataclass(frozen=True)
class Story:
    """A key and no captioner: first without anybody to ask, then with `--yes` and a small quota."""

    project: Project
    unasked: Ran
    paced: Ran


def tell(folder: Path) -> Story:
    project = gemini_project(folder, videos=3, seconds=8, STREAMCAP_CAPTIONER="", STREAMCAP_RPM=str(RPM))
    return Story(project, run_against(project, Options()), run_against(project, Options(rpm=RPM), "--yes"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return once(tmp_path_factory, tell)


def test_the_first_line_says_who_captions_and_why(story: Story) -> None:
    first = story.unasked.told.splitlines()[0]
    assert first.startswith("captioner: gemini (gemini-3.5-flash-lite at http://127.0.0.1:")
    assert first.endswith(", chosen because GEMINI_API_KEY is set")


def test_without_a_terminal_nothing_is_asked_and_the_estimate_and_the_way_on_are_told(story: Story) -> None:
    assert (story.unasked.status, story.unasked.rows) == (2, ())
    assert "15 calls" in story.unasked.told
    assert "$" in story.unasked.told
    assert "--yes" in story.unasked.complained
    assert "--captioner gemini" in story.unasked.complained


def test_with_yes_it_runs(story: Story) -> None:
    assert story.paced.status == 0, story.paced.said
    assert sum(row.answered for row in story.paced.rows) == 3 * 5


def test_a_run_that_knows_its_quota_meets_no_429(story: Story) -> None:
    assert {row.status for row in story.paced.rows} == {200}


def test_the_quota_is_what_holds_it_up(story: Story) -> None:
    """Else to meet no 429 would say nothing."""
    sent = [datetime.fromisoformat(row.time) for row in story.paced.rows]
    assert (sent[-1] - sent[0]).total_seconds() > 0.9 * 60 * (len(sent) - 1) / RPM
