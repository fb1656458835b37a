"""`streamcap run`: the whole graph in this process, on the shared instance and storage."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import dagster as dg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.clips import unknown_in_selection
from streamcap_dagster.assets.dataset import WHOLE_CORPUS
from streamcap_dagster.assets.standing import why_skipped
from streamcap_dagster.captions.estimate.sentence import summary
from streamcap_dagster.cli.estimate_run import estimate_run, usable
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.progress import Watcher, told_calls
from streamcap_dagster.errors import SettingError, StorageLost, StreamcapError
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings, gemini_key
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipts import Receipts, read_receipts
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, captioner_for, storage_for

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
VIDEOS_A_RUN = 500
"""Dagster keeps every event of a run in memory, so a large corpus is walked in several runs."""


def run_pipeline(settings: Settings, only: Sequence[str], yes: bool = False) -> int:
    """Make everything that is missing or out of date; returns the exit status. `yes` spends money without asking whether it may."""
    console = Console(stderr=False)
    watcher = Watcher(console)
    definitions, captioner = build_definitions(settings, watcher), captioner_for(settings)
    captioner.ready()  # what it lacks is better said now than after hours of cataloging
    chosen_by = f", chosen because {gemini_key()} is set" if settings.captioner_by_key else ""
    console.print(f"captioner: {escape(captioner.about)}{chosen_by}", highlight=False, soft_wrap=True)
    with open_instance() as instance, watcher.watching():
        graph, stopped = Graph(definitions, instance), Trouble()
        graph.make(["video_catalog"])
        storage = storage_for(settings).open()
        manifest = read_manifest(storage)
        wanted = {video.video_id for video in usable(manifest, only)}
        chosen = [video_id for video_id in instance.get_dynamic_partitions("videos") if video_id in wanted]
        unusable = [video for video in manifest.values() if video.status != "ok"]
        found = f"{_videos(len(manifest) - len(unusable))}, {len(unusable)} that cannot be used"
        console.print(f"source: {escape(settings.source)}: {found}", highlight=False, soft_wrap=True)
        for video_id in unknown_in_selection(settings, manifest):
            console.print(f"[yellow]{settings.clips_csv} names {escape(video_id)!r}, which the catalog does not know[/]", highlight=False, soft_wrap=True)
        if settings.captioner_by_key and not yes:
            with watcher.hidden():
                ask_to_pay(console, settings, only)
        watcher.expect(len(chosen))
        for first, last in stretches(chosen, instance.get_dynamic_partitions("videos"), VIDEOS_A_RUN):
            stopped = graph.make_range([asset.name for asset in PER_VIDEO], first, last)
            if stopped.why:
                break
        trouble = Trouble() if stopped.storage_lost else graph.make(WHOLE_CORPUS, may_fail=True)
    _summarize(console, watcher, storage, [manifest[video_id] for video_id in chosen], unusable, {"stopped": stopped, "failed": trouble})
    return 1 if watcher.tally.failures or stopped.why or trouble.why or any(video.status == "failed" for video in unusable) else 0


def ask_to_pay(console: Console, settings: Settings, only: Sequence[str]) -> None:
    """Show what a captioner that nobody named would cost, and ask. Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    estimate = estimate_run(settings, only)
    if not estimate.left.calls:
        return
    console.print(summary(estimate), markup=False, highlight=False, soft_wrap=True)
    if not (console.is_terminal and sys.stdin.isatty()):
        why = f"{settings.captioner} would be asked, and paid, only because {gemini_key()} is set. Name it (--captioner {settings.captioner}), or add --yes"
        raise SettingError("STREAMCAP_CAPTIONER", "", why)
    if not typer.confirm("Go on?"):
        console.print("Nothing was asked, and nothing paid.")
        raise typer.Exit(1)


@dataclass(frozen=True)
class Trouble:
    """Why something was not made, or not all of it; empty when it was."""

    why: str = ""
    storage_lost: bool = False
    """Then nothing more is asked of it: each answer that does not come is waited for as long as the first."""


class Graph:
    """Runs parts of the definitions in this process, each as a run of the instance."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._instance = instance

    def make(self, names: Sequence[str], may_fail: bool = False) -> Trouble:
        """Materialize assets of the whole corpus. Returns why it failed when it may, else raises."""
        try:
            self._run(names, {})
        except (StreamcapError, dg.Failure) as error:
            if not may_fail:
                raise
            return Trouble(str(error.description if isinstance(error, dg.Failure) else error), isinstance(error, StorageLost))
        return Trouble()

    def make_range(self, names: Sequence[str], first: str, last: str) -> Trouble:
        """Materialize per-video assets of neighbouring partitions. The failures of single videos are the watcher's to tell.

        Returns what stopped it before its time, such as a budget.
        """
        try:
            self._run(names, {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last})
        except dg.Failure as failure:
            if "failed" not in failure.metadata:
                raise
            if "stopped" in failure.metadata:
                return Trouble(str(failure.metadata["stopped"].value), bool(failure.metadata["storage_lost"].value))
        return Trouble()

    def _run(self, names: Sequence[str], tags: dict[str, str]) -> None:
        selection = [dg.AssetKey(name) for name in names]
        try:
            self._job.execute_in_process(run_config=_QUIET, instance=self._instance, asset_selection=selection, tags=tags, raise_on_error=True)
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None  # which it was before Dagster's signal handler took it


def stretches(chosen: Sequence[str], registered: Sequence[str], longest: int) -> Iterator[tuple[str, str]]:
    """The chosen partitions as first and last of each unbroken stretch in the order of registration, which is what a range follows."""
    wanted = set(chosen)
    for is_wanted, stretch in groupby(registered, key=wanted.__contains__):
        if is_wanted:
            video_ids = list(stretch)
            for start in range(0, len(video_ids), longest):
                yield video_ids[start], video_ids[start : start + longest][-1]


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count} videos"


def _summarize(
    console: Console, watcher: Watcher, storage: Storage, videos: Sequence[Video], unusable: Sequence[Video], troubles: Mapping[str, Trouble]
) -> None:
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
    """A table with a row per video, and why some were skipped."""
    known = list(side_by_side(storage.lanes, partial(_known, storage), videos))
    console.print(_table(videos, [receipts for receipts, _ in known], watcher))
    for _, skipped in known:
        if skipped:
            console.print(f"[yellow]skipped[/] {escape(skipped)}", highlight=False, soft_wrap=True)


def _known(storage: Storage, video: Video) -> tuple[Receipts, str]:
    """The receipts of a video, and why it was skipped."""
    receipts = read_receipts(storage, video.video_id)
    return receipts, why_skipped(storage, receipts)


def _table(videos: Sequence[Video], known: Sequence[Receipts], watcher: Watcher) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "length", "clips", "windows", "captions", "no-change", "failed", "seconds"):
        table.add_column(name, justify="left" if name == "video" else "right", overflow="fold")
    for video, receipts in zip(videos, known, strict=True):
        table.add_row(video.video_id, f"{video.duration_s:.1f} s", *_numbers(receipts), f"{watcher.tally.seconds[video.video_id]:.1f}")
    return table


def _numbers(receipts: Receipts) -> list[str]:
    """Clips, windows, captions, silent and failed windows of a video, as far as they are known."""
    clips = receipts.of("clips")
    said = [receipt.counts for name in ("initial_captions", "delta_captions") if (receipt := receipts.of(name)) is not None]
    if clips is None:
        return ["–"] * 5
    windows = [f"{clips.counts['clips']}", f"{clips.counts['windows']}"]
    if len(said) < 2:
        return [*windows, "–", "–", "–"]
    ok, silent = (sum(counts.get(outcome, 0) for counts in said) for outcome in ("ok", "no_change"))
    return [*windows, f"{ok}", f"{silent}", f"{sum(counts['windows'] for counts in said) - ok - silent}"]
