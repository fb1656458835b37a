"""What holds for all videos — a key or model that is not accepted, a day's quota, a budget — stops a run once, in one sentence, and costs nothing twice."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from streamcap_dagster.captions.pacing.attempts import read_attempts
from streamcap_dagster.emulators.gemini.faults import Fault
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.project import Project
from tests.gemini.runs import Ran, answered, gemini_project, key_of, once, run_against, spilled

IN_FLIGHT = 2
VIDEOS = 3
CALLS = VIDEOS * 4
A_DAY = 3
BUDGET_USD = 0.0042
HOPEFUL = """
version: hopeful
models:
  gemini-3.7-flash:
    thinking: {level: minimal, accepts: [minimal]}
"""


def in_a_month() -> float:
    return time.mktime(date(2027, 1, 1).timetuple())


@dataclass(frozen=True)
class Stop:
    """What is wrong, and what of the one sentence tells a person what to do."""

    says: tuple[str, ...]
    options: Options = field(default_factory=Options)
    faults: tuple[Fault, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


REFUSED = {
    "wrong key": Stop(("API key not valid", "https://aistudio.google.com/apikey"), Options(key="AIza-the-only-one")),
    "retired model": Stop(
        ("gemini-2.5-flash is no longer available", "STREAMCAP_GEMINI_MODEL"),
        Options(clock=in_a_month),
        environment={"STREAMCAP_GEMINI_MODEL": "gemini-2.5-flash"},
    ),
}
ALSO_REFUSED = {
    "leaked key": Stop(("reported as leaked", "make a new one"), faults=("leaked_key",) * IN_FLIGHT),
    "thinking level": Stop(
        ("Thinking level MINIMAL is not supported", "STREAMCAP_THINKING"),
        environment={"STREAMCAP_GEMINI_MODEL": "gemini-3.7-flash", "STREAMCAP_MODEL_TABLE": "hopeful.yaml"},
    ),
}
ENDED = {
    "day": Stop(("exceeded your current quota", "run the same command again after"), Options(rpd=A_DAY)),
    "budget": Stop((f"STREAMCAP_BUDGET_USD={BUDGET_USD}", "raise the budget"), environment={"STREAMCAP_BUDGET_USD": str(BUDGET_USD)}),
}
STOPS = REFUSED | ENDED


@dataclass(frozen=True)
class Story:
    """The same videos, stopped for one reason after the other, and at last done."""

    project: Project
    stopped: dict[str, Ran]
    done: Ran
    spent_usd: dict[str, float]
    """In all, by the ledger, after each stop that comes of use."""


def project_at(folder: Path) -> Project:
    project = gemini_project(folder, VIDEOS, STREAMCAP_CALLS_IN_FLIGHT=str(IN_FLIGHT))
    (folder / "hopeful.yaml").write_text(HOPEFUL)
    return project


def stopped_by(stop: Stop, project: Project) -> Ran:
    return run_against(project, stop.options, faults=stop.faults, **stop.environment)


def tell(folder: Path) -> Story:
    project = project_at(folder)
    stopped, spent_usd = {}, {}
    for name, stop in STOPS.items():
        stopped[name] = stopped_by(stop, project)
        if name in ENDED:
            spent_usd[name] = sum(attempt.cost_usd for attempt in read_attempts(FolderStorage(project.storage)))
    return Story(project, stopped, run_against(project, Options(), STREAMCAP_BUDGET_USD="1"), spent_usd)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return once(tmp_path_factory, tell)


def check_end(ran: Ran, stop: Stop) -> None:
    """One sentence, once, that says why and what to do."""
    assert ran.status == 1
    (line,) = [line for line in ran.told.splitlines() if line.startswith("stopped ")]
    assert all(words in line for words in stop.says), line
    assert ran.said.count(stop.says[0]) == 1
    assert "Traceback" not in ran.said


def check_that_none_was_accepted(ran: Ran) -> None:
    """And that no more was asked than was in flight."""
    assert 1 <= len(ran.rows) <= IN_FLIGHT
    assert not any(row.answered for row in ran.rows)


@pytest.mark.parametrize("why", STOPS)
def test_a_stopped_run_says_why_and_what_to_do_in_one_sentence_and_only_once(story: Story, why: str) -> None:
    check_end(story.stopped[why], STOPS[why])


@pytest.mark.parametrize("why", REFUSED)
def test_of_what_is_refused_no_more_is_asked_than_was_in_flight(story: Story, why: str) -> None:
    check_that_none_was_accepted(story.stopped[why])


@pytest.mark.heavy
@pytest.mark.parametrize("why", ALSO_REFUSED)
def test_a_run_is_stopped_as_well_by(tmp_path: Path, why: str) -> None:
    ran = stopped_by(ALSO_REFUSED[why], project_at(tmp_path))
    check_end(ran, ALSO_REFUSED[why])
    check_that_none_was_accepted(ran)


def test_a_day_that_is_used_up_is_asked_for_no_more_than_what_was_in_flight(story: Story) -> None:
    statuses = Counter(row.status for row in story.stopped["day"].rows)
    assert statuses[200] == A_DAY
    assert 1 <= statuses[429] <= IN_FLIGHT


def test_a_day_that_is_used_up_names_the_time_to_resume(story: Story) -> None:
    assert re.search(r"run the same command again after \d{4}-\d\d-\d\d \d\d:\d\d UTC", story.stopped["day"].told)


def test_a_budget_is_not_exceeded_and_a_good_part_of_it_was_used(story: Story) -> None:
    assert BUDGET_USD / 2 < story.spent_usd["budget"] <= BUDGET_USD
    assert story.spent_usd["budget"] > story.spent_usd["day"]


def test_all_is_done_once_nothing_is_in_the_way_and_nothing_was_asked_twice(story: Story) -> None:
    assert story.done.status == 0, story.done.said
    rows = [row for ran in (*story.stopped.values(), story.done) for row in ran.rows]
    assert len(answered(rows)) == CALLS
    assert set(answered(rows).values()) == {1}


def test_the_key_is_neither_written_nor_said(story: Story) -> None:
    key = key_of(story.project)
    assert spilled(key, story.project.root) == []
    assert not any(key in ran.said for ran in (*story.stopped.values(), story.done))


def test_without_a_key_nothing_is_made_and_the_sentence_says_where_to_get_one(tmp_path: Path) -> None:
    project = gemini_project(tmp_path, videos=1, GEMINI_API_KEY="")

    done = project.streamcap("run")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "GEMINI_API_KEY" in done.stderr
    assert "https://aistudio.google.com/apikey" in done.stderr
    assert project.final_files().keys() <= {"raw/manifest.csv"}
