"""The source as it stands, and the videos themselves under our own roof."""

import hashlib

import dagster as dg
from pydantic import Field

from streamcap_dagster.assets.progress import FilesRead, Progress, Remarked
from streamcap_dagster.assets.walk import SOURCE
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork, made_of, places
from streamcap_dagster.licences import licence_id
from streamcap_dagster.partitions import Materialized, register_videos, unregister_videos, videos
from streamcap_dagster.records import Video
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.resources.video_source import VideoSourceResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.videos.catalog import CatalogUpdate, update_catalog
from streamcap_dagster.videos.copying import copy_video
from streamcap_dagster.videos.forgetting import CATALOG_TURN
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.videos.settling import Settled

DATA_VERSION = "dagster/data_version"

source_videos = dg.AssetSpec(
    SOURCE,
    description=(
        "The files at the source, one per video. Not made here: `video_catalog` looks at them and reports the hash of each, "
        "so that everything made from a file whose bytes changed is seen to be stale."
    ),
    deps=["video_catalog"],
    group_name="source",
    kinds={"file"},
    partitions_def=videos,
)


class CatalogConfig(dg.Config):
    """What `video_catalog` leaves for a later look; without anything said, nothing."""

    settled_until: str = Field(default="", pattern=r"^(-?\d+)?$", description="Leave files of later versions than this: they may still be being written.")
    quiet_s: float = Field(default=0.0, ge=0, description="Leave files of a folder that changed so many seconds ago or later: they too may be.")

    def settled(self) -> Settled:
        return Settled(int(self.settled_until) if self.settled_until else None, self.quiet_s)


def video_catalog_asset(settings: Settings, progress: Progress) -> dg.AssetsDefinition:
    """`video_catalog`, which hashes and probes with as many threads as videos may be decoded at once."""

    @dg.asset(
        group_name="source",
        kinds={"csv"},
        owners=["team:streamcap"],
        check_specs=[
            dg.AssetCheckSpec("every_file_is_usable", asset="video_catalog", description="Warns of files that cannot be used and of videos that are gone.")
        ],
    )
    def video_catalog(context: dg.AssetExecutionContext, config: CatalogConfig, storage: StorageResource, video_source: VideoSourceResource) -> Materialized:
        """`raw/manifest.csv`: every video file of the source with its hash and what was probed of it, and why a file cannot be used.

        Looks at the whole source, subfolders included, and registers one partition per usable video. Looking again is cheap: a file
        whose size and time (in a bucket, its generation) are as before is not read. Reading and hashing a new file runs at the speed of the
        disk, or of the network that it comes through. Licence, credit, address and group of a video come from a `metadata.csv` or
        `metadata.jsonl` beside it, or from the columns and the card of a dataset of the Hugging Face Hub.
        """
        keeping = storage.open()
        if isinstance(keeping, FolderStorage):
            keeping.sweep()

        def tell(done: int, total: int, uri: str) -> None:
            del uri
            progress(FilesRead(done, total))

        with turn(keeping, CATALOG_TURN):
            update = update_catalog(video_source.open(), keeping, workers=settings.decode_workers, on_video=tell, settled=config.settled())
            _register(context, update)
        for remark in _remarks(update):
            context.log.warning(remark)
            progress(Remarked(remark))
        return Materialized(
            metadata=_catalog_metadata(update) | places(keeping, [keys.MANIFEST]),
            data_version=dg.DataVersion(update.content_hash),
            check_results=[_usable(update)],
        )

    return video_catalog


def _register(context: dg.AssetExecutionContext, update: CatalogUpdate) -> None:
    """Bring the partitions in line with the catalog, and report each file that this instance has not seen as it is now."""
    usable = {video.video_id: video for video in update.videos if video.status == "ok"}
    registered = set(context.instance.get_dynamic_partitions("videos"))
    register_videos(context.instance, [video_id for video_id in usable if video_id not in registered])
    unregister_videos(context.instance, sorted(registered - usable.keys()))
    observed = context.instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(SOURCE), dg.DagsterEventType.ASSET_OBSERVATION, tag_keys=[DATA_VERSION]
    )
    for video_id in sorted(usable):
        version = {DATA_VERSION: usable[video_id].content}
        if observed.get(video_id) != version:
            context.log_event(dg.AssetObservation(SOURCE, partition=video_id, tags=version))


def report_catalog(instance: dg.DagsterInstance, storage: Storage) -> None:
    """Tell Dagster what the catalog is after a change that no scan made, as when videos were taken out of it."""
    if storage.stat(keys.MANIFEST) is None:
        return
    rows, manifest = tuple(read_manifest(storage).values()), storage.read(keys.MANIFEST)
    failed = tuple(video.video_id for video in rows if video.status == "failed")
    update = CatalogUpdate(rows, added=(), changed=(), removed=(), failed=failed, content_hash=hashlib.sha256(manifest).hexdigest())
    tags = {DATA_VERSION: update.content_hash}
    event = dg.AssetMaterialization("video_catalog", metadata=_catalog_metadata(update) | places(storage, [keys.MANIFEST]), tags=tags)
    instance.report_runless_asset_event(event)


def _catalog_metadata(update: CatalogUpdate) -> dict[str, dg.MetadataValue]:
    """What a person would want to see of a catalog; what was taken down is counted, and not named."""
    usable = [video for video in update.videos if video.status == "ok"]
    return {
        "videos": dg.MetadataValue.int(len(usable)),
        "hours": dg.MetadataValue.float(round(sum(video.duration_s for video in usable) / 3600, 3)),
        "added": dg.MetadataValue.int(len(update.added)),
        "changed": dg.MetadataValue.int(len(update.changed)),
        "removed": dg.MetadataValue.int(len(update.removed)),
        "forgotten": dg.MetadataValue.int(len(update.videos) - len(_remembered(update))),
        "not_usable": dg.MetadataValue.json(_not_usable(update)),
        "without_licence": dg.MetadataValue.int(sum(not licence_id(video.license) for video in usable)),
        "remarks": dg.MetadataValue.json(_remarks(update)),
        "catalog": dg.MetadataValue.md(_catalog_table(update)),
    }


SHOWN = 50


def _remembered(update: CatalogUpdate) -> list[Video]:
    return [video for video in update.videos if video.status != "forgotten"]


def _remarks(update: CatalogUpdate) -> list[str]:
    """What is wrong with what the source says of its videos."""
    more = len(update.remarks) - SHOWN
    return [*update.remarks[:SHOWN], *([f"{more:,} more sentences like these"] if more > 0 else [])]


def _not_usable(update: CatalogUpdate) -> dict[str, str]:
    return {video.video_id: video.trouble for video in _remembered(update) if video.status != "ok"}


def _catalog_table(update: CatalogUpdate) -> str:
    videos = _remembered(update)
    rows = [
        f"| {video.video_id} | {video.status} | {video.duration_s:.1f} | {video.display_width}x{video.display_height} | {video.fps:.2f} | {video.codec} |"
        for video in videos[:SHOWN]
    ]
    more = [f"\nand {len(videos) - SHOWN} more"] if len(videos) > SHOWN else []
    return "\n".join(["| video | status | seconds | size | fps | codec |", "|---|---|---|---|---|---|", *rows, *more])


def _usable(update: CatalogUpdate) -> dg.AssetCheckResult:
    bad = _not_usable(update)
    return dg.AssetCheckResult(
        check_name="every_file_is_usable",
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(list(bad.values())[:SHOWN]) or "every video file can be used",
        metadata={"not_usable": dg.MetadataValue.json(bad)},
    )


def _copy_raw_video(work: VideoWork) -> Made:
    key = raw_video_key(work)
    with work.workshop.source.local(work.video.uri) as original, work.staged(key) as copy:
        copy_video(original, work.video, copy.path, "hard" if work.workshop.source.lends_copies else work.settings.link)
    return made_of([copy], {"bytes": copy.stored.size_bytes})


def raw_video_key(work: VideoWork) -> str:
    """Where the video's own bytes are kept: under its id with the suffix of its source file."""
    return keys.raw_video(work.video_id, "." + work.video.uri.rsplit(".", 1)[-1].lower())


def _show_raw_video(work: VideoWork) -> dict[str, dg.MetadataValue]:
    video = work.video
    return {
        "source_file": dg.MetadataValue.text(video.uri),
        "length_s": dg.MetadataValue.float(round(video.duration_s, 3)),
        "picture": dg.MetadataValue.text(f"{video.display_width}x{video.display_height} at {video.fps:.3f} fps{' (variable)' if video.variable_fps else ''}"),
        "codec": dg.MetadataValue.text(f"{video.codec} in {video.container}"),
    }


raw_videos = PerVideoAsset(
    name="raw_videos",
    description=(
        "The video file itself, under `raw/videos/`: cloned where the disk can, else copied (STREAMCAP_LINK=hard links it), "
        "and checked against the hash in the manifest. Costs the disk space of the videos where the disk cannot clone; runs at the speed of the disk."
    ),
    deps=(SOURCE,),
    group="source",
    kinds=frozenset({"file"}),
    version="1",
    make=_copy_raw_video,
    show=_show_raw_video,
)
