"""What commands that ask a captioner about captions have in common: what it would take, the question whether to pay, and the asking."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from streamcap_dagster.assets.aside import Aside, ask_aside
from streamcap_dagster.assets.progress import CallsMetered
from streamcap_dagster.assets.work import VideoWork
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.backends.offline import CANNOT_EXAMINE
from streamcap_dagster.captions.estimate import Estimate, VideoEstimate
from streamcap_dagster.captions.estimate.counting import Answered, count_questions
from streamcap_dagster.captions.estimate.sentence import summary
from streamcap_dagster.cli.estimate_run import spent_usd, terms_of
from streamcap_dagster.cli.progress import Watcher, told_calls
from streamcap_dagster.errors import NobodyToAsk, SettingError
from streamcap_dagster.records import Video, is_rehearsal
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.wiring import captioner_for, source_for

T = TypeVar("T")
_AT_ONCE = 8
"""Videos that are counted at the same time."""


@dataclass(frozen=True)
class Topic:
    """What is to be asked about one video."""

    video: Video
    windows: int
    ask: Callable[[Asker], Awaitable[object]] = field(repr=False)
    """Asks all of it; for counting, of a stand-in."""
    answered: Callable[[], Answered] = field(repr=False)
    """Reads the kept answers of the video."""


def check_can_examine(settings: Settings, setting: str = "STREAMCAP_CAPTIONER") -> None:
    """Raises SettingError for a captioner that has no language, and for one that could not be asked."""
    if settings.captioner == "offline":
        raise SettingError(setting, "offline", f"{CANNOT_EXAMINE}; choose gemini, openai or recorded")
    captioner_for(settings).ready()


def estimate_topics(settings: Settings, storage: Storage, topics: Sequence[Topic]) -> Estimate:
    """What asking about all of them takes at most. Asks nobody and writes nothing."""
    captioner, places = captioner_for(settings).bare(), asyncio.Semaphore(_AT_ONCE)

    async def count_all() -> Estimate:
        async def count(topic: Topic) -> VideoEstimate:
            async with places:
                answered = await asyncio.to_thread(topic.answered)
                return await count_questions(topic.video.video_id, topic.video.duration_s, topic.windows, captioner, answered, topic.ask)

        counted = await asyncio.gather(*map(count, topics))
        return Estimate(terms_of(settings, captioner, spent_usd(storage)), tuple(counted))

    return asyncio.run(count_all())


def ask_to_pay(console: Console, estimate: Estimate, yes: bool) -> None:
    """Show what it takes, and ask before anything is paid. Raises NobodyToAsk, and typer.Exit on a no."""
    console.print(summary(estimate), markup=False, highlight=False, soft_wrap=True)
    if yes or not (estimate.terms.paid and estimate.left.calls):
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        raise NobodyToAsk(estimate.terms.captioner)
    if not typer.confirm("Go on?", err=console.stderr):
        console.print("Nothing was asked, and nothing paid.")
        raise typer.Exit(1)


def ask_about(
    console: Console,
    settings: Settings,
    storage: Storage,
    videos: Sequence[Video],
    name: str,
    ask: Callable[[VideoWork], Awaitable[T]],
    keeps: tuple[str, ...] = (),
) -> Aside[T]:
    """Ask about each video, and say how the calls went."""
    watcher = Watcher(console)
    captioner = captioner_for(settings).open(storage, lambda meter: watcher(CallsMetered("", meter)))
    with watcher.watching():
        watcher.expect(len(videos))
        aside = ask_aside(videos, name, ask, settings, source_for(settings).open(), storage, captioner, watcher, keeps)
    if calls := told_calls(watcher.tally.meter):
        console.print(calls, highlight=False, soft_wrap=True)
    if aside.stopped:
        console.print(f"[red]stopped[/] {escape(aside.stopped)}", highlight=False, soft_wrap=True)
    tell_troubles(console, aside.troubles)
    return aside


def tell_troubles(console: Console, troubles: Mapping[str, str]) -> None:
    for video_id, why in sorted(troubles.items()):
        console.print(f"[red]failed[/] {escape(why if video_id in why else f'{video_id}: {why}')}", highlight=False, soft_wrap=True)


def told_rehearsal(captioner: str, model: str) -> str:
    """A word about numbers that no model that sees and reads has made; else empty."""
    return f"{model} only stands in for a model: these numbers show that everything works, and nothing else." if is_rehearsal(captioner, model) else ""
