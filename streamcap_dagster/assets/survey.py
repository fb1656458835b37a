"""How all videos of the catalog stand, in one look. Makes nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.standing import VideoState, standing_of
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.records import Video
from streamcap_dagster.storage.failures import NotedFailure, read_failures
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import read_manifest


@dataclass(frozen=True, slots=True)
class Surveyed:
    """How one video of the catalog stands."""

    video_id: str
    state: VideoState
    missing: tuple[str, ...] = ()
    """Assets that were never made, or whose objects are gone."""
    stale: tuple[str, ...] = ()
    """Assets that would come out otherwise now."""
    changed: bool = False
    """Whether the file at the source has other bytes than what exists was made from."""
    reason: str = ""
    """Why it failed, was skipped or cannot be used."""
    failure: NotedFailure | None = None
    """Its last failure, unless the file or the code have changed since, with which it may go well."""


def survey(workshop: Workshop, *, thorough: bool, only: Collection[str] = ()) -> list[Surveyed]:
    """How every video of the catalog stands, or those named, in order of the catalog.

    `thorough` looks for every object; without it what a receipt vouches for is believed to be there, as a run finds out anyway.
    """
    del thorough
    failures = {failure.video_id: failure for failure in read_failures(workshop.storage)}
    videos = [video for video in read_manifest(workshop.storage).values() if not only or video.video_id in only]
    return list(side_by_side(workshop.storage.lanes, lambda video: _survey_one(video, workshop, failures.get(video.video_id)), videos))


def _survey_one(video: Video, workshop: Workshop, failure: NotedFailure | None) -> Surveyed:
    standing = standing_of(video, PER_VIDEO, workshop, failure)
    missing, stale = (tuple(name for name, state in standing.assets.items() if state == wanted) for wanted in ("missing", "stale"))
    return Surveyed(video.video_id, standing.state, missing, stale, "raw_videos" in stale, standing.reason, failure)
