"""How videos walk through their assets: each in order, many at once, nothing made twice, a failing one stopping only itself.

Nothing here knows of Dagster's events; `per_video.py` turns what a walk yields into them.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

import dagster as dg

from streamcap_dagster.assets.checks import Checked, CheckFailed, is_checked, pass_check
from streamcap_dagster.assets.progress import AssetDone, VideoDone
from streamcap_dagster.assets.work import NOTICE, Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.errors import ObjectChanged, ObjectUnreadable, RunStopped, StorageLost, StreamcapError
from streamcap_dagster.records import Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import Failure, forget_failure, note_failure
from streamcap_dagster.storage.leases import turn_async
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.off_loop import to_the_end
from streamcap_dagster.storage.receipts import Receipt, ReceiptBook, Receipts, fingerprint, is_current, read_receipts, size_of
from streamcap_dagster.storage.tombstones import is_taken_down

SOURCE = "source_videos"
"""The input that every walk starts from: the file at the source, as the manifest knows it."""

_WORTH_A_RECEIPT_S = 1.0
"""Work on a video of more than so many seconds is vouched for at once; killed before, less is made again."""

logger = logging.getLogger(__name__)


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
    storage_lost: bool = False
    """Whether the storage was out of reach, so that nothing can be made of what it holds either."""


Result = Finished | Checked | Failure | Stopped


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
    await for_each(videos, lambda video: _walk(video, wanted, workshop, emit), workshop, emit)


async def for_each(videos: Sequence[Video], work: Callable[[Video], Awaitable[None]], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    """Do something with every video, some at a time, in the order given, until something stops it that holds for every video."""
    places = asyncio.Semaphore(workshop.settings.videos_in_flight)
    reasons: list[RunStopped] = []
    unfinished: list[str] = []

    async def one(video: Video) -> None:
        async with places:
            try:
                if not reasons:
                    await work(video)
                    return
            except RunStopped as stop:
                reasons.append(stop)
        unfinished.append(video.video_id)

    async with asyncio.TaskGroup() as group:
        for video in videos:
            group.create_task(one(video))
    if reasons:
        emit(Stopped(str(reasons[0]), tuple(unfinished), isinstance(reasons[0], StorageLost)))


def inputs_of(asset: PerVideoAsset, video: Video, receipts: Receipts) -> dict[str, str]:
    """Content hash of each dependency of an asset. Raises NotMadeYet when one does not exist."""
    return {dep: _content_of(dep, asset, video, receipts) for dep in asset.deps}


def fingerprint_of(asset: PerVideoAsset, work: VideoWork, inputs: Mapping[str, str]) -> str:
    """What the asset would be made from now; equal to its receipt's fingerprint when it need not be made."""
    return fingerprint(asset.code_version(work.settings), {**inputs, **asset.also_from(work)})


def made_with(asset: PerVideoAsset, work: VideoWork) -> dict[str, str]:
    """What else than its inputs goes into an asset's fingerprint, for people who want to know what has changed."""
    return {"code": asset.version, **asset.settings(work.settings), **asset.also_from(work)}


def _content_of(dep: str, asset: PerVideoAsset, video: Video, receipts: Receipts) -> str:
    if dep == SOURCE:
        return video.content
    receipt = receipts.of(dep)
    if receipt is None:
        raise NotMadeYet(video.video_id, asset.name, dep)
    return receipt.content_hash


async def _walk(video: Video, wanted: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    work, failure = VideoWork(video, workshop), None
    try:
        done = await workshop.by_hand(_at_a_glance, work, wanted)
        if done:
            _tell(done, work, emit)
            await asyncio.to_thread(forget_failure, workshop.storage, work.video_id, {asset.name for asset in wanted})
        else:
            async with turn_async(workshop.storage, video.video_id):  # whoever comes second finds everything made
                work = VideoWork(video, workshop, workshop.storage.afresh())  # what was seen before may be another's work by now
                if await asyncio.to_thread(is_taken_down, work.storage, video.video_id):  # since the manifest was read
                    logger.info("video %s: it was taken down, so nothing is made of it", video.video_id)
                else:
                    failure = await _bring_all_up_to_date(work, wanted, emit)
                    await _settle(work, wanted, failure)
    except RunStopped:
        raise
    except (StreamcapError, OSError) as error:  # the storage gives no turn, or refuses the books
        if isinstance(error.__context__, RunStopped):
            raise error.__context__ from None  # the turn could not be given back either
        failure = failure or failed(video, wanted[-1], error)
    finally:
        await to_the_end(asyncio.to_thread(work.close))
    if failure is not None:
        emit(failure)
    workshop.progress(VideoDone(video.video_id, failure.reason if failure else ""))


def _at_a_glance(work: VideoWork, wanted: Sequence[PerVideoAsset]) -> list[Finished]:
    """Whatever goes wrong with a look is told when the video's turn comes, of the asset that it goes wrong with."""
    try:
        return _all_as_they_are(work, wanted)
    except RunStopped:
        raise
    except Exception:  # noqa: BLE001 - it goes wrong again in the turn, or it was nothing
        return []


def _all_as_they_are(work: VideoWork, wanted: Sequence[PerVideoAsset]) -> list[Finished]:
    """Every wanted asset when none is to be made, for which nobody needs a turn; else nothing."""
    receipts = _receipts_to_trust(work)
    size = cache(partial(size_of, work.storage))
    finished = []
    for asset in wanted:
        started = time.monotonic()
        receipt = receipts.of(asset.name)
        if receipt is None or any(dep != SOURCE and receipts.of(dep) is None for dep in asset.deps):
            return []
        inputs = inputs_of(asset, work.video, receipts)
        if not is_checked(asset, receipt) or not is_current(work.storage, receipt, fingerprint_of(asset, work, inputs), size):
            return []
        finished.append(_reused(asset, work, receipt, inputs, started))
    return finished


def _receipts_to_trust(work: VideoWork) -> Receipts:
    """None of a video that the catalog does not vouch for, or whose receipts cannot be read: what is wrong is told when its turn comes."""
    try:
        return read_receipts(work.storage, work.video_id) if work.video.status == "ok" else Receipts(owner=work.video_id)
    except ObjectUnreadable:
        return Receipts(owner=work.video_id)


async def _bring_all_up_to_date(work: VideoWork, wanted: Sequence[PerVideoAsset], emit: Callable[[Result], None]) -> Failure | None:
    """What is emitted is vouched for. What took no time waits for company: a receipt of its own would cost more than making it again."""
    book = await asyncio.to_thread(ReceiptBook, work.storage, work.video_id)
    waiting: list[Finished] = []
    failure: Failure | None = None
    asset = wanted[0]

    await work.workshop.by_hand(_see_what_is_there, work)

    async def vouch() -> None:
        await to_the_end(asyncio.to_thread(book.store))
        _tell(waiting, work, emit)
        waiting.clear()

    try:
        for asset in wanted:
            waiting.append(await _bring_up_to_date(asset, work, book))
            if sum(finished.seconds for finished in waiting if not finished.reused) > _WORTH_A_RECEIPT_S:
                await vouch()
    except (RunStopped, asyncio.CancelledError):
        await vouch()
        raise
    except ObjectChanged as error:  # whoever made the other object goes on, and vouches for all of it
        return failed(work.video, asset, error)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one video, the others go on
        if isinstance(error, CheckFailed):
            emit(Checked(work.video_id, asset, error.faults))
        failure = failed(work.video, asset, error, await work.workshop.by_hand(_would_be_made_from, asset, work, book.receipts))
    await vouch()
    return failure


def _would_be_made_from(asset: PerVideoAsset, work: VideoWork, receipts: Receipts) -> str:
    """The fingerprint of an asset that failed; empty where it has none, such as without its inputs."""
    try:
        return fingerprint_of(asset, work, inputs_of(asset, work.video, receipts))
    except Exception:  # noqa: BLE001 - why it failed is told already
        return ""


def _see_what_is_there(work: VideoWork) -> None:
    """What is there when the turn begins may be replaced. What somebody writes from now on, who takes the turn for theirs, may not."""
    for _ in side_by_side(work.storage.lanes, work.storage.stat, keys.made_of(work.video_id)):
        pass


def _tell(finished: Sequence[Finished], work: VideoWork, emit: Callable[[Result], None]) -> None:
    for one in finished:
        emit(one)
        work.workshop.progress(AssetDone(work.video_id, one.asset.name, one.reused, one.seconds, one.receipt.counts, one.notes.get(NOTICE, "")))


async def _bring_up_to_date(asset: PerVideoAsset, work: VideoWork, book: ReceiptBook) -> Finished:
    if work.video.status != "ok":
        raise NotInManifest(work.video_id, f"the catalog lists it as {work.video.status} ({work.video.reason})")
    started = time.monotonic()
    inputs, wanted, receipt = await work.workshop.by_hand(_look, asset, work, book)
    if receipt is not None:
        return _reused(asset, work, await check_again(asset, work, book, receipt), inputs, started)
    made = await _make(asset, work)
    await work.workshop.by_hand(pass_check, asset, work)
    receipt = Receipt(
        asset=asset.name,
        fingerprint=wanted,
        inputs=inputs,
        made_with=made_with(asset, work),
        content_hash=made.content_hash,
        objects=made.objects,
        counts=made.counts,
        checked=asset.checks_version,
    )
    book.add(receipt)
    shown = made.shown if made.shown is not None else await work.workshop.by_hand(asset.show, work)
    return Finished(work, asset, receipt, inputs, reused=False, seconds=time.monotonic() - started, notes=made.notes, spent=made.spent, shown=shown)


async def check_again(asset: PerVideoAsset, work: VideoWork, book: ReceiptBook, receipt: Receipt, *, always: bool = False) -> Receipt:
    """The receipt, which tells that the asset has passed its check: now, where it did not yet, or always. After CheckFailed nothing vouches for the asset."""
    if is_checked(asset, receipt) and not always:
        return receipt
    try:
        await work.workshop.by_hand(pass_check, asset, work)
    except CheckFailed:
        await asyncio.to_thread(book.drop, asset.name)
        raise
    receipt = receipt.model_copy(update={"checked": asset.checks_version})
    book.add(receipt)
    return receipt


def _reused(asset: PerVideoAsset, work: VideoWork, receipt: Receipt, inputs: Mapping[str, str], started: float) -> Finished:
    return Finished(work, asset, receipt, inputs, reused=True, seconds=time.monotonic() - started, notes={}, spent={}, shown=None)


def _look(asset: PerVideoAsset, work: VideoWork, book: ReceiptBook) -> tuple[dict[str, str], str, Receipt | None]:
    """The inputs, the fingerprint they give, and the receipt when the asset need not be made. When it must be, an old receipt goes first."""
    inputs = inputs_of(asset, work.video, book.receipts)
    wanted = fingerprint_of(asset, work, inputs)
    receipt = book.receipts.of(asset.name)
    if receipt is None or is_current(work.storage, receipt, wanted):
        return inputs, wanted, receipt
    book.drop(asset.name)
    return inputs, wanted, None


async def _make(asset: PerVideoAsset, work: VideoWork) -> Made:
    if inspect.iscoroutinefunction(asset.make):
        return cast(Made, await asset.make(work))
    return cast(Made, await work.workshop.by_hand(asset.make, work))


async def _settle(work: VideoWork, wanted: Sequence[PerVideoAsset], failure: Failure | None) -> None:
    """Leave the video's books in order: its answers folded when it went well, its failure noted when not."""
    if failure is not None:
        await asyncio.to_thread(note_failure, work.storage, failure)
        return
    await work.fold_calls()
    await asyncio.to_thread(forget_failure, work.storage, work.video_id, {asset.name for asset in wanted})


def failed(video: Video, asset: PerVideoAsset, error: Exception, made_from: str = "") -> Failure:
    """What an error means to a video: the sentence that a person reads."""
    if isinstance(error, StreamcapError):
        return Failure(video_id=video.video_id, asset=asset.name, reason=str(error), fingerprint=made_from)
    logger.error("video %s: %s failed", video.video_id, asset.name, exc_info=error)
    reason = f"video {video.video_id}: {asset.name} failed with {type(error).__name__}: {error}. This is a fault of streamcap: please report it with the log."
    return Failure(video_id=video.video_id, asset=asset.name, reason=reason, fingerprint=made_from)
