"""How often a storage is asked: each time takes tens of milliseconds in a bucket, and costs."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.walk import Finished, walk_videos
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.records import Clips, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.catalog import update_catalog
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.videos.source import FolderSource
from tests.assets.walking import Walked, settings
from tests.storage.counted import CountedStorage


class Far:
    """Three small videos whose storage is far away, cataloged."""

    def __init__(self, root: Path, source: Path) -> None:
        self.storage = CountedStorage(root / "data")
        self.source = FolderSource(source)
        update_catalog(self.source, self.storage, workers=1, on_video=lambda done, total, uri: None)
        self.videos = read_manifest(self.storage)

    def walk(self, *video_ids: str) -> Walked:
        walked = Walked()
        asyncio.run(self._walk([self.videos[video_id] for video_id in video_ids], walked))
        assert walked.failures == []
        return walked

    async def _walk(self, videos: list[Video], walked: Walked) -> None:
        async with DecodePool(1) as decoding:
            shop = Workshop(settings(self.storage, decoder="ffmpeg"), self.source, self.storage, OfflineCaptioner(), decoding=decoding)
            await walk_videos(videos, PER_VIDEO, shop, walked.results.append)

    def asked(self) -> list[tuple[str, str]]:
        """What was asked since this was last looked at."""
        asked, self.storage.requests = self.storage.requests, []
        return asked


@pytest.fixture
def far(tmp_path: Path, three_videos: Path) -> Far:
    return Far(tmp_path, three_videos)


def test_a_small_video_is_made_with_few_requests_besides_its_images_and_answers(far: Far) -> None:
    far.asked()
    far.walk("clock")

    asked = [(operation, key) for operation, key in far.asked() if not key.startswith(("calls/clock/", "processed/images/clock/0"))]
    assert len(asked) <= 50, sorted(asked)  # fourteen of them look at what is there before anything is written, so that no other writer's work is lost


def test_an_image_and_an_answer_are_written_once_and_never_read_back(far: Far) -> None:
    far.asked()
    far.walk("clock")

    every = far.asked()
    images = Counter(operation for operation, key in every if key.startswith("processed/images/clock/0"))
    answers = Counter(operation for operation, key in every if key.startswith("calls/clock/") and key.endswith(".json"))
    assert images == {"write": len(list(far.storage.list("processed/images/clock/")))}
    assert (answers.keys(), answers["write"]) == ({"write", "delete"}, answers["delete"])


def test_what_was_at_hand_is_let_go_when_a_video_ends_its_walk(far: Far) -> None:
    work = next(result.work for result in far.walk("clock").results if isinstance(result, Finished))
    far.asked()
    work.read(keys.clips("clock"), Clips)
    assert far.asked() == [("read", keys.clips("clock"))]


def test_a_run_that_makes_nothing_takes_a_look_at_each_object_and_needs_no_turn(far: Far) -> None:
    far.walk("clock")
    far.asked()

    walked = far.walk("clock")

    asked = far.asked()
    assert (len(walked.reused), walked.made) == (len(PER_VIDEO), [])
    assert {operation for operation, _ in asked} == {"read", "stat", "list"}
    assert len(asked) <= 19, sorted(asked)


def test_videos_do_not_wait_for_each_other(far: Far) -> None:
    far.walk(*far.videos)
    far.asked()

    far.walk(*far.videos)

    assert far.storage.most_at_once >= 3
