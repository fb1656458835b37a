"""Anchors and drift where everything is known: what a perfect captioner said has hardly drifted, and silence has."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Literal

import pytest

from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.chain import Chain
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.drawn_world.answers import answers
from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.policies import ChainPolicy
from streamcap_dagster.quality.drift import drifts_of
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.quality.thresholds import DRIFT
from streamcap_dagster.quality.verdicts import counted, judge
from streamcap_dagster.records import Caption, Clip, Frame
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.truth import DrawnTruth, reference

EVERY, SELDOM = 6, 12
TRUTHS = [plot(11, number).truth for number in range(8)]
Line = dict[str, object]


class Blank:
    """Frames that nobody looks at."""

    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        at = clip.start_s + 2.0 * window
        return (Frame(clip.clip, window, 0, at, at, 0, 0, f"{window}", b""),)


def chain(folder: Path, truth: DrawnTruth, told: Callable[[Line], Line], every: int = EVERY) -> list[Caption]:
    """A chain with anchors over a drawn video, of which `told` changes what the captioner answers."""
    folder.mkdir()
    lines = [told(json.loads(line)) for line in answers(truth, 2.0)]
    (folder / "answers.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    windows = int(truth.duration_s / 2)
    clip = Clip(clip=0, start_s=0, end_s=2.0 * windows, windows=windows, reason="by hand")

    async def captioned() -> list[Caption]:
        asker = Asker(RecordedCaptioner(folder / "answers.jsonl"), CallStore(FolderStorage(folder), truth.video_id), Underway())
        asked = Chain(truth.video_id, clip, 2.0, Blank(), asker, ChainPolicy(anchor_every=every, no_change_threshold=0))
        initial = await asked.describe()
        return [initial, *await asked.go_on(initial, lambda: None)]

    return asyncio.run(captioned())


def silent(line: Line) -> Line:
    """Says nothing in the windows between full captions."""
    return {**line, "caption": ""} if "caption" in line and line["window"] and not line.get("anchor") else line


@pytest.fixture(scope="module")
def drift(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """Of every segment of every video, by who captioned it."""
    found: dict[str, list[float]] = {}
    for name, told in (("perfect", lambda line: line), ("silent", silent)):
        folder = tmp_path_factory.mktemp(name)
        found[name] = [one.drift for truth in TRUTHS for one in drifts_of(chain(folder / truth.video_id, truth, told))]
    return found


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, int]]]:
    """What is counted of the quality of every video that is long enough for an anchor, by who captioned it."""
    found: dict[str, list[dict[str, int]]] = {}
    for name, told in (("perfect", lambda line: line), ("silent", silent)):
        folder = tmp_path_factory.mktemp(name)
        videos = [(truth.video_id, chain(folder / truth.video_id, truth, told, SELDOM)) for truth in TRUTHS if truth.duration_s > 2 * SELDOM]
        found[name] = [counted(CaptionQuality(video_id=name, windows=measure(said), drifts=drifts_of(said))) for name, said in videos]
    return found


def drift_verdict(counts: dict[str, int], of: Literal["video", "dataset"]) -> str:
    (verdict,) = (judged.verdict for judged in judge(counts, of) if judged.metric is DRIFT)
    return verdict


def test_a_perfect_captioner_has_an_anchor_that_tells_all_that_happened_so_far(tmp_path: Path) -> None:
    said = chain(tmp_path / "chain", TRUTHS[0], lambda line: line)
    assert [one.window for one in said if one.kind == "anchor"] == list(range(EVERY, len(said), EVERY))
    assert said[EVERY].text == reference(TRUTHS[0], 2.0 * EVERY, 2.0 * EVERY + 2, initial=True)


def test_silence_drifts_away_from_what_is_there_and_perfect_captions_hardly_do(drift: dict[str, list[float]]) -> None:
    assert fmean(drift["silent"]) > 2 * fmean(drift["perfect"])
    assert all(perfect <= quiet for perfect, quiet in zip(drift["perfect"], drift["silent"], strict=True))


def test_a_dataset_that_is_silent_for_long_is_warned_of_and_a_perfect_one_is_not(counts: dict[str, list[dict[str, int]]]) -> None:
    whole = {name: dict(sum(map(Counter, videos), Counter())) for name, videos in counts.items()}
    assert {name: drift_verdict(of, "dataset") for name, of in whole.items()} == {"perfect": "ok", "silent": "warn"}


def test_some_videos_that_are_silent_for_long_are_warned_of_and_no_perfect_one_is(counts: dict[str, list[dict[str, int]]]) -> None:
    found = {name: {drift_verdict(video, "video") for video in videos} for name, videos in counts.items()}
    assert found == {"perfect": {"ok"}, "silent": {"ok", "warn"}}
