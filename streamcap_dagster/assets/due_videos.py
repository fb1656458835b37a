"""What is due: the report of it, and on request the backfill that does it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol, cast

import dagster as dg
from pydantic import Field, field_validator

from streamcap_dagster.assets.due import DUE_KINDS, DueKind, DueSet, due_set
from streamcap_dagster.assets.survey import Surveyed, survey
from streamcap_dagster.assets.videos import CatalogConfig
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.partitions import Materialized, register_videos
from streamcap_dagster.resources.captioner import CaptionerResource
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.resources.video_source import VideoSourceResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage.leases import turn

DUE_VIDEOS = "due_videos"
LAUNCHED = "launched"
"""Metadata: the backfill that was launched; empty when nothing was due, absent when nothing was to be launched."""
_ASKED_BY = ("dagster/schedule_name", "dagster/sensor_name")
_A_PERSON = "by hand"
SHOWN = 50


class Backfills(Protocol):
    """Where backfills are launched, and which videos are in one."""

    def underway(self, instance: dg.DagsterInstance) -> Collection[str]:
        """The videos that a backfill has still to walk."""
        ...

    def launch(self, instance: dg.DagsterInstance, video_ids: Sequence[str], title: str, launched_by: str) -> str:
        """One backfill of these videos; returns its id."""
        ...


class DueVideosConfig(dg.Config):
    """What `due_videos` is asked for."""

    launch: bool = Field(default=False, description="Launch one backfill of the videos that are due. Without it they are only reported.")
    kinds: list[str] = Field(
        default=list(DUE_KINDS),
        description=(
            "Why a video may be taken: missing (something was never made, or is gone), changed (its file has other bytes), stale (a setting, a prompt, "
            "a model or the code changed), failed (its last attempt went wrong, its pause is over, and it is not parked)."
        ),
    )
    thorough: bool = Field(
        default=False,
        description="Look for every stored object, where otherwise what was noted as made is believed to be there. Finds what was deleted by hand.",
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        unknown = [kind for kind in kinds if kind not in DUE_KINDS]
        if unknown or not kinds:
            raise ValueError(f"{', '.join(map(repr, unknown)) or 'an empty list'} names no reason; the reasons are {', '.join(DUE_KINDS)}")
        return kinds


def launching(*kinds: DueKind, catalog: CatalogConfig | None = None) -> dg.RunConfig:
    """The configuration of a run that looks at the source and launches what is due for these reasons, or for any."""
    return dg.RunConfig(ops={"video_catalog": catalog or CatalogConfig(), DUE_VIDEOS: DueVideosConfig(launch=True, kinds=list(kinds or DUE_KINDS))})


@dataclass(frozen=True)
class Report:
    """The due set as it was found, and what came of it."""

    due: DueSet
    held_back: tuple[str, ...]
    """Due, but a backfill that has not ended is going to walk them."""
    videos: Mapping[str, Surveyed]

    @property
    def taken(self) -> dict[str, DueKind]:
        """Due, and in no backfill yet."""
        held_back = set(self.held_back)
        return {video_id: kind for video_id, kind in self.due.due.items() if video_id not in held_back}

    def words(self) -> str:
        """Such as `12 missing, 3 stale`."""
        counts = Counter(self.taken.values())
        return ", ".join(f"{counts[kind]:,} {kind}" for kind in DUE_KINDS if counts[kind])


def due_videos_asset(settings: Settings, backfills: Backfills) -> dg.AssetsDefinition:
    """`due_videos`, which launches through `backfills`."""

    @dg.asset(name=DUE_VIDEOS, deps=["video_catalog"], group_name="source", kinds={"table"}, owners=["team:streamcap"], code_version="1")
    def due_videos(
        context: dg.AssetExecutionContext,
        config: DueVideosConfig,
        storage: StorageResource,
        video_source: VideoSourceResource,
        captioner: CaptionerResource,
    ) -> Materialized:
        """The videos that have something to be made: never made, from another file, out of date, or failed and to be tried again.

        A report, and with `launch: true` one backfill of them, after which the dataset follows. A video that failed rests for an hour, then
        four, and so on up to a week; after STREAMCAP_PARK_AFTER failures it is parked until its file or the code changes. A video that a
        backfill under way has still to walk is not launched a second time. Opens no video and asks no captioner; costs nothing.
        """
        keeping = storage.open()
        workshop = Workshop(settings, video_source.open(), keeping, captioner.bare())
        with turn(keeping, f"_{DUE_VIDEOS}") if config.launch else nullcontext():  # of two at once the later one sees what the earlier launched
            underway = backfills.underway(context.instance)  # before the look at the videos: one that is done in between is due in neither
            report = find_due(workshop, config, underway)
            launched = launch(context, backfills, report) if config.launch else None
        told = _told(report, launched)
        context.log.info(told)
        return Materialized(metadata={"result": dg.MetadataValue.text(told), **_metadata(report, launched)})

    return due_videos


def find_due(workshop: Workshop, config: DueVideosConfig, underway: Collection[str]) -> Report:
    """Look at every video of the catalog."""
    videos = survey(workshop, thorough=config.thorough)
    found = due_set(videos, cast(list[DueKind], config.kinds), datetime.now(UTC), workshop.settings.park_after)
    held_back = tuple(video_id for video_id in found.due if video_id in underway)
    return Report(found, held_back, {video.video_id: video for video in videos})


def launch(context: dg.AssetExecutionContext, backfills: Backfills, report: Report) -> str:
    """Launch one backfill of what is due, which Dagster cuts into runs in the order of the partitions; returns its id, empty when there is none."""
    if not report.taken:
        return ""
    registered = set(context.instance.get_dynamic_partitions("videos"))
    register_videos(context.instance, [video_id for video_id in report.taken if video_id not in registered])
    launched_by = next((context.run.tags[tag] for tag in _ASKED_BY if tag in context.run.tags), _A_PERSON)
    return backfills.launch(context.instance, list(report.taken), f"{launched_by}: {report.words()}", launched_by)


def _told(report: Report, launched: str | None) -> str:
    held_back = _videos(len(report.held_back)) if report.held_back else ""
    besides = f"; {held_back} more in a backfill under way" if held_back and report.taken else ""
    if not report.taken:
        found = f"nothing is due but {held_back} in a backfill under way" if held_back else "nothing is due"
        return found if launched is None else f"{found}, so no backfill was launched"
    if launched is None:
        return f"due: {report.words()}{besides}; nothing was to be launched"
    return f"launched backfill {launched}: {report.words()}{besides}"


def _videos(count: int) -> str:
    return f"{count:,} video{'' if count == 1 else 's'}"


def _metadata(report: Report, launched: str | None) -> dict[str, dg.MetadataValue]:
    due, paused, parked = report.due.due, report.due.paused, report.due.parked
    counts = Counter(due.values())
    numbers: dict[str, int] = {"due": len(due), **{kind: counts[kind] for kind in DUE_KINDS}}
    numbers |= {"in_a_backfill": len(report.held_back), "paused": len(paused), "parked": len(parked)}
    return {
        **{name: dg.MetadataValue.int(number) for name, number in numbers.items()},
        **({LAUNCHED: dg.MetadataValue.text(launched)} if launched is not None else {}),
        "due_videos": _table(["video", "due because", "what"], due, lambda video_id: [due[video_id], _what(report, video_id)]),
        "paused_videos": _table(
            ["video", "tried again after", "failed because"],
            paused,
            lambda video_id: [f"{paused[video_id]:%Y-%m-%d %H:%M} UTC", plain(report.videos[video_id].reason)],
        ),
        "parked_videos": _table(["video", "failed because"], parked, lambda video_id: [plain(parked[video_id])]),
    }


def _what(report: Report, video_id: str) -> str:
    video = report.videos[video_id]
    within = " (in a backfill under way)" if video_id in report.held_back else ""
    return plain(video.reason or ", ".join((*video.missing, *video.stale))) + within


def _table(head: Sequence[str], found: Collection[str], cells: Callable[[str], Sequence[str]]) -> dg.MetadataValue:
    """The first of the videos that were found, a row each."""
    more = f"\n\nand {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return dg.MetadataValue.md(table(head, [[video_id, *cells(video_id)] for video_id in islice(found, SHOWN)]) + more if found else "none")
