"""The one set of partitions, a video each, and how a backfill over them is cut into runs."""

import warnings
from typing import TYPE_CHECKING

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy.*")

if TYPE_CHECKING:
    Materialized = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult  # as an annotation beside check results Dagster knows only the bare class

videos = dg.DynamicPartitionsDefinition(name="videos")
"""Keys are video ids, registered by `video_catalog`."""

_ADDED_AT_ONCE = 10_000  # more keys in one statement can pass the variable limit of an older SQLite


def by_chunk(videos_a_run: int) -> dg.BackfillPolicy:
    """How a backfill is cut into runs: enough videos to share a process, few enough that a lost run is cheap."""
    return dg.BackfillPolicy.multi_run(videos_a_run)


def videos_of(key: str) -> tuple[str, ...]:
    """The videos of a partition: one, whose id is its key. Where a corpus outgrows a partition a video, a shard becomes its videos here."""
    return (key,)


def register_videos(instance: dg.DagsterInstance, video_ids: list[str]) -> None:
    """Make partitions of video ids; those that exist stay as they are."""
    for start in range(0, len(video_ids), _ADDED_AT_ONCE):
        instance.add_dynamic_partitions("videos", video_ids[start : start + _ADDED_AT_ONCE])


def unregister_videos(instance: dg.DagsterInstance, video_ids: list[str]) -> None:
    """Remove partitions; what is stored for them stays."""
    for video_id in video_ids:
        instance.delete_dynamic_partition("videos", video_id)
