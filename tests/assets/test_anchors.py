"""Anchors through the whole walk, on real videos: what is made anew when they are turned on, what is asked, and that without them nothing is otherwise."""

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.estimate import estimate_videos
from streamcap_dagster.assets.per_video import walk_in_background
from streamcap_dagster.assets.progress import unwatched
from streamcap_dagster.assets.standing import standing_of
from streamcap_dagster.assets.walk import Finished
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.estimate import VideoEstimate
from streamcap_dagster.examples.chain import NEW_SEGMENT
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.catalog import update_catalog
from streamcap_dagster.videos.source import FolderSource
from tests.assets.project import NOT_FINAL, Project
from tests.assets.test_kills import KILL_AT
from tests.media import make_video

LONG_WINDOWS = 10
OF_CAPTIONS = ("delta_captions", "caption_quality", "objectives", "captions", "sft_examples", "rl_examples", "preference_examples", "receipts")
"""Folders of what is made from a video's delta captions, and of the receipts that say so."""


@dataclass(frozen=True)
class Shop:
    """Two videos, of which only `long` is longer than four windows, and a storage."""

    root: Path

    @property
    def storage(self) -> FolderStorage:
        return FolderStorage(self.root / "data")

    @property
    def source(self) -> FolderSource:
        return FolderSource(self.root / "videos")

    def settings(self, anchor_every: int) -> Settings:
        frames = {"fps": 1, "decoder": "ffmpeg", "decode_workers": 1, "no_change_threshold": 0}
        return read_settings(source=str(self.root / "videos"), storage=self.storage.uri, captioner="offline", anchor_every=anchor_every, **frames)

    def videos(self) -> Sequence[Video]:
        return update_catalog(self.source, self.storage, workers=1, on_video=lambda done, total, uri: None).videos

    def walk(self, anchor_every: int) -> list[tuple[str, str]]:
        """Videos and assets that were made, not reused."""
        walking = walk_in_background(self.videos(), PER_VIDEO, self.settings(anchor_every), self.source, self.storage, OfflineCaptioner(), unwatched)
        results = list(walking)
        assert all(isinstance(result, Finished) for result in results), results
        return [(result.work.video_id, result.asset.name) for result in results if isinstance(result, Finished) and not result.reused]

    def workshop(self, anchor_every: int) -> Workshop:
        return Workshop(self.settings(anchor_every), self.source, self.storage, OfflineCaptioner())

    def states(self, anchor_every: int) -> dict[str, str]:
        shop = self.workshop(anchor_every)
        return {video.video_id: standing_of(video, PER_VIDEO, shop, None).state for video in self.videos()}

    def estimate(self, anchor_every: int) -> dict[str, VideoEstimate]:
        return {one.video_id: one for one in asyncio.run(estimate_videos(self.videos(), self.workshop(anchor_every)))}

    def files(self) -> dict[str, str]:
        """Hash of every final object, by key."""
        found = ((path.relative_to(self.root / "data").as_posix(), path) for path in sorted((self.root / "data").rglob("*")) if path.is_file())
        return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in found if not key.startswith(NOT_FINAL)}

    def calls(self) -> dict[str, dict[str, Any]]:
        """Every answered question of `long`, by key."""
        lines = (self.root / "data/calls/long.jsonl").read_text().splitlines()
        return {call["key"]: call for call in map(json.loads, lines)}

    def read(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "data" / key).read_text())
        return found


@dataclass(frozen=True)
class Story:
    """A storage without anchors, then with one after every four windows, then without again."""

    shop: Shop
    before: dict[str, str]
    asked_before: dict[str, dict[str, Any]]
    made_for_none: list[tuple[str, str]]
    """When anchors were asked for that no clip is long enough for."""
    states: dict[str, str]
    estimated: dict[str, VideoEstimate]
    made: list[tuple[str, str]]
    anchored: dict[str, str]
    asked: dict[str, dict[str, Any]]
    captions: list[dict[str, Any]]
    left_out: dict[int, str]
    pairs: list[dict[str, Any]]
    receipts: dict[str, Any]
    drifts: list[dict[str, Any]]
    rl_pairs: list[dict[str, Any]]
    after: dict[str, str]
    asked_after: dict[str, dict[str, Any]]


def shop_at(root: Path) -> Shop:
    make_video(root / "videos/long.mp4", seconds=2 * LONG_WINDOWS, size="96x64", fps="10", picture="testsrc2")
    make_video(root / "videos/short.mp4", seconds=8, size="96x64", fps="10", picture="testsrc")
    return Shop(root)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    shop = shop_at(tmp_path_factory.mktemp("anchors"))
    shop.walk(0)
    before, asked_before = shop.files(), shop.calls()
    made_for_none = shop.walk(LONG_WINDOWS)
    states, estimated = shop.states(4), shop.estimate(4)
    made = shop.walk(4)
    anchored, asked = shop.files(), shop.calls()
    captions = shop.read("delta_captions/long.json")["captions"]
    sft, receipts = shop.read("sft_examples/long.json"), shop.read("receipts/long.json")
    drifts, rl_pairs = shop.read("caption_quality/long.json")["drifts"], shop.read("rl_examples/long.json")["examples"]
    left_out = {pair["window"]: pair["reason"] for pair in sft["left_out"]}
    shop.walk(0)
    told = (before, asked_before, made_for_none, states, estimated, made, anchored, asked, captions, left_out, sft["examples"], receipts, drifts, rl_pairs)
    return Story(shop, *told, shop.files(), shop.calls())


def changed(story: Story) -> set[str]:
    return {key for key in {**story.before, **story.anchored} if story.before.get(key) != story.anchored.get(key)}


def test_anchors_that_no_clip_is_long_enough_for_make_nothing_anew(story: Story) -> None:
    assert story.made_for_none == []


def test_only_videos_with_a_longer_clip_are_stale_when_anchors_are_turned_on(story: Story) -> None:
    assert story.states == {"long": "stale", "short": "complete"}


def test_turning_anchors_on_changes_only_what_comes_after_the_captions_of_long_clips(story: Story) -> None:
    assert {video_id for video_id, _ in story.made} == {"long"}
    assert {key.split("/")[0] for key in changed(story)} <= {*OF_CAPTIONS, "processed"}
    assert not any("short" in key for key in changed(story))


def test_every_fourth_window_is_an_anchor_and_each_opens_a_segment(story: Story) -> None:
    assert [(one["window"], one["kind"]) for one in story.captions if one["kind"] != "delta"] == [(4, "anchor"), (8, "anchor")]
    assert [one.get("segment", 0) for one in story.captions] == [0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_only_questions_from_the_first_anchor_on_are_asked_anew(story: Story) -> None:
    new = [call for key, call in story.asked.items() if key not in story.asked_before and call["kind"] != "objectives"]
    assert {call["window"] for call in new if call["kind"] == "initial"} == {4, 8}
    assert min(call["window"] for call in new) == 4
    assert all(story.asked[key] == call for key, call in story.asked_before.items())


def test_as_many_windows_are_asked_about_as_was_estimated(story: Story) -> None:
    new = [call for key, call in story.asked.items() if key not in story.asked_before]
    assert story.estimated["long"].left.images == sum(2 for call in new if call["kind"] != "objectives")
    assert story.estimated["short"].left.calls == 0


def test_no_pair_reaches_into_a_new_segment_and_the_one_after_holds_both_exchanges(story: Story) -> None:
    assert {window: reason for window, reason in story.left_out.items() if reason == NEW_SEGMENT} == {4: NEW_SEGMENT, 8: NEW_SEGMENT}
    exchanges = {pair["window"]: len(pair["example"]["conversations"]) // 2 for pair in story.pairs}
    assert {window for window, count in exchanges.items() if count == 2} <= {1, 5, 9}
    assert {window for window, count in exchanges.items() if count == 1}.isdisjoint({1, 5, 9})


def test_every_picture_that_pairs_speak_of_is_there(story: Story) -> None:
    examples = [pair["example"] for pair in (*story.pairs, *story.rl_pairs)]
    named = {f"processed/{frame}" for example in examples for frame in (*example["frames_window1"], *example["frames_window2"])}
    assert {pair["window"] for pair in story.rl_pairs} & {5, 9}
    assert named <= {key for key in story.anchored if key.startswith("processed/images/long/")}


def test_a_receipt_tells_how_many_anchors_there_are_and_what_they_were_asked_for_with(story: Story) -> None:
    receipt = next(receipt for receipt in story.receipts["receipts"] if receipt["asset"] == "delta_captions")
    assert receipt["counts"]["anchors"] == 2
    assert receipt["made_with"]["anchor_every"] == "4"


def test_the_quality_of_captions_tells_how_far_each_segment_had_drifted(story: Story) -> None:
    assert [drift["window"] for drift in story.drifts] == [4, 8]
    assert all(0 <= drift["drift"] <= 1 for drift in story.drifts)


def test_what_is_made_without_anchors_tells_of_none(story: Story) -> None:
    texts = [(story.shop.root / "data" / key).read_text() for key in story.after if key.startswith(OF_CAPTIONS)]
    assert not any("anchor" in text or '"segment"' in text for text in texts)


def test_turning_anchors_off_again_asks_nothing_and_leaves_the_bytes_that_were_there_before(story: Story) -> None:
    assert story.asked_after == story.asked
    assert story.after == story.before


@pytest.mark.heavy
def test_a_run_that_is_killed_at_an_anchor_is_completed_by_the_next(tmp_path: Path) -> None:
    make_video(tmp_path / "once/videos/long.mp4", seconds=2 * LONG_WINDOWS, size="96x64", fps="10")
    make_video(tmp_path / "killed/videos/long.mp4", seconds=2 * LONG_WINDOWS, size="96x64", fps="10")
    anchors = {"STREAMCAP_ANCHOR_EVERY": "4", "STREAMCAP_NO_CHANGE_THRESHOLD": "0"}
    undisturbed, project = Project(tmp_path / "once", anchors), Project(tmp_path / "killed", anchors)
    assert undisturbed.streamcap("run").returncode == 0

    killed = subprocess.run([sys.executable, "-c", KILL_AT, "after write calls", "4"], env=project.env, cwd=project.root, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    done = project.streamcap("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "anchors" in done.stdout
    assert project.final_files() == undisturbed.final_files()
