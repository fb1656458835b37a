"""A service of which many answers are faulty: every window ends with an outcome, and what is made is what a faultless service would have made."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from streamcap_dagster.emulators.gemini.faults import TRANSIENT, UNANSWERED
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.records import Outcome
from tests.assets.project import Project
from tests.gemini.runs import MODEL, Ran, answered, captions_of, gemini_project, key_of, ledger_of, once, run_against, spilled

CONTENT = 0.5
SEED = 3
ON_THE_WAY = [fault for fault in TRANSIENT if fault in UNANSWERED]
"""Each of these is met once for certain; the others of the list as they are drawn."""

EVERY_LOG = """
python_logs:
  managed_python_loggers: [root]
  python_log_level: DEBUG
"""
"""Dagster then keeps in its history what any library logs at any level."""


@dataclass(frozen=True)
class Story:
    """The same videos: with no fault but in what is answered, with a fifth of all requests faulty, and once more."""

    project: Project
    undisturbed: Ran
    undisturbed_files: dict[str, str]
    faulty: Ran
    faulty_files: dict[str, str]
    again: Ran
    again_files: dict[str, str]
    ledger: list[dict[str, str]]


def tell(folder: Path) -> Story:
    calm, project = gemini_project(folder / "calm", videos=3), gemini_project(folder / "faulty", videos=3)
    with (project.home / "dagster.yaml").open("a") as settings:
        settings.write(EVERY_LOG)
    undisturbed = run_against(calm, Options(content_faults=CONTENT, seed=SEED))
    options = Options(faults=0.2, content_faults=CONTENT, seed=SEED, dribble_s=0.5)
    faulty, faulty_files = run_against(project, options, faults=ON_THE_WAY), project.final_files()
    again = run_against(project, options)
    return Story(project, undisturbed, calm.final_files(), faulty, faulty_files, again, project.final_files(), ledger_of(project))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return once(tmp_path_factory, tell)


def test_with_a_fifth_of_its_requests_faulty_a_run_ends_well(story: Story) -> None:
    assert story.faulty.status == 0, story.faulty.said


def test_every_fault_that_leaves_a_question_unanswered_was_met(story: Story) -> None:
    assert {row.outcome for row in story.faulty.rows} >= set(ON_THE_WAY)


def test_every_window_ends_with_an_outcome_and_a_blocked_one_fails_no_video(story: Story) -> None:
    captions = captions_of(story.project)
    assert len(captions) == 3 * 3
    assert {caption["outcome"] for caption in captions} <= set(get_args(Outcome))
    assert any(caption["outcome"] not in ("ok", "no_change") for caption in captions)


def test_the_final_files_are_those_of_a_run_without_faults_on_the_way(story: Story) -> None:
    assert story.undisturbed.status == 0
    assert len(story.undisturbed_files) > 30
    assert story.faulty_files == story.undisturbed_files


def test_a_second_run_asks_nothing_and_changes_no_byte(story: Story) -> None:
    assert (story.again.status, story.again.rows) == (0, ())
    assert story.again_files == story.faulty_files


def test_no_answer_is_paid_for_twice(story: Story) -> None:
    """After an answer that is of no use the question is put with other words or more room, and so is another."""
    assert answered(story.faulty.rows) == answered(story.undisturbed.rows)
    assert max(answered(story.faulty.rows).values()) == 1


def test_the_ledger_has_one_row_for_each_request_of_the_journal(story: Story) -> None:
    assert len(story.ledger) == len(story.faulty.rows)
    assert Counter(row["status"] for row in story.ledger if row["end"] == "failed" and row["status"] not in ("0", "200")) == Counter(
        str(row.status) for row in story.faulty.rows if row.status >= 400
    )
    ends = Counter(row["end"] for row in story.ledger)
    assert ends["answered"] == sum(row.answered for row in story.faulty.rows)
    assert ends["mispaired"] == sum(row.outcome == "wrong_nonce" for row in story.faulty.rows)
    assert set(ends) == {"answered", "mispaired", "failed"}


def test_the_tokens_of_the_ledger_are_those_of_the_journal(story: Story) -> None:
    billed = sum(row.input_tokens for row in story.faulty.rows if row.answered)
    assert sum(int(row["text_tokens"]) + int(row["image_tokens"] or 0) for row in story.ledger if row["end"] == "answered") == billed


def test_every_answer_was_billed_for_the_frames_that_were_sent(story: Story) -> None:
    assert {row["attested"] for row in story.ledger if row["end"] == "answered"} == {"True"}


def test_captions_of_an_emulator_are_marked_as_such(story: Story) -> None:
    assert {caption["model"] for caption in captions_of(story.project)} == {MODEL}


def test_no_byte_that_was_written_or_said_holds_the_key(story: Story) -> None:
    """Even though every library logged all that it does."""
    key = key_of(story.project)
    assert spilled("send_request_headers.started", story.project.home) != []
    assert spilled(key, story.project.root) == []
    assert key not in story.faulty.said + story.again.said + repr(story.faulty.rows)


def test_the_summary_tells_requests_and_retries(story: Story) -> None:
    assert f"{len(story.faulty.rows)} requests" in story.faulty.told
