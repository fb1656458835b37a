"""`streamcap sync`: a storage copied to another place, resumed where it broke off, checked on arrival."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from streamcap_dagster.cli.sync_decided import Joining
from streamcap_dagster.errors import SettingError, StreamcapError
from streamcap_dagster.settings import read_settings, scheme_of
from streamcap_dagster.storage import Storage, Stored
from streamcap_dagster.storage.address import read_address
from streamcap_dagster.storage.sync import Plan, Report, carry_out, is_joined, plan_sync
from streamcap_dagster.wiring import storage_for

_NAMED = 20
_TELL_EVERY_S = 15.0


def sync_storages(source: str, target: str, dry_run: bool, delete: bool, yes: bool) -> int:
    """Copy what the target lacks or has otherwise; returns the exit status, 1 when something could not be copied."""
    console = Console()
    _check_apart(source, target)
    ours, theirs = (storage_for(read_settings(storage=place)).open() for place in (source, target))
    with console.status("comparing") if console.is_terminal else nullcontext():
        plan = plan_sync(ours, theirs)
    if not (plan.new or plan.changed or plan.same or plan.left_out):
        raise SettingError("FROM", source, "it holds nothing")
    _show_plan(console, plan, ours, theirs, delete)
    if dry_run:
        return 0
    if delete and plan.extra:
        _ask_to_remove(console, plan.extra, theirs, yes)
    joining = Joining(ours.uri, theirs.uri)
    with _watching(console, plan) as told, _ending_soon(told) as told_or_ended:
        report = carry_out(ours, theirs, plan, delete, told_or_ended, joining.join)
    _show_report(console, report, theirs)
    _show_clashes(console, joining)
    return 1 if report.failures or joining.clashes else 0


def _check_apart(source: str, target: str) -> None:
    """Raises SettingError when one of the two is, or is within, the other."""
    here, there = _place(source, "FROM"), _place(target, "TO")
    if here == there:
        raise SettingError("TO", target, "it is the same place as FROM")
    if here.startswith(there) or there.startswith(here):
        raise SettingError("TO", target, f"one of it and {source!r} is inside the other, so each sync would copy the copy")


def _place(place: str, argument: str) -> str:
    """Where it is in the end, with a slash behind it."""
    if scheme_of(place) == "gs":
        return f"{read_address(place, argument).uri}/"
    if scheme_of(place):
        raise SettingError(argument, place, "give a folder, or gs://bucket/prefix of Google Cloud Storage")
    folder = Path(place).expanduser().resolve()
    if argument == "FROM" and not folder.is_dir():
        raise SettingError(argument, place, "there is no such folder")
    return f"{folder}/"


def _show_plan(console: Console, plan: Plan, source: Storage, target: Storage, delete: bool) -> None:
    console.print(f"from {escape(source.uri)} to {escape(target.uri)}", highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    fate = "are removed" if delete else "stay (--delete removes them)"
    rows = {
        "new": plan.new,
        "differ, and are overwritten": [stored for stored in plan.changed if not is_joined(stored.key, delete)],
        "differ, and are joined with what is there": [stored for stored in plan.changed if is_joined(stored.key, delete)],
        "the same, and skipped": plan.same,
        f"only there, and {fate}": plan.extra,
        "only there and decided by people, and stay": plan.decided_there,
        "of videos that were taken down, and left out": plan.left_out,
    }
    for what, listed in rows.items():
        if listed:
            table.add_row(f"{len(listed):,}", what, decimal(sum(stored.size_bytes for stored in listed)))
    console.print(table)
    _show_names(console, "differs", [stored.key for stored in plan.changed])
    if plan.taken_down:
        forget = f"`STREAMCAP_STORAGE={target.uri} streamcap forget {' '.join(plan.taken_down)}`"
        what = f"taken down {', '.join(plan.taken_down)}: {forget} removes what {target.uri} still holds, also what a dataset copied there does"
        console.print(what, markup=False, highlight=False, soft_wrap=True)


def _show_names(console: Console, what: str, names: Sequence[str]) -> None:
    for name in names[:_NAMED]:
        console.print(f"[yellow]{what}[/] {escape(name)}", highlight=False, soft_wrap=True)
    if len(names) > _NAMED:
        console.print(f"and {len(names) - _NAMED:,} more", highlight=False)


def _ask_to_remove(console: Console, extra: Sequence[Stored], target: Storage, yes: bool) -> None:
    """Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    _show_names(console, "removes", [stored.key for stored in extra])
    if yes:
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        raise SettingError("--delete", True, f"{_objects(extra)} would be removed from {target.uri}, and nobody can be asked; add --yes to remove")
    if not typer.confirm(f"Remove {_objects(extra)} from {target.uri}?"):
        console.print("Nothing was copied, and nothing removed.")
        raise typer.Exit(1)


def _objects(listed: Sequence[Stored]) -> str:
    return f"{len(listed):,} object{'' if len(listed) == 1 else 's'}"


@contextmanager
def _watching(console: Console, plan: Plan) -> Iterator[Callable[[int], None]]:
    """What to call with each number of bytes: it moves a bar, or without a terminal writes a line from time to time."""
    total = sum(stored.size_bytes for stored in plan.to_copy)
    if not console.is_terminal:
        yield _Lines(console, total)
        return
    columns = (TextColumn("copying"), BarColumn(bar_width=20), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("", total=total)
        yield lambda size_bytes: bars.advance(task, size_bytes)


@contextmanager
def _ending_soon(told: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """What to call instead: once this process is told to end, it breaks off the copies under way, which may be of large files."""
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        raise KeyboardInterrupt

    def told_or_ended(size_bytes: int) -> None:
        if ended.is_set():
            raise _Ended
        told(size_bytes)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told_or_ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Ended(StreamcapError):
    """Breaks off a copy; what it had written has no name yet."""


class _Lines:
    """Tells how far it is."""

    def __init__(self, console: Console, total_bytes: int) -> None:
        self._console = console
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._told_s = time.monotonic()
        self._alone = threading.Lock()

    def __call__(self, size_bytes: int) -> None:
        with self._alone:
            self._done_bytes += size_bytes
            if time.monotonic() - self._told_s >= _TELL_EVERY_S:
                self._told_s = time.monotonic()
                self._console.print(f"{decimal(self._done_bytes)} of {decimal(self._total_bytes)}", highlight=False)


def _show_report(console: Console, report: Report, target: Storage) -> None:
    for key, why in list(report.failures.items())[:_NAMED]:
        console.print(f"[red]failed[/] {escape(key)}: {escape(why)}", highlight=False, soft_wrap=True)
    if len(report.failures) > _NAMED:
        console.print(f"and {len(report.failures) - _NAMED:,} more")
    if report.held_back:
        console.print(f"[red]not copied[/] {report.held_back:,} receipts, manifest or card, which may speak of what failed", highlight=False)
    removed = f", {report.removed:,} removed" if report.removed else ""
    console.print(f"{report.copied:,} copied and checked ({decimal(report.copied_bytes)}){removed}: {escape(target.uri)}", highlight=False, soft_wrap=True)


def _show_clashes(console: Console, joining: Joining) -> None:
    told = joining.clashes
    for clash in told[:_NAMED]:
        console.print(f"[yellow]decided otherwise[/] {escape(clash)}", highlight=False, soft_wrap=True)
    if len(told) > _NAMED:
        console.print(f"and {len(told) - _NAMED:,} more", highlight=False)
    if told:
        console.print(escape(joining.fix), highlight=False, soft_wrap=True)
