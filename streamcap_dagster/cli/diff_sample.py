"""`streamcap diff --sample`: a few stale videos captioned anew beside the dataset, and old and new captions side by side."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.assets.diff import Diff
from streamcap_dagster.assets.progress import CallsMetered
from streamcap_dagster.assets.sample import Sample, SampledVideo, comparable, draw, is_busy, recaption
from streamcap_dagster.captions.comparison import Said, words_in
from streamcap_dagster.captions.estimate.sentence import summary
from streamcap_dagster.cli.diff_page import write_page
from streamcap_dagster.cli.diff_words import told_comparison, told_count, told_outcome
from streamcap_dagster.cli.estimate_run import estimate_run
from streamcap_dagster.cli.progress import Watcher, told_calls
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Caption, Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.wiring import captioner_for, source_for, storage_for

_SHOWN = 20
"""Changed windows of a video that a terminal shows; a page shows more."""


@dataclass(frozen=True)
class Sampling:
    """What sample a person wants."""

    count: int
    seed: int
    output: Path | None
    yes: bool


def take_sample(console: Console, settings: Settings, found: Diff, sampling: Sampling) -> Sample | None:
    """Caption some of the stale videos anew, show them, and write the page that was asked for. None when there is no caption to compare."""
    videos = draw(comparable(found), sampling.count, sampling.seed)
    if not videos:
        console.print("No stale video has captions that could come out otherwise, so there is nothing to compare.", highlight=False)
        return None
    storage = storage_for(settings).open()
    captioner_for(settings).ready()  # what it lacks is better said before a person is asked
    _ask(console, settings, videos, sampling)
    sample = _recaptioned(console, settings, storage, videos)
    show_sample(console, sample)
    if sampling.output is not None:
        write_page(sampling.output, sample, _because(found, videos))
        console.print(f"written: {escape(str(sampling.output))}", highlight=False, soft_wrap=True)
    return sample


def _because(found: Diff, videos: Sequence[Video]) -> list[str]:
    """What changed for any of these videos, each cause once."""
    ours = {video.video_id for video in videos}
    groups = [group for group in found.groups if any(video.video_id in ours for video in group.videos)]
    return list(dict.fromkeys(str(cause) for group in groups for cause in group.why.causes))


def _ask(console: Console, settings: Settings, videos: Sequence[Video], sampling: Sampling) -> None:
    """Show what the sample takes, and ask before anything is paid. Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    estimate = estimate_run(settings, [video.video_id for video in videos])
    names = ", ".join(video.video_id for video in videos)
    console.print(f"\nThe sample: {names}. {summary(estimate)}", markup=False, highlight=False, soft_wrap=True)
    if sampling.yes or not (estimate.terms.paid and estimate.left.calls):
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        raise SettingError("--sample", sampling.count, f"{settings.captioner} would be asked, and paid, and there is nobody here to ask: add --yes")
    if not typer.confirm("Caption the sample?", err=console.stderr):
        console.print("Nothing was asked, and nothing paid.")
        raise typer.Exit(1)


def _recaptioned(console: Console, settings: Settings, storage: Storage, videos: Sequence[Video]) -> Sample:
    for video in videos:
        if is_busy(storage, video):
            console.print(f"{video.video_id} is being worked on by another process; the sample waits for its turn.", highlight=False, soft_wrap=True)
    watcher = Watcher(console)
    captioner = captioner_for(settings).open(storage, lambda meter: watcher(CallsMetered("", meter)))
    with watcher.watching():
        watcher.expect(len(videos))
        sample = recaption(videos, settings, source_for(settings).open(), storage, captioner, watcher)
    if calls := told_calls(watcher.tally.meter):
        console.print(calls, highlight=False, soft_wrap=True)
    return sample


def show_sample(console: Console, sample: Sample) -> None:
    """The windows of each video that changed, old beside new; then all of it in numbers."""
    for sampled in sample.videos:
        _show_video(console, sampled)
    if sample.stopped:
        console.print(f"[red]stopped[/] {escape(sample.stopped)}", highlight=False, soft_wrap=True)
    console.print(told_comparison(sample.comparison), highlight=False)
    console.print("The dataset is as it was. The answers are kept: a run under these settings does not ask for them again.", highlight=False)


def _show_video(console: Console, sampled: SampledVideo) -> None:
    if sampled.trouble:
        console.print(f"\n[red]failed[/] {escape(sampled.trouble)}", highlight=False, soft_wrap=True)
        return
    changed = sampled.comparison.changed
    same = len(sampled.comparison.windows) - len(changed)
    console.print(f"\n[bold]{sampled.video.video_id}[/]: {told_count(len(changed), 'window')} changed, {same:,} the same", highlight=False)
    if not changed:
        return
    table = Table(pad_edge=False, header_style="bold", show_lines=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    for name in ("old", "new"):
        table.add_column(name, ratio=1, overflow="fold")
    for said in changed[:_SHOWN]:
        table.add_row(f"{said.span[0]:.1f}–{said.span[1]:.1f}", _cell(said.old), _cell(said.new))
    console.print(table)
    if len(changed) > _SHOWN:
        console.print(f"and {len(changed) - _SHOWN:,} more, which --output FILE.html shows", highlight=False)


def _cell(caption: Caption | None) -> str:
    return f"[dim]{escape(told_outcome(caption))}[/]\n{escape(caption.text if caption else '')}".strip()


def sample_plain(sample: Sample) -> dict[str, object]:
    """The sample for programs."""
    whole = sample.comparison
    return {
        "windows": len(whole.windows),
        "share_changed": round(whole.share_changed, 6),
        "old": vars(whole.old),
        "new": vars(whole.new),
        "stopped": sample.stopped,
        "videos": [
            {
                "video_id": sampled.video.video_id,
                "trouble": sampled.trouble,
                "windows": len(sampled.comparison.windows),
                "changed": [_plain_window(said) for said in sampled.comparison.changed],
            }
            for sampled in sample.videos
        ],
    }


def _plain_window(said: Said) -> dict[str, object]:
    return {"start_s": said.span[0], "end_s": said.span[1], "old": _plain_caption(said.old), "new": _plain_caption(said.new)}


def _plain_caption(caption: Caption | None) -> dict[str, object] | None:
    return None if caption is None else {"outcome": caption.outcome, "text": caption.text, "reason": caption.reason, "words": words_in(caption)}
