"""Checking what exists once more: the checks of a video that were asked for without their assets. Makes nothing."""

import asyncio
from collections.abc import Callable, Sequence

from streamcap_dagster.assets.checks import Checked, CheckFailed
from streamcap_dagster.assets.progress import VideoDone
from streamcap_dagster.assets.walk import NotMadeYet, Result, check_again, failed, fingerprint_of, for_each, inputs_of
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.errors import RunStopped, StreamcapError
from streamcap_dagster.records import Video
from streamcap_dagster.storage.failures import Failure, note_failure
from streamcap_dagster.storage.leases import turn_async
from streamcap_dagster.storage.receipts import ReceiptBook


async def check_videos(videos: Sequence[Video], assets: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    """Check these assets of every video as they are stored; `emit` gets what came of each, and a failure for what did not pass.

    What does not pass is not vouched for any more: the next run makes it anew. Passed over is what does not exist, and what would be made anew in any
    case, for it is not to be held against settings that it was not made under.
    """
    await for_each(videos, lambda video: _check(video, assets, workshop, emit), workshop, emit)


async def _check(video: Video, assets: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> None:
    try:
        async with turn_async(workshop.storage, video.video_id):
            failures = await _check_all(video, assets, workshop, emit)
    except RunStopped:
        raise
    except (StreamcapError, OSError) as error:  # the storage gives no turn, or the books cannot be read or written
        if isinstance(error.__context__, RunStopped):
            raise error.__context__ from None
        failures = [failed(video, assets[0], error)]
    for failure in failures:
        emit(failure)
    workshop.progress(VideoDone(video.video_id, failures[0].reason if failures else ""))


async def _check_all(video: Video, assets: Sequence[PerVideoAsset], workshop: Workshop, emit: Callable[[Result], None]) -> list[Failure]:
    failures: list[Failure] = []
    work = VideoWork(video, workshop, workshop.storage.afresh())
    try:
        book = await asyncio.to_thread(ReceiptBook, work.storage, video.video_id)
        for asset in assets:
            failures += await _check_asset(asset, work, book, emit)
        await asyncio.to_thread(book.store)
    finally:
        await asyncio.to_thread(work.close)
    return failures


async def _check_asset(asset: PerVideoAsset, work: VideoWork, book: ReceiptBook, emit: Callable[[Result], None]) -> list[Failure]:
    receipt = book.receipts.of(asset.name)
    if receipt is None:
        return []
    try:
        if receipt.fingerprint != fingerprint_of(asset, work, inputs_of(asset, work.video, book.receipts)):
            return []
        receipt = await check_again(asset, work, book, receipt, always=True)
    except NotMadeYet:
        return []
    except RunStopped:
        raise
    except CheckFailed as error:
        emit(Checked(work.video_id, asset, error.faults))
        failure = failed(work.video, asset, error, receipt.fingerprint)
        await asyncio.to_thread(note_failure, work.storage, failure)
        return [failure]
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one video, the others go on
        return [failed(work.video, asset, error)]
    emit(Checked(work.video_id, asset, counts=receipt.counts))
    return []
