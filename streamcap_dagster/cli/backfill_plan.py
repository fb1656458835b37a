"""What a backfill would do: which videos, for which reasons, and what it would cost. Makes nothing."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.due import DUE_KINDS, DueKind, due_set
from streamcap_dagster.assets.survey import Surveyed, survey
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.captions.estimate.sentence import money, summary
from streamcap_dagster.cli.estimate import as_plain as estimate_as_plain
from streamcap_dagster.cli.estimate_run import estimate_run, terms_of, usable
from streamcap_dagster.cli.summary import MOST_ROWS
from streamcap_dagster.settings import Settings
from streamcap_dagster.videos.manifest import read_manifest

V = TypeVar("V")

MOST_COUNTED = 1000
"""Videos that are counted for the estimate. Of more, as many that lie evenly in the catalog stand for all."""


@dataclass(frozen=True)
class Wanted:
    """Which videos are asked for."""

    kinds: tuple[DueKind, ...] = ()
    """Empty for all kinds."""
    only: tuple[str, ...] = ()
    thorough: bool = False

    @property
    def patient(self) -> bool:
        """Whether pauses and parking hold: not for videos or failures that a person asks for by name."""
        return not self.only and "failed" not in self.kinds


@dataclass(frozen=True)
class Plan:
    """What would be done, by video id in order of the catalog."""

    due: Mapping[str, DueKind]
    videos: Mapping[str, Surveyed]
    paused: Mapping[str, datetime] = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)
    underway: Sequence[str] = ()
    """Due, but a backfill that has not ended is going to walk them."""

    @property
    def words(self) -> str:
        """Such as `12 missing, 3 stale`."""
        counts = Counter(self.due.values())
        return ", ".join(f"{counts[kind]:,} {kind}" for kind in DUE_KINDS if counts[kind])


def make_plan(workshop: Workshop, wanted: Wanted, underway: Collection[str]) -> Plan:
    """Look at the videos that are asked for. Raises SettingError for an id that cannot be captioned."""
    if wanted.only:
        usable(read_manifest(workshop.storage), wanted.only)
    surveyed = survey(workshop, thorough=wanted.thorough or bool(wanted.only), only=wanted.only)
    kinds = wanted.kinds or DUE_KINDS
    found = due_set(surveyed, kinds, datetime.now(UTC), workshop.settings.park_after, patient=wanted.patient)
    due = {video_id: kind for video_id, kind in found.due.items() if video_id not in underway}
    left_alone = (found.paused, found.parked) if "failed" in kinds else ({}, {})
    return Plan(due, {video.video_id: video for video in surveyed}, *left_alone, [video_id for video_id in found.due if video_id in underway])


def cataloged_at(instance: dg.DagsterInstance) -> datetime | None:
    """When this instance last looked at the source; None when it never did."""
    event = instance.get_latest_materialization_event(dg.AssetKey("video_catalog"))
    return None if event is None else datetime.fromtimestamp(event.timestamp, UTC)


def estimate_plan(settings: Settings, plan: Plan, on_videos: Callable[[int, int], None]) -> Estimate:
    """What captioning what is due would take, of at most MOST_COUNTED videos."""
    due = list(plan.due)
    step = max(1, -(-len(due) // MOST_COUNTED))
    return estimate_run(settings, due[::step], on_videos)


def told_estimate(estimate: Estimate, due: int) -> str:
    """The paragraph about money. Where a part was counted it says so, and what all would cost at that rate."""
    told, counted = summary(estimate), len(estimate.videos)
    if counted == due or not estimate.terms.paid:
        return told
    usd = estimate.terms.likely_usd(estimate.left)
    all_of_them = "what all of them cost is unknown" if usd is None else f"at that rate all {due:,} cost about {money(usd * due / counted)}"
    return f"Counted are {counted:,} videos that lie evenly among those that are due; {all_of_them}. Of the {counted:,}: {told}"


def is_paid(workshop: Workshop) -> bool:
    """Whether the captioner costs anything; where it does not, nothing need be counted."""
    return terms_of(workshop.settings, workshop.captioner).paid


def show_plan(console: Console, plan: Plan) -> None:
    """How many and why, what is to be made, the first videos, and what is left alone."""
    if plan.due:
        console.print(f"due: {_videos(len(plan.due))}: {plan.words}", highlight=False)
        console.print(_assets_table(plan))
        console.print(_videos_table(plan))
    if plan.underway:
        more = " more" if plan.due else ""
        console.print(f"{_videos(len(plan.underway))}{more} in a backfill that is under way: {_names(plan.underway)}", highlight=False, soft_wrap=True)
    for video_id, until in _first(plan.paused):
        reason = escape(plan.videos[video_id].reason)
        console.print(f"[yellow]rests[/] until {until:%Y-%m-%d %H:%M} UTC: {reason}", highlight=False, soft_wrap=True)
    for video_id, reason in _first(plan.parked):
        console.print(f"[red]parked[/] after {_attempts(plan, video_id)} failures: {escape(reason)}", highlight=False, soft_wrap=True)
    if plan.paused or plan.parked:
        counts = {"at rest": len(plan.paused), "parked": len(plan.parked)}
        left_alone = " and ".join(f"{count:,} {how}" for how, count in counts.items() if count)
        console.print(f"left alone: {left_alone}. --failed takes them all, `streamcap retry VIDEO_ID` one.", highlight=False, soft_wrap=True)


def _assets_table(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("asset", "missing", "stale"):
        table.add_column(name, justify="left" if name == "asset" else "right")
    for asset, (missing, stale) in _by_asset(plan).items():
        if missing or stale:
            table.add_row(asset, f"{missing:,}", f"{stale:,}")
    return table


def _by_asset(plan: Plan) -> dict[str, tuple[int, int]]:
    """How many of the due videos lack each asset, and of how many it is out of date."""
    due = [plan.videos[video_id] for video_id in plan.due]
    missing, stale = Counter(name for video in due for name in video.missing), Counter(name for video in due for name in video.stale)
    return {asset.name: (missing[asset.name], stale[asset.name]) for asset in PER_VIDEO}


def _videos_table(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "because", "what"):
        table.add_column(name, overflow="fold")
    for video_id, kind in _first(plan.due):
        table.add_row(video_id, kind, escape(_what(plan.videos[video_id])))
    if len(plan.due) > MOST_ROWS:
        table.add_row(f"and {len(plan.due) - MOST_ROWS:,} more", style="dim")
    return table


def _what(video: Surveyed) -> str:
    if video.state == "failed":
        return video.reason
    parts = {"never made": video.missing, "out of date": video.stale}
    return "; ".join(f"{words}: {'all' if len(names) == len(PER_VIDEO) else ', '.join(names)}" for words, names in parts.items() if names)


def _first(found: Mapping[str, V]) -> list[tuple[str, V]]:
    return list(found.items())[:MOST_ROWS]


def _names(video_ids: Sequence[str]) -> str:
    return ", ".join(video_ids[:MOST_ROWS]) + (", …" if len(video_ids) > MOST_ROWS else "")


def _attempts(plan: Plan, video_id: str) -> int:
    failure = plan.videos[video_id].failure
    return failure.attempts if failure is not None else 0


def _videos(count: int) -> str:
    return f"{count:,} video{'' if count == 1 else 's'}"


def as_plain(plan: Plan, estimate: Estimate | None) -> dict[str, object]:
    """The plan for programs; `estimate` is null when nothing is paid."""
    counts = Counter(plan.due.values())
    return {
        "due": {kind: counts[kind] for kind in DUE_KINDS},
        "assets": {name: {"missing": missing, "stale": stale} for name, (missing, stale) in _by_asset(plan).items()},
        "videos": [_plain(plan.videos[video_id], kind) for video_id, kind in plan.due.items()],
        "underway": list(plan.underway),
        "paused": [{"video_id": video_id, "until": until.isoformat(), "reason": plan.videos[video_id].reason} for video_id, until in plan.paused.items()],
        "parked": [{"video_id": video_id, "attempts": _attempts(plan, video_id), "reason": reason} for video_id, reason in plan.parked.items()],
        "estimate": None if estimate is None else estimate_as_plain(estimate),
    }


def _plain(video: Surveyed, kind: DueKind) -> dict[str, object]:
    return {"video_id": video.video_id, "because": kind, "missing": list(video.missing), "stale": list(video.stale), "reason": video.reason}
