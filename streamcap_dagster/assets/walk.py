"""How videos walk through their assets: each in order, many at once, nothing made twice, a failing one stopping only itself.

Nothing here knows of Dagster's events; `per_video.py` turns what a walk yields into them.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast

import dagster as dg

from streamcap_dagster.assets.progress import AssetDone, VideoDone
from streamcap_dagster.assets.work import NOTICE, Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.errors import RunStopped, StreamcapError
from streamcap_dagster.records import Video
from streamcap_dagster.storage.failures import Failure, forget_failure, note_failure
from streamcap_dagster.storage.leases import turn_async
from streamcap_dagster.storage.receipts import Receipt, Receipts, fingerprint, is_current, read_receipts, write_receipts

SOURCE = "source_videos"
"""The input that every walk starts from: the file at the source, as the manifest knows it."""

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Finished:
    """An asset of a video that exists now."""

    work: VideoWork
    asset: PerVideoAsset
    receipt: Receipt
    inputs: Mapping[str, str]
    """Content hash of each dependency, by name."""
    reused: bool
    seconds: float
    notes: Mapping[str, str]
    spent: Mapping[str, float]
    shown: Mapping[str, dg.MetadataValue] | None
    """What a person would want to see of it; None when it was reused, where it may never be asked for."""


@dataclass(frozen=True)
class Stopped:
    """The walk ended before its time, for a reason that holds for every video. What is unfinished has lost nothing and goes on in the next run."""

    reason: str
    unfinished: tuple[str, ...]


Result = Finished | Failure | Stopped


class NotMadeYet(StreamcapError):
    """An asset was asked for whose input does not exist."""

    def __init__(self, video_id: str, asset: str, missing: str) -> None:
        super().__init__(f"video {video_id}: {asset} is made from {missing}, which does not exist yet. Make {missing} first, or select it in the same run.")


class NotInManifest(StreamcapError):
    """A partition has no usable row in the manifest."""

    def __init__(self, video_id: str, why: str) -> None:
        super().__init__(f"video {video_id}: {why}. Materialize video_catalog to look at the source again.")


async def walk_videos(videos: Sequence[Video], wanted: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    """Walk every video through the wanted assets, in the order given; `emit` gets what exists as soon as it does, and what failed.

    Once nobody can be asked any more no further video is begun, and the last that `emit` gets is Stopped.
    """
    places = asyncio.Semaphore(workshop.settings.videos_in_flight)
    reasons: list[str] = []
    unfinished: list[str] = []

    async def walk_one(video: Video) -> None:
        async with places:
            try:
                if not reasons:
                    await _walk(video, wanted, workshop, emit)
                    return
            except RunStopped as stop:
                reasons.append(str(stop))
        unfinished.append(video.video_id)

    async with asyncio.TaskGroup() as group:
        for video in videos:
            group.create_task(walk_one(video))
    if reasons:
        emit(Stopped(reasons[0], tuple(unfinished)))


def inputs_of(asset: PerVideoAsset, video: Video, receipts: Receipts) -> dict[str, str]:
    """Content hash of each dependency of an asset. Raises NotMadeYet when one does not exist."""
    return {dep: _content_of(dep, asset, video, receipts) for dep in asset.deps}


def fingerprint_of(asset: PerVideoAsset, work: VideoWork, inputs: Mapping[str, str]) -> str:
    """What the asset would be made from now; equal to its receipt's fingerprint when it need not be made."""
    return fingerprint(asset.code_version(work.settings), {**inputs, **asset.also_from(work)})


def _content_of(dep: str, asset: PerVideoAsset, video: Video, receipts: Receipts) -> str:
    if dep == SOURCE:
        return video.content
    receipt = receipts.of(dep)
    if receipt is None:
        raise NotMadeYet(video.video_id, asset.name, dep)
    return receipt.content_hash


async def _walk(video: Video, wanted: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    work = VideoWork(video, workshop)
    failure: Failure | None = None
    try:
        async with turn_async(workshop.storage, video.video_id):  # whoever comes second finds everything made
            failure = await _bring_all_up_to_date(work, wanted, emit)
            await _settle(work, wanted, failure)
    except RunStopped:
        raise
    except (StreamcapError, OSError) as error:  # the storage gives no turn, or refuses the books
        failure = failure or _failed(video, wanted[-1], error)
    if failure is not None:
        emit(failure)
    workshop.progress(VideoDone(video.video_id, failure.reason if failure else ""))


async def _bring_all_up_to_date(work: VideoWork, wanted: Sequence[PerVideoAsset], emit: Callable[[Result], None]) -> Failure | None:
    for asset in wanted:
        try:
            finished = await _bring_up_to_date(asset, work)
        except RunStopped:
            raise
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one video, the others go on
            return _failed(work.video, asset, error)
        emit(finished)
        work.workshop.progress(AssetDone(work.video_id, asset.name, finished.reused, finished.seconds, finished.receipt.counts, finished.notes.get(NOTICE, "")))
    return None


async def _bring_up_to_date(asset: PerVideoAsset, work: VideoWork) -> Finished:
    if work.video.status != "ok":
        raise NotInManifest(work.video_id, f"the catalog lists it as {work.video.status} ({work.video.reason})")
    started = time.monotonic()
    inputs, wanted, receipt = await _by_hand(work, _look, asset, work)
    if receipt is not None:
        return Finished(work, asset, receipt, inputs, reused=True, seconds=time.monotonic() - started, notes={}, spent={}, shown=None)
    made = await _make(asset, work)
    receipt = Receipt(asset=asset.name, fingerprint=wanted, inputs=inputs, content_hash=made.content_hash, objects=made.objects, counts=made.counts)
    await asyncio.to_thread(_vouch, work, receipt)
    shown = await _by_hand(work, asset.show, work)
    return Finished(work, asset, receipt, inputs, reused=False, seconds=time.monotonic() - started, notes=made.notes, spent=made.spent, shown=shown)


def _look(asset: PerVideoAsset, work: VideoWork) -> tuple[dict[str, str], str, Receipt | None]:
    """The inputs, the fingerprint they give, and the receipt when the asset need not be made.

    When it must be, an old receipt goes first, for its object is about to be another: a receipt never speaks for what it did not see.
    """
    receipts = read_receipts(work.storage, work.video_id)
    inputs = inputs_of(asset, work.video, receipts)
    wanted = fingerprint_of(asset, work, inputs)
    receipt = receipts.of(asset.name)
    if receipt is None or is_current(work.storage, receipt, wanted):
        return inputs, wanted, receipt
    write_receipts(work.storage, receipts.without(asset.name))
    return inputs, wanted, None


def _vouch(work: VideoWork, receipt: Receipt) -> None:
    write_receipts(work.storage, read_receipts(work.storage, work.video_id).with_receipt(receipt))


async def _make(asset: PerVideoAsset, work: VideoWork) -> Made:
    if inspect.iscoroutinefunction(asset.make):
        return cast(Made, await asset.make(work))
    return cast(Made, await _by_hand(work, asset.make, work))


async def _by_hand(work: VideoWork, function: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> T:
    """The result of a plain function, which runs in a thread."""
    async with work.workshop.hands:
        return await asyncio.to_thread(function, *args, **more)


async def _settle(work: VideoWork, wanted: Sequence[PerVideoAsset], failure: Failure | None) -> None:
    """Leave the video's books in order: its answers folded when it went well, its failure noted when not."""
    if failure is not None:
        await asyncio.to_thread(note_failure, work.storage, failure)
        return
    await work.fold_calls()
    await asyncio.to_thread(forget_failure, work.storage, work.video_id, {asset.name for asset in wanted})


def _failed(video: Video, asset: PerVideoAsset, error: Exception) -> Failure:
    if isinstance(error, StreamcapError):
        return Failure(video_id=video.video_id, asset=asset.name, reason=str(error))
    logger.error("video %s: %s failed", video.video_id, asset.name, exc_info=error)
    reason = f"video {video.video_id}: {asset.name} failed with {type(error).__name__}: {error}. This is a fault of streamcap: please report it with the log."
    return Failure(video_id=video.video_id, asset=asset.name, reason=reason)
