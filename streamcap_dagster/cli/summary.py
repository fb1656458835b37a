"""What is said after videos were walked, by whoever walked them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets.standing import why_skipped
from streamcap_dagster.cli.progress import Watcher, told_calls
from streamcap_dagster.errors import StorageLost
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipts import Receipts, read_receipts

MOST_ROWS = 40


@dataclass(frozen=True)
class Trouble:
    """Why something was not made, or not all of it; empty when it was."""

    why: str = ""
    storage_lost: bool = False
    """Then nothing more is asked of it: each answer that does not come is waited for as long as the first."""


def summarize(
    console: Console, watcher: Watcher, storage: Storage, videos: Sequence[Video], unusable: Sequence[Video], troubles: Mapping[str, Trouble]
) -> None:
    """What was made of these videos, what failed and why, what it took and where it lies."""
    tally = watcher.tally
    reachable = not any(trouble.storage_lost for trouble in troubles.values())
    with suppress(StorageLost):
        if reachable:
            _summarize_videos(console, watcher, storage, videos)
    for video in unusable:
        console.print(f"[yellow]{video.status}[/] {escape(video.trouble)}", highlight=False, soft_wrap=True)
    for failure in tally.failures.values():
        console.print(f"[red]failed[/] {escape(failure)}", highlight=False, soft_wrap=True)
    for how, trouble in troubles.items():
        if trouble.why:
            console.print(f"[red]{how}[/] {escape(trouble.why)}", highlight=False, soft_wrap=True)
    if calls := told_calls(tally.meter):
        console.print(calls, highlight=False, soft_wrap=True)
    console.print(f"{tally.made} made, {tally.reused} reused in {watcher.wall_s:.1f} s", highlight=False)
    with suppress(StorageLost):
        for key in (keys.TRAIN_JSON, keys.RL_JSON, f"{keys.DATASET}/README.md") if reachable else ():
            if storage.stat(key) is not None:
                console.print(f"  {escape(storage.uri)}/{key.removesuffix('README.md')}", highlight=False, soft_wrap=True)


def _summarize_videos(console: Console, watcher: Watcher, storage: Storage, videos: Sequence[Video]) -> None:
    """A table with a row per video, of very many the first, and why some were skipped."""
    shown = videos[:MOST_ROWS]
    known = list(side_by_side(storage.lanes, partial(_known, storage), shown))
    table = _table(shown, [receipts for receipts, _ in known], watcher)
    if len(shown) < len(videos):
        table.add_row(f"and {len(videos) - len(shown):,} more", style="dim")
    console.print(table)
    for _, skipped in known:
        if skipped:
            console.print(f"[yellow]skipped[/] {escape(skipped)}", highlight=False, soft_wrap=True)


def _known(storage: Storage, video: Video) -> tuple[Receipts, str]:
    """The receipts of a video, and why it was skipped."""
    receipts = read_receipts(storage, video.video_id)
    return receipts, why_skipped(storage, receipts)


def _table(videos: Sequence[Video], known: Sequence[Receipts], watcher: Watcher) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    with_anchors = any(_anchors(receipts) for receipts in known)
    for name in ("video", "length", "clips", "windows", "captions", *(["anchors"] if with_anchors else []), "no-change", "failed", "seconds"):
        table.add_column(name, justify="left" if name == "video" else "right", overflow="fold")
    for video, receipts in zip(videos, known, strict=True):
        table.add_row(video.video_id, f"{video.duration_s:.1f} s", *_numbers(receipts, with_anchors), f"{watcher.tally.seconds[video.video_id]:.1f}")
    return table


def _anchors(receipts: Receipts) -> int:
    made = receipts.of("delta_captions")
    return made.counts.get("anchors", 0) if made else 0


def _numbers(receipts: Receipts, with_anchors: bool) -> list[str]:
    """Clips, windows, captions, of these the anchors, silent and failed windows of a video, as far as they are known."""
    clips = receipts.of("clips")
    said = [receipt.counts for name in ("initial_captions", "delta_captions") if (receipt := receipts.of(name)) is not None]
    if clips is None:
        return ["–"] * (5 + with_anchors)
    windows = [f"{clips.counts['clips']}", f"{clips.counts['windows']}"]
    if len(said) < 2:
        return [*windows, *["–"] * (3 + with_anchors)]
    ok, silent = (sum(counts.get(outcome, 0) for counts in said) for outcome in ("ok", "no_change"))
    anchors = [f"{_anchors(receipts)}"] if with_anchors else []
    return [*windows, f"{ok}", *anchors, f"{silent}", f"{sum(counts['windows'] for counts in said) - ok - silent}"]
