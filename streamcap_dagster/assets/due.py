"""Which videos have something to be made now, which wait after a failure, and which are parked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from streamcap_dagster.assets.survey import Surveyed

DueKind = Literal["missing", "changed", "stale", "failed"]
"""missing: something was never made, or is gone; changed: its file has other bytes; stale: a setting, a prompt, a model or the code changed;
failed: its last attempt went wrong."""
DUE_KINDS: tuple[DueKind, ...] = get_args(DueKind)


@dataclass(frozen=True)
class DueSet:
    """By video id, in order of the catalog."""

    due: dict[str, DueKind]
    paused: dict[str, datetime]
    """Failed, and not to be tried again before that time."""
    parked: dict[str, str]
    """Failed so often that only another file, other code or a person can help; with the reason."""


def due_set(videos: Iterable[Surveyed], kinds: Collection[DueKind], now: datetime, park_after: int, *, patient: bool = True) -> DueSet:
    """The videos that are due for one of these kinds of reasons. A person who asks for failed videos is not `patient`: pauses and parking are for schedules."""
    due: dict[str, DueKind] = {}
    paused: dict[str, datetime] = {}
    parked: dict[str, str] = {}
    for video in videos:
        kind = _kind_of(video)
        if kind == "failed" and video.failure is not None and patient:
            if video.failure.attempts >= park_after:
                parked[video.video_id] = video.reason
                continue
            if video.failure.is_paused(now):
                paused[video.video_id] = video.failure.due_at
                continue
        if kind is not None and kind in kinds:
            due[video.video_id] = kind
    return DueSet(due, paused, parked)


def _kind_of(video: Surveyed) -> DueKind | None:
    if video.state in ("unusable", "removed", "forgotten", "complete", "skipped"):
        return None
    if video.state == "failed":
        return "failed"
    if video.changed:
        return "changed"
    return "missing" if video.missing else "stale"
