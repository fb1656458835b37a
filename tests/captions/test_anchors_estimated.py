"""What anchors will cost is told beforehand: as many questions, of the same length, in the same chains as the run then asks."""

import asyncio
from pathlib import Path

import pytest

from streamcap_dagster.captions.estimate import VideoEstimate
from streamcap_dagster.captions.estimate.counting import Planner
from streamcap_dagster.captions.estimate.volume import volume_of
from streamcap_dagster.policies import ChainPolicy
from tests.captions.captioners import Told
from tests.captions.pictures import PER_WINDOW
from tests.captions.test_estimate import Video, clips_of, read_of, street, talker

EVERY_10 = ChainPolicy(anchor_every=10)
ALL_OF_THEM = ChainPolicy(anchor_every=10, no_change_threshold=0)


@pytest.fixture
def video(tmp_path: Path) -> Video:
    return Video(tmp_path / "data", [street(34), street(9, row=1), street(12, row=2)], EVERY_10)


def planned(anchor_every: int, *windows: int) -> VideoEstimate:
    policy = ChainPolicy(no_change_threshold=0, anchor_every=anchor_every)
    return asyncio.run(Planner(Told(talker), policy, PER_WINDOW).plan(60.0, clips_of(*windows)))


def test_a_run_with_anchors_asks_as_often_and_shows_as_many_pictures_as_was_estimated(video: Video) -> None:
    told = Told(talker)
    before = video.count(told)

    video.run(told)

    assert sum(asked.kind == "initial" and asked.place.window > 0 for asked in told.requests) == 4
    assert before.left.calls == len(told.requests)
    assert before.left.images == sum(len(asked.frames) for asked in told.requests)


def test_what_a_run_with_anchors_reads_is_within_a_quarter_of_what_was_estimated(video: Video) -> None:
    told = Told(talker)
    before = video.count(told)

    video.run(told)

    assert read_of(told) * 0.75 <= before.left.text_tokens <= read_of(told) * 1.25


def test_calls_of_a_clip_with_anchors_wait_for_each_other_as_without(video: Video) -> None:
    without = Video(video.storage.root, [street(34), street(9, row=1), street(12, row=2)], ChainPolicy(no_change_threshold=0))
    every = Video(video.storage.root, [street(34), street(9, row=1), street(12, row=2)], ALL_OF_THEM)
    assert every.count(Told(talker)).steps == without.count(Told(talker)).steps == 35


def test_of_a_captioned_video_only_what_follows_the_first_anchors_is_left_to_ask(video: Video) -> None:
    policy = ChainPolicy(no_change_threshold=0)
    Video(video.storage.root, [street(34)], policy).run(Told(talker))

    left = Video(video.storage.root, [street(34)], ALL_OF_THEM).count(Told(talker))

    asked = Told(talker)
    Video(video.storage.root, [street(34)], ALL_OF_THEM).run(asked)
    assert left.left.calls == len(asked.requests)
    assert min(request.place.window for request in asked.requests if request.kind != "objectives") == 10


def test_anchors_are_estimated_for_videos_without_frames_too() -> None:
    whole = Told(talker)
    assert planned(10, 30).left.calls == planned(0, 30).left.calls + 1, "objectives are asked for in each of three segments, where two requests did before"
    assert whole.requests == []


def test_anchors_write_more_and_read_less_of_a_long_history() -> None:
    with_anchors, without = planned(10, 60).left, planned(0, 60).left
    assert with_anchors.output_tokens > without.output_tokens
    assert with_anchors.text_tokens < without.text_tokens


def test_an_anchor_is_estimated_as_an_initial_caption(video: Video) -> None:
    told = Told(talker)
    video.run(told)
    sizes = {asked.place.window: volume_of(asked).output_tokens for asked in told.requests if asked.kind == "initial" and asked.place.clip == 0}
    assert sorted(sizes) == [0, 10, 20, 30]
    assert len(set(sizes.values())) == 1
