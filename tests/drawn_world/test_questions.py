"""What deltas keep where everything is known: perfect ones all of it, and those that do not tell what happened do not let anybody answer."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.reconstruction.rebuilding import rebuild
from streamcap_dagster.captions.reconstruction.records import Reconstruction
from streamcap_dagster.captions.replies import LONGEST_ANSWER, LONGEST_QUESTION
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.drawn_world.answers import answers
from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.drawn_world.questions import Question, of_events, of_scene
from streamcap_dagster.records import Caption, Clip, Clips
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.truth import DrawnTruth, reference, tells
from tests.drawn_world.test_anchors import Blank, chain

WINDOW_S = 2.0
TRUTHS = [plot(5, number).truth for number in range(3)]
Texts = Sequence[str]


def windows_of(truth: DrawnTruth) -> int:
    return int(truth.duration_s / WINDOW_S)


def asked(truth: DrawnTruth) -> list[Question]:
    """Of all windows."""
    return [*of_scene(truth), *(one for window in range(windows_of(truth)) for one in of_events(truth, window * WINDOW_S, (window + 1) * WINDOW_S))]


def rebuilt(folder: Path, truth: DrawnTruth, told: Callable[[Texts], Texts]) -> Reconstruction:
    """Every window of a video whose deltas are as told, examined by the recorded captioner with the answers of a drawn world."""
    perfect = chain(folder, truth, lambda line: line, every=0)
    deltas = told([caption.text for caption in perfect[1:]])
    captions = [perfect[0], *(_saying(caption, text) for caption, text in zip(perfect[1:], deltas, strict=True))]
    clip = Clip(clip=0, start_s=0, end_s=WINDOW_S * len(captions), windows=len(captions), reason="by hand")
    clips = Clips(video_id=truth.video_id, window_duration_s=WINDOW_S, clips=(clip,))
    asker = Asker(RecordedCaptioner(folder / "answers.jsonl"), CallStore(FolderStorage(folder / "asked"), truth.video_id), Underway())
    return asyncio.run(rebuild(clips, Blank(), captions, captions[1:], asker))


def _saying(caption: Caption, text: str) -> Caption:
    return caption.model_copy(update={"text": text, "outcome": "ok" if text else "no_change"})


def turned(deltas: Texts) -> Texts:
    """The right deltas of the video in a wrong order."""
    return Random(1).sample(deltas, len(deltas))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Share of the questions that are answered, by what is told between first captions and now."""
    found: dict[str, float] = {}
    manners: dict[str, Callable[[Texts], Texts]] = {"perfect": lambda deltas: deltas, "silent": lambda deltas: [""] * len(deltas), "turned": turned}
    for name, told in manners.items():
        folder = tmp_path_factory.mktemp(name)
        windows = [window for truth in TRUTHS for window in rebuilt(folder / truth.video_id, truth, told).windows]
        assert all(window.questions for window in windows), windows
        found[name] = sum(window.right for window in windows) / sum(len(window.questions) for window in windows)
    return found


def test_perfect_deltas_keep_everything(kept: dict[str, float]) -> None:
    assert kept["perfect"] == 1


def test_silent_deltas_keep_less_than_half_and_misplaced_ones_something_between(kept: dict[str, float]) -> None:
    assert kept["silent"] < 0.5
    assert kept["silent"] < kept["turned"] < kept["perfect"]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.video_id)
def test_every_question_is_answered_by_who_was_told_everything_and_by_nobody_who_was_told_nothing(truth: DrawnTruth) -> None:
    everything = reference(truth, truth.duration_s - WINDOW_S, truth.duration_s, initial=True)
    assert all(tells(everything, one.told_by) and not tells("", one.told_by) for one in asked(truth))


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.video_id)
def test_most_events_have_a_question_that_the_scene_does_not_answer(truth: DrawnTruth) -> None:
    new = [one for one in asked(truth) if not tells(truth.scene, one.told_by)]
    assert len(new) >= 0.6 * sum(event.semantic for event in truth.events)


def test_a_question_gives_its_answer_not_away_and_fits_into_a_reply() -> None:
    for one in (one for truth in TRUTHS for one in asked(truth)):
        assert f" {one.answer} …" not in one.question
        assert one.question.count("…") == 1
        assert (len(one.question) <= LONGEST_QUESTION, len(one.answer) <= LONGEST_ANSWER) == (True, True)


def test_no_window_asks_the_same_twice() -> None:
    for truth in (plot(11, number).truth for number in range(8)):
        lines = [json.loads(line) for line in answers(truth, WINDOW_S)]
        places = [(line["window"], line["question"]) for line in lines if "question" in line]
        assert len(places) == len({*places})
