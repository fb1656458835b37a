"""The Dagster face of the per-video assets, on assets that only store a few words."""

import asyncio
import resource
import threading
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets.per_video import NAMED_IN_A_FAILURE, allow_open_files, failure_of_run, per_video_assets, walk_in_background
from streamcap_dagster.assets.progress import AssetDone, Happening, unwatched
from streamcap_dagster.assets.work import Made, VideoWork
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.resources.captioner import OfflineCaptionerResource
from streamcap_dagster.resources.run_end import run_end
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.resources.video_source import FolderSourceResource
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.off_loop import to_the_end
from streamcap_dagster.videos.manifest import write_manifest
from streamcap_dagster.videos.source import FolderSource
from tests.assets.walking import asset, put, settings, video
from tests.captions.captioners import Told
from tests.captions.requests import request


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


@pytest.fixture
def run(storage: FolderStorage) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs two assets for a range of videos."""

    def materialize(*video_ids: str) -> dg.ExecuteInProcessResult:
        assets = per_video_assets([asset("look"), asset("say", ("look",))], settings(storage), unwatched)
        resources = {
            "storage": FolderStorageResource(root=storage.uri),
            "video_source": FolderSourceResource(root="nowhere"),
            "captioner": OfflineCaptionerResource(),
            "run_end": run_end,
        }
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("videos", list(video_ids))
            tags = {"dagster/asset_partition_range_start": video_ids[0], "dagster/asset_partition_range_end": video_ids[-1]}
            return dg.materialize([assets], resources=resources, instance=instance, tags=tags, raise_on_error=False)

    return materialize


def made(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    events = [event.step_materialization_data.materialization for event in result.all_events if event.is_step_materialization]
    return sorted((str(event.partition), event.asset_key.path[-1]) for event in events)


def test_every_asset_of_every_video_is_an_event_of_its_own(storage: FolderStorage, run: Callable[..., dg.ExecuteInProcessResult]) -> None:
    write_manifest(storage, [video("cat"), video("dog")])

    result = run("cat", "dog")

    assert result.success
    assert made(result) == [("cat", "look"), ("cat", "say"), ("dog", "look"), ("dog", "say")]


def test_a_partition_that_was_made_by_hand_fails_alone(storage: FolderStorage, run: Callable[..., dg.ExecuteInProcessResult]) -> None:
    write_manifest(storage, [video("cat")])

    result = run("cat", "../My Video")

    assert made(result) == [("cat", "look"), ("cat", "say")]
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None
    assert failure.metadata["failed"].value == ["../My Video"]
    assert "1 of 2 videos failed" in str(failure.description)
    assert "video ../My Video: it is not in the manifest. Materialize video_catalog" in str(failure.description)


def test_a_failed_run_names_some_and_counts_all() -> None:
    failures = [Failure(video_id=f"v{number}", asset="look", reason=f"video v{number}: sad.") for number in range(NAMED_IN_A_FAILURE + 3)]

    failure = failure_of_run(failures, walked=100)

    assert str(failure.description).startswith("23 of 100 videos failed; the others are done.\n- video v0: sad.\n")
    assert str(failure.description).endswith("\n- video v19: sad.\n- and 3 more")
    assert len(failure.metadata["failed"].value) == 23  # type: ignore[arg-type]
    assert not failure.allow_retries


class Broken(Exception):
    """Whoever watches the walk cannot go on."""


def test_an_answer_on_its_way_is_kept_although_the_walk_breaks_off(storage: FolderStorage) -> None:
    asked = asyncio.Event()

    class Slow(Told):
        async def complete(self, request: CaptionRequest) -> CaptionReply:
            asked.set()
            await asyncio.sleep(0.3)
            return await super().complete(request)

    async def make(work: VideoWork) -> Made:
        await (asked.wait() if work.video_id == "cat" else (await work.asker()).ask(request()))
        return put(work, "say", "asked")

    def watch(happening: Happening) -> None:
        if isinstance(happening, AssetDone):
            raise Broken

    walk = walk_in_background([video("cat"), video("dog")], [asset("say", make=make)], settings(storage), FolderSource(storage.root), storage, Slow(), watch)
    with pytest.raises(BaseExceptionGroup):
        list(walk)
    assert [stored.key.split("/")[1] for stored in storage.list("calls/")] == ["dog"]


def test_a_walk_that_is_stopped_ends_its_decoders_though_a_thread_still_waits(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.assets.per_video.PATIENCE_S", 5.0)
    waits, released = threading.Event(), threading.Event()

    async def make(work: VideoWork) -> Made:
        assert work.workshop.decoding is not None
        await work.workshop.decoding.do(abs, -1, work.video_id)
        if work.video_id == "dog":
            waits.set()
            await to_the_end(asyncio.to_thread(released.wait, 30))
        return put(work, "say", work.video_id)

    videos, captioner = [video("cat"), video("dog")], OfflineCaptioner()
    walk = walk_in_background(videos, [asset("say", make=make)], settings(storage, decode_workers=1), FolderSource(storage.root), storage, captioner, unwatched)
    next(walk)
    assert waits.wait(30)
    before = len(active_children())
    walk.close()
    left = len(active_children())
    released.set()
    assert (before - left, left) == (1, 0)


def test_a_process_may_open_a_file_for_every_video_and_call(storage: FolderStorage) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        allow_open_files(settings(storage, videos_in_flight=100, calls_in_flight=50))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 2 * 100 + 50 + 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_backfill_is_cut_into_runs_of_as_many_videos_as_the_settings_say(storage: FolderStorage) -> None:
    assets = per_video_assets([asset("first")], settings(storage, chunk=7), unwatched)
    assert assets.backfill_policy == dg.BackfillPolicy.multi_run(7)
