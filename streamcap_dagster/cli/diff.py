"""`streamcap diff`: what is stale and why, what it would take to make it anew, and what a few videos would say then."""

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.diff import Diff, Group, diff
from streamcap_dagster.assets.sample import draw
from streamcap_dagster.assets.survey import Watched
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.captions.estimate.sentence import amount_of_time, money, summary
from streamcap_dagster.cli.diff_page import check_page
from streamcap_dagster.cli.diff_sample import Sampling, sample_plain, take_sample
from streamcap_dagster.cli.estimate import as_plain
from streamcap_dagster.cli.estimate_run import estimate_run, usable
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

_MOST_ROWS = 40
_COUNTED = 200
"""Stale videos that are counted one by one; of more, so many are drawn and stand for all. The no-change gate looks at every frame."""


@dataclass(frozen=True)
class Redo:
    """What making stale videos anew takes, counted for some or for all of them."""

    estimate: Estimate
    stale: int
    times: float
    """How much longer all of them are than those that were counted."""


def show_diff(settings: Settings, only: Sequence[str], sampling: Sampling | None, as_json: bool) -> int:
    """Print why videos are stale and what it takes to make them anew; with `sampling`, what some would say then. Returns the exit status."""
    console = Console(stderr=as_json)
    if sampling is not None and sampling.output is not None:
        check_page(sampling.output)
    workshop = Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())
    videos = usable(read_manifest(workshop.storage), only)
    found = diff(videos, PER_VIDEO, workshop, Watched(workshop).known())
    redo = _redo(settings, found.stale, console) if found.stale else None
    if not as_json:
        show(console, found, redo, workshop.storage.uri)
    sample = take_sample(console, settings, found, sampling) if sampling is not None else None
    if as_json:
        print(json.dumps({**_plain(found, redo, workshop.storage.uri), **({"sample": sample_plain(sample)} if sample else {})}, indent=1))
    return 1 if sample is not None and (sample.stopped or any(video.trouble for video in sample.videos)) else 0


def sampling_of(count: int | None, seed: int, output: Path | None, yes: bool) -> Sampling | None:
    """What sample was asked for. Raises SettingError for options that only a sample has."""
    if count is not None:
        return Sampling(count, seed, output, yes)
    for option, value, unset in (("--seed", seed, 0), ("--output", output, None), ("--yes", yes, False)):
        if value != unset:
            raise SettingError(option, str(value), "it belongs to a sample: add --sample N, so many videos to caption anew beside the dataset")
    return None


def _redo(settings: Settings, stale: Sequence[Video], console: Console) -> Redo:
    counted = draw(stale, _COUNTED, seed=0)
    bars = Progress(TextColumn("counting"), BarColumn(), MofNCompleteColumn(), console=console, transient=True)
    with bars if console.is_terminal else nullcontext():
        estimate = estimate_run(settings, [video.video_id for video in counted], _moving(bars))
    seconds = sum(video.duration_s for video in counted)
    return Redo(estimate, len(stale), sum(video.duration_s for video in stale) / seconds if seconds else 1.0)


def _moving(bars: Progress) -> Callable[[int, int], None]:
    task = bars.add_task("", total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


def show(console: Console, found: Diff, redo: Redo | None, storage: str) -> None:
    """A row per reason, those of most videos first, and a paragraph of what making all anew takes."""
    if redo is None:
        console.print(f"Nothing is stale in {escape(storage)}: {_rest(found)}.", highlight=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("videos", "because", "made anew", "then, if that comes out otherwise"):
        table.add_column(name, overflow="fold", justify="right" if name == "videos" else "left")
    for group in found.groups[:_MOST_ROWS]:
        table.add_row(f"{len(group.videos):,}", escape(_because(group)), ", ".join(group.why.anew), ", ".join(group.why.follows))
    if more := found.groups[_MOST_ROWS:]:
        table.add_row(f"{sum(len(group.videos) for group in more):,}", f"{len(more):,} other reasons, which --json lists", style="dim")
    console.print(table)
    console.print(f"{len(found.stale):,} stale; {_rest(found)}.", highlight=False)
    console.print(escape(" ".join(filter(None, (summary(redo.estimate), _all_of(redo))))), highlight=False)


def _rest(found: Diff) -> str:
    """The videos that are not stale."""
    unmade = f"{found.unmade:,} with something not made yet" if found.unmade else ""
    unreadable = f"{len(found.unreadable):,} with receipts that cannot be read, which `streamcap status` tells of" if found.unreadable else ""
    return ", ".join(filter(None, (f"{found.up_to_date:,} up to date", unmade, unreadable)))


def _because(group: Group) -> str:
    """The causes, each of another asset than the first under its name; and an example where there are many videos."""
    told = [str(cause) if cause.asset == group.why.first else f"{cause.asset}: {cause}" for cause in group.why.causes]
    names = [video.video_id for video in group.videos]
    return f"{'; '.join(told)} ({names[0]}{' and others' if len(names) > 1 else ''})"


def _all_of(redo: Redo) -> str:
    """What the numbers of some come to for all; empty when all were counted."""
    estimate, counted = redo.estimate, len(redo.estimate.videos)
    if counted == redo.stale:
        return ""
    usd = estimate.terms.likely_usd(estimate.left)
    cost = f" and {money(usd * redo.times)}" if usd else ""
    length = amount_of_time(estimate.hours * 3600 * redo.times)
    return (
        f"These are {counted:,} of the {redo.stale:,} stale videos, drawn by chance; all of them last {length}, "
        f"which makes it about {round(estimate.left.calls * redo.times):,} calls{cost}."
    )


def _plain(found: Diff, redo: Redo | None, storage: str) -> dict[str, object]:
    return {
        "storage": storage,
        "stale": len(found.stale),
        "up_to_date": found.up_to_date,
        "not_made_yet": found.unmade,
        "unreadable": list(found.unreadable),
        "groups": [_plain_group(group) for group in found.groups],
        "to_redo": {"counted": len(redo.estimate.videos), "times": round(redo.times, 6), **as_plain(redo.estimate)} if redo else None,
    }


def _plain_group(group: Group) -> dict[str, object]:
    return {
        "videos": len(group.videos),
        "causes": [{**vars(cause), "says": str(cause)} for cause in group.why.causes],
        "made_anew": list(group.why.anew),
        "follows": list(group.why.follows),
        "video_ids": [video.video_id for video in group.videos],
    }
