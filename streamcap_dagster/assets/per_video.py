"""The Dagster face of the per-video assets: one multi-asset that walks a run's videos, and the events it reports.

All per-video assets are specs of one multi-asset because a run must be able to finish the good videos in every asset while a
bad one stops: separate steps either skip their children or mark failed videos as made.
"""

import asyncio
import queue
import resource
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, aclosing, closing, suppress

import dagster as dg

from streamcap_dagster.assets.asked import check_asked
from streamcap_dagster.assets.checks import Checked, check_keys, check_specs, evaluations
from streamcap_dagster.assets.progress import CallsMetered, Progress
from streamcap_dagster.assets.rechecking import check_videos
from streamcap_dagster.assets.walk import Finished, NotInManifest, Result, Stopped, walk_videos
from streamcap_dagster.assets.work import NOTICE, PerVideoAsset, Workshop, places, threads_for
from streamcap_dagster.captions.captioner import Captioner, Stoppable
from streamcap_dagster.captions.room import Room
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.history import connections_kept
from streamcap_dagster.partitions import by_chunk, videos, videos_of
from streamcap_dagster.records import Video
from streamcap_dagster.resources.captioner import CaptionerResource
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.resources.video_source import VideoSourceResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.videos.source import VideoSource

OWNERS = ["team:streamcap"]
NAMED_IN_A_FAILURE = 20
GRACE_S = 8.0
"""How long a walk that was stopped lets the captioner's calls under way go on; they are paid for."""
PATIENCE_S = 10.0
"""How long a walk that was stopped may take to end: its threads finish what they are at, which may be the copy of a large file."""
_CANCELLED_BY_S = 1.0
"""By then whatever waits for a decoder has heard that it need not."""

_OTHER_FILES = 256
_FEW = 25
"""Videos of a run up to which an event shows again what the one before it has shown."""
_SEEN_AGAIN = (dg.MarkdownMetadataValue, dg.JsonMetadataValue)
"""Of an earlier event: its numbers may be what making it took, and its addresses those of a storage that has moved."""
_WINDOWS_PER_CALL = 2
"""Windows whose pictures may be in memory for each call in flight: its own, and one that is ready to follow. A run of long videos has
thousands of clips that could go on at the same time."""


def per_video_assets(assets: Sequence[PerVideoAsset], settings: Settings, progress: Progress) -> dg.AssetsDefinition:
    """The multi-asset that makes these assets, which come in the order a video walks through them."""

    @dg.multi_asset(
        name="per_video",
        specs=[_spec(asset, settings) for asset in assets],
        check_specs=check_specs(assets),
        can_subset=True,
        backfill_policy=by_chunk(settings.chunk),
        pool=settings.captioner or None,  # how many runs may ask the same captioner is an instance's to say
    )
    def per_video(
        context: dg.AssetExecutionContext,
        storage: StorageResource,
        video_source: VideoSourceResource,
        captioner: CaptionerResource,
        run_end: dg.ResourceParam[ExitStack],
    ) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
        wanted, checked_alone = _asked_for(context, assets)
        run_end.enter_context(connections_kept(context.instance))
        keeping, source = storage.open(), video_source.open()
        check_asked(context.run.tags, Workshop(settings, source, keeping, captioner.bare()))
        manifest = read_manifest(keeping)
        video_ids = [video_id for key in _partitions_of(context, wanted) for video_id in videos_of(key)]
        known = {video_id for video_id in video_ids if video_id in manifest and manifest[video_id].status != "forgotten"}
        rows = [manifest[video_id] for video_id in video_ids if video_id in known]
        failures = [_unknown(video_id, [*wanted, *checked_alone], manifest) for video_id in video_ids if video_id not in known]
        stopped: Stopped | None = None
        reporter = Reporter(context, wanted, settings)
        asked = captioner.open(keeping, lambda meter: progress(CallsMetered(context.run_id, meter)))
        context.log.info(f"captioner: {captioner.about}")
        walk = walk_in_background(rows, wanted, settings, source, keeping, asked, progress, checked_alone)
        for result in run_end.enter_context(closing(walk)):
            if isinstance(result, Failure):
                context.log.error(result.reason)
                failures.append(result)
            elif isinstance(result, Stopped):
                stopped = result
            elif isinstance(result, Checked):
                yield from evaluations(result, context.instance)
            else:
                if NOTICE in result.notes:
                    context.log.warning(f"{result.work.video_id}: {result.notes[NOTICE]}")
                yield from reporter.events(result)
        if failures or stopped:
            raise failure_of_run(failures, len(video_ids), stopped)

    return per_video


def _spec(asset: PerVideoAsset, settings: Settings) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset.name,
        description=asset.description,
        deps=list(asset.deps),
        group_name=asset.group,
        kinds=set(asset.kinds),
        owners=OWNERS,
        code_version=asset.code_version(settings),
        partitions_def=videos,
        skippable=True,
    )


def _asked_for(context: dg.AssetExecutionContext, assets: Sequence[PerVideoAsset]) -> tuple[list[PerVideoAsset], list[PerVideoAsset]]:
    """The assets that a run is to make, and those of which it is only to make the check."""
    made, checked = context.op_execution_context.selected_asset_keys, context.op_execution_context.selected_asset_check_keys
    wanted = [asset for asset in assets if dg.AssetKey(asset.name) in made]
    return wanted, [asset for asset in assets if not check_keys(asset).isdisjoint(checked) and asset not in wanted]


def _partitions_of(context: dg.AssetExecutionContext, wanted: Sequence[PerVideoAsset]) -> list[str]:
    """The partitions of a run. The button that executes all checks names none, and means all."""
    if wanted or context.has_partition_key or context.has_partition_key_range:
        return list(context.partition_keys)
    return list(context.instance.get_dynamic_partitions("videos"))


def _unknown(video_id: str, wanted: Sequence[PerVideoAsset], manifest: Mapping[str, Video]) -> Failure:
    """A partition that was made by hand, whose manifest is in another storage, or whose video was taken down."""
    row = manifest.get(video_id)
    why = f"the catalog lists it as {row.status} ({row.reason})" if row else "it is not in the manifest"
    return Failure(video_id=video_id, asset=wanted[0].name, reason=str(NotInManifest(video_id, why)))


def walk_in_background(
    rows: Sequence[Video],
    wanted: Sequence[PerVideoAsset],
    settings: Settings,
    source: VideoSource,
    storage: Storage,
    captioner: Captioner,
    progress: Progress,
    checked_alone: Sequence[PerVideoAsset] = (),
) -> Generator[Result, None, None]:
    """Results of a walk that has a thread and an event loop to itself, so that captioning goes on while Dagster writes an event."""
    results: queue.SimpleQueue[Result | Future[None]] = queue.SimpleQueue()
    stop = threading.Event()

    async def both(workshop: Workshop) -> None:
        if wanted:
            await walk_videos(rows, wanted, workshop, results.put)
        if checked_alone:
            await check_videos(rows, checked_alone, workshop, results.put)

    async def walk() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads_for(storage), thread_name_prefix="walk"))
        async with DecodePool(settings.decode_workers) as decoding, aclosing(captioner):
            underway = Underway(Room(_WINDOWS_PER_CALL * settings.calls_in_flight))
            workshop = Workshop(settings, source, storage, captioner, progress, underway, decoding)
            walking = asyncio.create_task(both(workshop))
            try:
                while not walking.done():
                    await asyncio.wait([walking], timeout=0.2)
                    if stop.is_set():
                        await _wind_up(walking, workshop)
                await walking
            finally:
                await underway.settle(GRACE_S)  # of a walk that broke off; there are none after any other

    def run() -> None:
        allow_open_files(settings)
        ended: Future[None] = Future()
        try:
            asyncio.run(walk())
            ended.set_result(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for results
            ended.set_exception(error)
        results.put(ended)

    thread = threading.Thread(target=run, name="walk", daemon=True)
    thread.start()
    try:
        while not isinstance(result := results.get(), Future):
            yield result
        result.result()
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def allow_open_files(settings: Settings) -> None:
    """Let this process open as many files as a walk may need, a lock and a file a video and a connection a call: macOS allows 256 until it is asked."""
    needed = _OTHER_FILES + 2 * settings.videos_in_flight + settings.calls_in_flight
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != allowed < needed:
        with suppress(OSError, ValueError):  # some systems know a lower limit of their own; then it is tried with what there is
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed if most == resource.RLIM_INFINITY else min(needed, most), most))


async def _wind_up(walking: asyncio.Task[None], workshop: Workshop) -> None:
    """End a walk that was told to stop: nothing new is begun, and answers that are on their way are waited for and kept."""
    if isinstance(workshop.captioner, Stoppable):
        workshop.captioner.stop()
    walking.cancel()
    await workshop.underway.settle(GRACE_S)
    await asyncio.wait([walking], timeout=_CANCELLED_BY_S)
    if workshop.decoding is not None:  # a thread may wait for a lost storage until this process ends, which must not leave processes behind
        workshop.decoding.stop()


class Reporter:
    """Turns finished assets into Dagster events that carry what exact staleness needs."""

    def __init__(self, context: dg.AssetExecutionContext, assets: Sequence[PerVideoAsset], settings: Settings) -> None:
        self._instance = context.instance
        self._events = context.instance.event_log_storage
        self._code_versions = {asset.name: asset.code_version(settings) for asset in assets}
        videos_of_run = {video_id for key in _partitions_of(context, assets) for video_id in videos_of(key)}
        self._are_few = len(videos_of_run) <= _FEW
        self._seen = {asset.name: self._videos_with_an_event(asset.name, videos_of_run) for asset in assets}

    def events(self, finished: Finished) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
        """That an asset exists, that it has passed its check, if it has one, for else nothing would vouch for it, and what was found of its quality."""
        yield self.event(finished)
        yield from evaluations(Checked(finished.work.video_id, finished.asset, (), finished.receipt.counts, finished.reused), self._instance)

    def event(self, finished: Finished) -> dg.AssetMaterialization:
        name, video_id = finished.asset.name, finished.work.video_id
        return dg.AssetMaterialization(
            name,
            partition=video_id,
            metadata={**_metadata(finished), **self._shown(finished)},
            tags={
                "dagster/data_version": finished.receipt.content_hash,
                "dagster/code_version": self._code_versions[name],
                **self._input_tags(finished.inputs),
            },
        )

    def _shown(self, finished: Finished) -> Mapping[str, dg.MetadataValue]:
        """What a person would want to see. Of what was reused it is that of the event before, and in a run of many videos, whose history would grow by
        it each time, nothing.
        """
        if finished.shown is not None:
            return finished.shown
        if finished.work.video_id not in self._seen[finished.asset.name]:
            return finished.asset.show(finished.work)
        return self._shown_before(finished) if self._are_few else {}

    def _shown_before(self, finished: Finished) -> dict[str, dg.MetadataValue]:
        """Tables, pictures and examples of the latest event, as long as it is of the same data."""
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(finished.asset.name), asset_partitions=[finished.work.video_id])
        for record in self._instance.fetch_materializations(wanted, limit=1).records:
            made = record.asset_materialization
            if made is not None and (made.tags or {}).get("dagster/data_version") == finished.receipt.content_hash:
                return {name: value for name, value in made.metadata.items() if isinstance(value, _SEEN_AGAIN)}
        return {}

    def _input_tags(self, inputs: Mapping[str, str]) -> dict[str, str]:
        """What it was made from. Dagster calls it stale when a dependency gets another data version after the event that the pointer names.

        Any event between the one of the dependency and its next will do, so the newest of all serves every dependency with one look-up.
        """
        newest = str(self._events.get_maximum_record_id() or 0)
        return {
            **{f"dagster/input_data_version/{dep}": content for dep, content in inputs.items()},
            **{f"dagster/input_event_pointer/{dep}": newest for dep in inputs},
        }

    def _videos_with_an_event(self, asset: str, video_ids: set[str]) -> frozenset[str]:
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        return frozenset(self._events.get_latest_storage_id_by_partition(dg.AssetKey(asset), kind, partitions=video_ids))


def _metadata(finished: Finished) -> dict[str, dg.MetadataValue]:
    storage = finished.work.storage
    return {
        "reused": dg.MetadataValue.bool(finished.reused),
        "seconds": dg.MetadataValue.float(round(finished.seconds, 3)),
        **{name: dg.MetadataValue.int(count) for name, count in finished.receipt.counts.items()},
        **{name: _number(amount) for name, amount in finished.spent.items()},
        **{name: dg.MetadataValue.text(words) for name, words in finished.notes.items()},
        **places(storage, [stored.key for stored in finished.receipt.objects]),
    }


def _number(amount: float) -> dg.MetadataValue:
    return dg.MetadataValue.int(amount) if isinstance(amount, int) else dg.MetadataValue.float(round(amount, 6))


def failure_of_run(failures: Sequence[Failure], walked: int, stopped: Stopped | None = None) -> dg.Failure:
    """One error that names the failed videos and why, and what stopped the run; everything else of the run is done."""
    sentences = [f"The run stopped with {len(stopped.unfinished)} of {walked} videos unfinished: {stopped.reason}"] if stopped else []
    if failures:
        sentences.append(f"{len(failures)} of {walked} videos failed; the others are done.")
    named = [f"- {failure.reason}" for failure in failures[:NAMED_IN_A_FAILURE]]
    more = [f"- and {len(failures) - NAMED_IN_A_FAILURE} more"] if len(failures) > NAMED_IN_A_FAILURE else []
    return dg.Failure(
        "\n".join([*sentences, *named, *more]),
        metadata={
            "failed": dg.MetadataValue.json([failure.video_id for failure in failures]),
            "reasons": dg.MetadataValue.json({failure.video_id: failure.reason for failure in failures}),
            **(_about_stop(stopped) if stopped else {}),
        },
        allow_retries=False,
    )


def _about_stop(stopped: Stopped) -> dict[str, dg.MetadataValue]:
    return {
        "stopped": dg.MetadataValue.text(stopped.reason),
        "unfinished": dg.MetadataValue.json(list(stopped.unfinished)),
        "storage_lost": dg.MetadataValue.bool(stopped.storage_lost),
    }
