"""`streamcap status`: how every video stands, from storage alone."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.diff import why_stale
from streamcap_dagster.assets.standing import Standing, VideoState, stand
from streamcap_dagster.assets.survey import Surveyed, Watched, survey
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import VideoWork, Workshop
from streamcap_dagster.cli.quota_status import QuotaWatch
from streamcap_dagster.cli.status_page import BAD, MOST_ROWS, Page, Part, details, groups_of_several, page, say
from streamcap_dagster.dataset.grouping.stored import read_groups
from streamcap_dagster.errors import ObjectUnreadable, SettingError
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage.failures import NotedFailure, read_failures
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipts import read_receipts
from streamcap_dagster.videos.manifest import holds_more_than, read_rows
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

MANY = 2000
"""Videos up to which every object is looked for without being asked to."""
_PATIENCE = 4
"""Between two looks is at least this many times as long as a look took."""


@dataclass(frozen=True)
class Manner:
    """What of a status is told, and how."""

    video_ids: Sequence[str] = ()
    thorough: bool = False
    as_json: bool = False
    watch: bool = False
    every_s: float = 5.0


def show_status(settings: Settings, manner: Manner) -> int:
    """Print how every video of the manifest stands, or those named in detail; returns the exit status."""
    workshop = Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())
    quota = QuotaWatch(settings, workshop.captioner, workshop.storage)
    if manner.video_ids or manner.as_json:
        return _show_each(workshop, quota, manner)
    if manner.watch:
        return _watch(workshop, quota, manner.every_s)
    many = not manner.thorough and holds_more_than(workshop.storage, MANY)
    found = survey(workshop, thorough=not many)
    say(Console(), [*_page(found, workshop, quota, believed=many), *_groups(workshop)])
    return _exit_status(video.state for video in found)


def _page(videos: Sequence[Surveyed], workshop: Workshop, quota: QuotaWatch, *, believed: bool, rows: int = MOST_ROWS) -> list[Part]:
    return page(Page(videos, workshop.storage.uri, quota.look(), datetime.now(UTC), workshop.settings.park_after, believed, rows))


def _exit_status(states: Iterator[VideoState]) -> int:
    return 1 if any(state in BAD for state in states) else 0


def _watch(workshop: Workshop, quota: QuotaWatch, every_s: float) -> int:
    """Repaint until somebody interrupts it, never more than fits; where there is no terminal, one block after the other."""
    console, watched = Console(), Watched(workshop)
    videos: list[Surveyed] = []
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while True:
                began_s = time.monotonic()
                videos = watched.look()
                painted = _page(videos, workshop, quota, believed=True, rows=min(MOST_ROWS, console.height // 2) if console.is_terminal else MOST_ROWS)
                if console.is_terminal:
                    live.update(Group(Text(f"{datetime.now(UTC):%H:%M:%S} UTC; Ctrl-C ends it", style="dim"), *painted), refresh=True)
                else:
                    say(console, [Text(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"), *painted])
                time.sleep(max(every_s, _PATIENCE * (time.monotonic() - began_s)))
        except KeyboardInterrupt:
            return _exit_status(video.state for video in videos)


def _show_each(workshop: Workshop, quota: QuotaWatch, manner: Manner) -> int:
    found = list(_standings(workshop, manner))
    now, park_after = datetime.now(UTC), workshop.settings.park_after
    if manner.as_json:
        sharing = quota.look()
        videos = [_plain(standing, failure if standing.failed else None, park_after) for standing, failure in found]
        print(json.dumps({"storage": workshop.storage.uri, "videos": videos, "quota": sharing.plain if sharing else None}, indent=1))
    else:
        for standing, failure in found:
            say(Console(), [*details(standing, failure, _why(standing, workshop), now, park_after), *_groups(workshop, standing.video.video_id)])
    return _exit_status(standing.state for standing, _ in found)


def _groups(workshop: Workshop, video_id: str = "") -> list[Part]:
    """Which videos belong together, of all videos or of one, as it was last found."""
    try:
        groups = read_groups(workshop.storage).groups
    except ObjectUnreadable as error:
        return [Text(str(error))]
    members = ([video.video_id for video in group.videos] for group in groups)
    return groups_of_several([video_ids for video_ids in members if len(video_ids) > 1 and (not video_id or video_id in video_ids)])


def _standings(workshop: Workshop, manner: Manner) -> Iterator[tuple[Standing, NotedFailure | None]]:
    """Each video that is asked for, with its last failure; every object is looked for unless there are many."""
    rows = read_rows(workshop.storage)
    for video_id in manner.video_ids:
        if video_id not in rows.cells:
            raise SettingError("VIDEO_ID", video_id, "the catalog has no such video; `streamcap status` lists them")
    video_ids = list(dict.fromkeys(manner.video_ids)) or list(rows.cells)
    failures = {failure.video_id: failure for failure in read_failures(workshop.storage)}
    wanted, thorough = Wanted(PER_VIDEO, workshop), manner.thorough or len(video_ids) <= MANY

    def look(video_id: str) -> tuple[Standing, NotedFailure | None]:
        failure = failures.get(video_id)
        return stand(rows.video(video_id), wanted, failure, thorough=thorough), failure

    return side_by_side(workshop.storage.lanes, look, video_ids)


def _why(standing: Standing, workshop: Workshop) -> Sequence[str]:
    """What has changed since the assets of a video were made."""
    try:
        why = why_stale(VideoWork(standing.video, workshop), PER_VIDEO, read_receipts(workshop.storage, standing.video.video_id))
    except ObjectUnreadable:
        return ()
    return [f"{cause.asset}: {cause}" for cause in why.causes] if why else []


def _plain(standing: Standing, failure: NotedFailure | None, park_after: int) -> dict[str, object]:
    video = standing.video
    tried = {"attempts": failure.attempts, "next_after": failure.due_at.isoformat(), "parked": failure.attempts >= park_after} if failure else None
    return {
        "video_id": video.video_id,
        "uri": video.uri,
        "duration_s": video.duration_s,
        "state": standing.state,
        "reason": standing.reason,
        "failure": tried,
        "assets": standing.assets,
        "counts": standing.counts,
    }
