"""A sample against a service that is paid: nobody is asked before a person said yes, and what was answered is never paid for again."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.assets.project import Project
from tests.gemini.runs import answered, gemini_project, once

pytestmark = pytest.mark.heavy
CLOSER = {"STREAMCAP_FPS": "2", "STREAMCAP_MEDIA_RESOLUTION": "medium"}
"""The change that is tried: every question about a window is another one, and needs frames that do not exist yet."""
A_VIDEO = 4
"""Most calls of a video: its initial caption, two deltas, and the statements about them."""


@dataclass(frozen=True)
class Story:
    """A dataset, a sample that nobody agreed to, one that somebody did, and the run that follows."""

    made: dict[str, str]
    refused: tuple[int, str]
    asked_when_refused: int
    told: dict[str, Any]
    after_sample: dict[str, str]
    failures: list[str]
    asked_by_sample: Counter[str]
    asked_by_run: Counter[str]
    captions: dict[float, str]


def tell(root: Path) -> Story:
    project = gemini_project(root, videos=2)
    with running(Options()) as emulator:
        address = {"STREAMCAP_GEMINI_BASE_URL": emulator.url}
        done = project.streamcap("run", **address)
        assert done.returncode == 0, done.stdout + done.stderr
        made, before = project.final_files(), len(emulator.journal.rows)
        refused = project.streamcap("diff", "--sample", "1", **address, **CLOSER)
        begun = len(emulator.journal.rows)
        sample = project.streamcap("diff", "--json", "--sample", "1", "--yes", **address, **CLOSER)
        assert sample.returncode == 0, sample.stdout + sample.stderr
        told, after_sample, sampled = json.loads(sample.stdout), project.final_files(), len(emulator.journal.rows)
        (video_id,) = [video["video_id"] for video in told["sample"]["videos"]]
        done = project.streamcap("run", "--only", video_id, **address, **CLOSER)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = emulator.journal.rows
    return Story(
        made=made,
        refused=(refused.returncode, refused.stderr),
        asked_when_refused=begun - before,
        told=told,
        after_sample=after_sample,
        failures=list_of_failures(project),
        asked_by_sample=answered(rows[begun:sampled]),
        asked_by_run=answered(rows[sampled:]),
        captions={caption["start_s"]: caption["text"] for key in ("initial_captions", "delta_captions") for caption in captions_in(project, key, video_id)},
    )


def list_of_failures(project: Project) -> list[str]:
    return [path.name for path in (project.storage / "ledger").glob("failures/*")]


def captions_in(project: Project, key: str, video_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((project.storage / key / f"{video_id}.json").read_text())["captions"]
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return once(tmp_path_factory, tell)


def test_without_a_terminal_and_without_yes_nobody_is_asked(story: Story) -> None:
    assert (story.refused[0], story.asked_when_refused) == (2, 0)
    assert "gemini would be asked, and paid, and there is nobody here to ask: add --yes" in story.refused[1]


def test_a_sample_asks_what_was_announced_and_leaves_the_dataset_as_it_was(story: Story) -> None:
    assert [cause["says"] for cause in story.told["groups"][0]["causes"]] == ["fps 1.0 → 2.0", "media_resolution low → medium"]
    assert story.told["to_redo"]["to_ask"]["calls"] == 2 * A_VIDEO
    assert story.told["to_redo"]["standard_usd"] > 0
    assert A_VIDEO - 1 <= story.asked_by_sample.total() <= A_VIDEO  # statements about the same words are answered already
    assert story.after_sample == story.made
    assert story.failures == []


def test_the_run_that_follows_asks_nothing_about_what_was_sampled(story: Story) -> None:
    assert story.asked_by_run.total() == 0


def test_what_a_sample_says_is_what_the_run_makes(story: Story) -> None:
    said = {window["start_s"]: window["new"]["text"] for window in story.told["sample"]["videos"][0]["changed"]}

    assert said
    assert said.items() <= story.captions.items()
