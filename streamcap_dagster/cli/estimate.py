"""`streamcap estimate`: what captioning will take, before anything is paid."""

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from streamcap_dagster.captions.estimate import Estimate, Terms, VideoEstimate
from streamcap_dagster.captions.estimate.sentence import amount, amount_of_time, money, summary
from streamcap_dagster.captions.estimate.volume import Volume
from streamcap_dagster.cli.estimate_run import estimate_run
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.cli.wide_tables import show_table
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import build_definitions

_MOST_ROWS = 40
_DEAREST = 10
_COLUMNS = ("video", "length", "windows", "no-change", "answered", "to ask")
_PAID_COLUMNS = ("input", "output", "cost")


def show_estimate(settings: Settings, only: Sequence[str], as_json: bool) -> int:
    """Catalog the source, which is free, and print what captioning it will take; returns the exit status."""
    console = Console(stderr=as_json)
    watcher = Watcher(console)
    with open_instance() as instance, watcher.watching():
        Graph(build_definitions(settings, watcher), instance).make(["video_catalog"])
    bars = Progress(TextColumn("counting"), BarColumn(), MofNCompleteColumn(), console=console, transient=True)
    with bars if console.is_terminal else nullcontext():
        estimate = estimate_run(settings, only, _moving(bars))
    if as_json:
        print(json.dumps(as_plain(estimate), indent=1))
    else:
        show(console, estimate)
    return 0


def _moving(bars: Progress) -> Callable[[int, int], None]:
    task = bars.add_task("", total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


def show(console: Console, estimate: Estimate) -> None:
    """A row per video, or of very many the dearest; then all of them, and a paragraph."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (*_COLUMNS, *(_PAID_COLUMNS if estimate.terms.paid else ())):
        table.add_column(name, justify="left" if name == "video" else "right", no_wrap=True)
    rows = _rows(estimate)
    for video in rows:
        table.add_row(video.video_id, *_cells(estimate.terms, video))
    if len(rows) < len(estimate.videos):
        table.add_row(f"and {len(estimate.videos) - len(rows):,} more", style="dim")
    if len(estimate.videos) != 1:
        table.add_row("all", *_totals(estimate), style="bold")
    show_table(console, table)
    for video in estimate.videos:
        if video.trouble:
            console.print(f"[yellow]not counted exactly[/] {escape(video.trouble)}", highlight=False, soft_wrap=True)
    console.print(escape(summary(estimate)), highlight=False)


def _rows(estimate: Estimate) -> Sequence[VideoEstimate]:
    if len(estimate.videos) <= _MOST_ROWS:
        return estimate.videos
    return sorted(estimate.videos, key=lambda video: (_dear(estimate.terms, video.left), video.left.calls), reverse=True)[:_DEAREST]


def _dear(terms: Terms, volume: Volume) -> float:
    return terms.likely_usd(volume) or 0.0


def _cells(terms: Terms, video: VideoEstimate) -> list[str]:
    gated = "?" if video.gated is None else f"{video.gated:,}"
    return [amount_of_time(video.duration_s), f"{video.windows:,}", gated, f"{video.held:,}", *_volume(terms, video.left)]


def _totals(estimate: Estimate) -> list[str]:
    gated = f"{estimate.gated:,}+" if estimate.without_frames else f"{estimate.gated:,}"
    left = _volume(estimate.terms, estimate.left)
    return [amount_of_time(estimate.hours * 3600), f"{estimate.windows:,}", gated, f"{estimate.held:,}", *left]


def _volume(terms: Terms, volume: Volume) -> list[str]:
    if not terms.paid:
        return [f"{volume.calls:,}"]
    tokens = terms.input_tokens(volume)
    return [f"{volume.calls:,}", "unknown" if tokens is None else amount(tokens), amount(volume.output_tokens), money(terms.likely_usd(volume))]


def as_plain(estimate: Estimate) -> dict[str, object]:
    """The estimate for programs; null is what is not known."""
    terms, wall = estimate.terms, estimate.wall
    return {
        "captioner": terms.captioner,
        "model": terms.model,
        "paid": terms.paid,
        "tier": terms.tier,
        "prices_of": terms.prices_of,
        "hours": round(estimate.hours, 6),
        "windows": estimate.windows,
        "gated": estimate.gated,
        "videos_without_frames": estimate.without_frames,
        "calls": estimate.calls,
        "answered": estimate.held,
        "share_answered": round(estimate.share_held, 6),
        "to_ask": _plain_volume(terms, estimate.left),
        "standard_usd": estimate.usd,
        "flex_usd": estimate.flex_usd,
        "usd_per_hour": estimate.usd_per_hour,
        "budget_usd": terms.quota.budget_usd,
        "spent_usd": terms.spent_usd,
        "exceeds_budget": estimate.exceeds_budget,
        "wall_s": round(wall.seconds, 1) if terms.paid else None,
        "waits_for": wall.binding if terms.paid else "",
        "summary": summary(estimate),
        "videos": [_plain_video(terms, video) for video in estimate.videos],
    }


def _plain_video(terms: Terms, video: VideoEstimate) -> dict[str, object]:
    return {
        "video_id": video.video_id,
        "duration_s": video.duration_s,
        "windows": video.windows,
        "gated": video.gated,
        "calls": video.held + video.left.calls,
        "answered": video.held,
        "to_ask": _plain_volume(terms, video.left),
        "usd": terms.likely_usd(video.left),
        "trouble": video.trouble,
    }


def _plain_volume(terms: Terms, volume: Volume) -> dict[str, object]:
    return {
        "calls": volume.calls,
        "text_tokens": volume.text_tokens,
        "images": volume.images,
        "image_tokens": terms.image_tokens(volume),
        "input_tokens": terms.input_tokens(volume),
        "output_tokens": volume.output_tokens,
    }
