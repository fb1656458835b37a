"""`streamcap drawn-world`: videos of which everything is known, to score captioners with."""

import shlex
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streamcap_dagster.drawn_world.world import DrawnWorld, draw_world
from streamcap_dagster.truth import DrawnTruth


def draw(folder: Path, videos: int, seed: int) -> int:
    """Draw them, showing how far it is; returns the exit status."""
    console = Console()
    bars = Progress(TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TextColumn("videos"), TimeRemainingColumn(), console=console, transient=True)
    bar = bars.add_task("", total=videos)

    def on_video(truth: DrawnTruth) -> None:
        bars.advance(bar)
        if not console.is_terminal:
            _say(console, f"{truth.video_id}: {truth.duration_s:g} s, {sum(event.semantic for event in truth.events)} events")

    with bars if console.is_terminal else nullcontext():
        world = draw_world(folder, videos, seed, on_video)
    _show(console, world)
    return 0


def _show(console: Console, world: DrawnWorld) -> None:
    events = [event for truth in world.truths for event in truth.events]
    told, idle = sum(event.semantic for event in events), sum(not event.semantic for event in events)
    minutes = sum(truth.duration_s for truth in world.truths) / 60
    kept = f" ({world.kept:,} of them were there already)" if world.kept else ""
    _say(console, f"{len(world.truths):,} videos{kept}, {minutes:.1f} minutes, with {told:,} events to tell and {idle:,} that mean nothing: {world.folder}")
    folder, data = shlex.quote(str(world.folder)), shlex.quote(str(world.folder / "data"))
    _say(console, f"Look at them: {world.folder / 'contact_sheets'}")
    _say(console, "Caption them, here with the perfect captioner, and score the captions:")
    answers = shlex.quote(str(world.answers))
    _say(console, f"  STREAMCAP_RECORDED_ANSWERS={answers} streamcap run {shlex.quote(str(world.folder / 'videos'))} --storage {data} --captioner recorded")
    _say(console, f"  streamcap evaluate {data} --truth {folder}")


def _say(console: Console, text: str) -> None:
    console.print(escape(text), highlight=False, soft_wrap=True)
