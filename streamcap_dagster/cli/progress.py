"""What a run shows while it works: bars on a terminal, a line per finished video elsewhere."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from streamcap_dagster.assets.progress import AssetDone, CallsMetered, FilesRead, Happening, Remarked, VideoDone, WindowsDone, WindowsFound
from streamcap_dagster.captions.estimate.sentence import amount, money
from streamcap_dagster.captions.pacing.meter import Meter

_TELL_CALLS_EVERY_S = 15.0
_BAR_CHARACTERS = 20
"""Short enough to leave room for the numbers beside it."""
_WORTH_TELLING = 20
"""With fewer files to look at, cataloging is over before a line about it is read."""


@dataclass
class Tally:
    """What happened so far, for the summary at the end."""

    made: int = 0
    reused: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failures: dict[str, str] = field(default_factory=dict)
    videos: int = 0
    meters: dict[str, Meter] = field(default_factory=dict)
    """How the calls of each Dagster run stood last."""

    @property
    def meter(self) -> Meter:
        """All calls so far."""
        return sum(self.meters.values(), Meter())


def told_calls(meter: Meter) -> str:
    """What was asked over the network, what it took and what went wrong on the way; empty when nobody was asked."""
    if not meter.requests:
        return ""
    troubles = {"refused with 429": meter.rate_limited, "failed": meter.failed - meter.rate_limited, "thrown away as mispaired": meter.mispaired}
    went_wrong = ", ".join(f"{count:,} {name}" for name, count in troubles.items() if count)
    again = f"; {meter.retries:,} asked again" if meter.retries else ""
    tokens = f"{amount(meter.text_tokens + meter.image_tokens)} input and {amount(meter.output_tokens)} output tokens"
    requests = "1 request" if meter.requests == 1 else f"{meter.requests:,} requests"
    parts = [f"{requests}, {meter.answered:,} answered" + (f" ({went_wrong}{again})" if went_wrong else "")]
    parts += [tokens, money(meter.cost_usd) if meter.cost_usd else ""]
    if meter.unattested:
        parts.append(f"{meter.unattested:,} answers billed for other image tokens than were sent")
    if meter.canaries_asked:
        parts.append(f"canaries read back: {meter.canaries_read} of {meter.canaries_asked}")
    return "calls: " + "; ".join(filter(None, parts))


def _told_now(meter: Meter) -> str:
    """The calls at this moment, for beside a bar."""
    pace = f"{meter.requests_last_minute}{f'/{meter.rpm}' if meter.rpm else ''} a minute"
    return f"{money(meter.cost_usd)}, {meter.in_flight} in flight, {pace}, {amount(meter.tokens)} tokens"


class Watcher:
    """Counts what happens and shows it. It is told from the threads that work; rich's bars may be moved from any."""

    def __init__(self, console: Console) -> None:
        self.tally = Tally()
        self._console = console
        self._started = self._calls_told_s = time.monotonic()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._expected = 0
        self._found: set[str] = set()
        self._told: set[str] = set()
        self._bits: dict[str, int] = {}
        self._seen: defaultdict[str, int] = defaultdict(int)
        """A bit for each asset of a video that was counted: a run that lost its database is made once more, and tells all again."""
        self._ended: set[str] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show what happens while the block lasts."""
        if not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("{task.description:>8}"),
            BarColumn(bar_width=_BAR_CHARACTERS),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}", markup=False),
        )
        with Progress(*columns, console=self._console) as self._bars:
            yield
        self._bars = None

    def expect(self, videos: int) -> None:
        """That many videos are going to be walked."""
        self._expected = videos
        self._show("videos", total=videos)

    def expect_more(self, video_ids: Collection[str]) -> None:
        """These are going to be walked too, unless they were already."""
        self.expect(self._expected + len(set(video_ids) - self._ended))

    def __call__(self, happening: Happening) -> None:
        match happening:
            case FilesRead(done, total):
                self._files_read(done, total)
            case Remarked(words):
                self._console.print(f"[yellow]notice[/] {escape(words)}", highlight=False, soft_wrap=True)
            case AssetDone():
                self._asset_done(happening)
            case VideoDone():
                self._video_done(happening)
            case WindowsFound():
                self._windows_found(happening)
            case WindowsDone():
                self._show("windows", advance=happening.windows)
            case CallsMetered():
                self._calls_metered(happening)

    def note(self, words: str) -> None:
        """Something about all videos, beside their bar."""
        self._show("videos", now=words)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """No bars for a moment, as while a question is asked."""
        if self._bars is not None:
            self._bars.stop()
        yield
        if self._bars is not None:
            self._bars.start()

    def _calls_metered(self, metered: CallsMetered) -> None:
        self.tally.meters[metered.run] = metered.meter
        now_s = time.monotonic()
        if self._bars is not None:
            self._show("windows", now=_told_now(self.tally.meter))
        elif now_s - self._calls_told_s >= _TELL_CALLS_EVERY_S:
            self._calls_told_s = now_s
            self._console.print(f"calls: {_told_now(self.tally.meter)}", markup=False, highlight=False, soft_wrap=True)

    def _windows_found(self, found: WindowsFound) -> None:
        if found.video_id not in self._found:
            self._found.add(found.video_id)
            self._show("windows", more=found.windows)

    def _files_read(self, done: int, total: int) -> None:
        self._show("files", total=total, completed=done)
        tenths = max(1, total // 10)
        if self._bars is None and total >= _WORTH_TELLING and (done % tenths == 0 or done == total):
            self._console.print(f"{done} of {total} new or changed files looked at", highlight=False)

    def _asset_done(self, done: AssetDone) -> None:
        bit = 1 << self._bits.setdefault(done.asset, len(self._bits))
        if self._seen[done.video_id] & bit:
            return
        self._seen[done.video_id] |= bit
        self.tally.made += not done.reused
        self.tally.reused += done.reused
        self.tally.seconds[done.video_id] += done.seconds
        self._show("videos", now=f"{done.video_id}: {done.asset}")
        if done.notice and done.notice not in self._told:
            self._told.add(done.notice)
            self._console.print(f"[yellow]notice[/] {escape(done.notice)}", highlight=False, soft_wrap=True)

    def _video_done(self, done: VideoDone) -> None:
        if done.failure:
            self.tally.failures[done.video_id] = done.failure
        if done.video_id in self._ended:
            return
        self._ended.add(done.video_id)
        self.tally.videos += 1
        self._show("videos", advance=1)
        if self._bars is None:
            outcome = f"failed: {done.failure}" if done.failure else f"done after {self.tally.seconds[done.video_id]:.1f} s"
            line = f"[{self.tally.videos}/{self._expected}] {done.video_id}: {outcome}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        elif done.failure:
            self._console.print(f"[red]failed[/] {escape(done.failure)}", highlight=False, soft_wrap=True)

    def _show(self, name: str, total: int | None = None, completed: int | None = None, advance: int = 0, more: int = 0, now: str | None = None) -> None:
        """Move a bar, which appears when it is first moved."""
        if self._bars is None:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=0, now="")
        task = self._tasks[name]
        known = self._bars.tasks[self._bars.task_ids.index(task)].total or 0
        self._bars.update(task, total=(known if total is None else total) + more, completed=completed, advance=advance or None)
        if now is not None:
            self._bars.update(task, now=now)

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self._started
