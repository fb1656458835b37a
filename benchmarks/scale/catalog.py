"""A scan of 100,000 videos that finds nothing new: `video_catalog` as a run of Dagster, and beside it the scan without Dagster."""

import json
import sys
import tempfile
import time
from collections.abc import Callable

import dagster as dg
from dagster._core.storage.event_log.schema import AssetEventTagsTable, SqlEventLogStorageTable

from benchmarks.processes import peak_mb, run_module
from streamcap_dagster.assets.videos import DATA_VERSION, source_videos
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.partitions import register_videos
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.videos.catalog import update_catalog
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, source_for, storage_for

_AT_ONCE = 10_000


def measure(settings: Settings) -> dict[str, object]:
    """Seconds and peak memory of a run that re-scans, in an instance that knows every video, and seconds of the scan alone."""
    with tempfile.TemporaryDirectory() as home:
        run_module(__spec__.name, settings, "know", home=home)
        run = run_module(__spec__.name, settings, "run", home=home)
        scan = run_module(__spec__.name, settings, "scan", home=home)
    return {
        "rescan_s": run["seconds"],
        "rescan_cpu_s": run["cpu_s"],
        "rescan_peak_mb": run["peak_mb"],
        "rescan_without_dagster_s": scan["seconds"],
        "rescan_without_dagster_cpu_s": scan["cpu_s"],
        "rescan_target_s": 20,
    }


def _know() -> None:
    """An instance as it is after all videos were registered and observed: one real event, and copies of it for the others."""
    videos = list(read_manifest(storage_for(read_settings()).open()).values())
    with open_instance() as instance:
        register_videos(instance, [video.video_id for video in videos])
        _observe_all(instance, videos)
    print("{}")


def _observe_all(instance: dg.DagsterInstance, videos: list[Video]) -> None:
    instance.report_runless_asset_event(dg.AssetObservation(source_videos.key, partition=videos[0].video_id, tags={DATA_VERSION: videos[0].content}))
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        (event,) = [dict(row) for row in connection.execute(events.select()).mappings()]
        (tag,) = [dict(row) for row in connection.execute(tags.select().where(tags.c.key == DATA_VERSION)).mappings()]
        for start in range(1, len(videos), _AT_ONCE):
            some = list(enumerate(videos[start : start + _AT_ONCE], start + 1))
            connection.execute(events.insert(), [{**event, "id": event["id"] + number, "partition": video.video_id} for number, video in some])
            copies = [{**tag, "id": tag["id"] + number, "event_id": event["id"] + number, "value": video.content} for number, video in some]
            connection.execute(tags.insert(), copies)


def _run() -> None:
    with open_instance() as instance:
        graph = Graph(build_definitions(read_settings()), instance)
        _tell(lambda: graph.make(["video_catalog"]))
        (newest,) = instance.fetch_observations(source_videos.key, limit=1).records
        assert not newest.event_log_entry.run_id, "a file was observed anew"


def _scan() -> None:
    settings = read_settings()
    storage = storage_for(settings).open()
    _tell(lambda: update_catalog(source_for(settings).open(), storage, workers=2, on_video=_refuse))


def _refuse(done: int, total: int, uri: str) -> None:
    raise AssertionError(f"{uri} was read, one of {total}, {done} of them before")


def _tell(doing: Callable[[], object]) -> None:
    began, spent = time.monotonic(), time.process_time()
    doing()
    print(json.dumps({"seconds": round(time.monotonic() - began, 2), "cpu_s": round(time.process_time() - spent, 2), "peak_mb": peak_mb()}))


if __name__ == "__main__":
    {"know": _know, "run": _run, "scan": _scan}[sys.argv[1]]()
