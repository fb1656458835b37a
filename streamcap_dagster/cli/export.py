"""`streamcap export`: the dataset as a folder that a trainer loads, and what a person should know of it."""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.captions.prompts import AsAsked
from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.exporter import Exporter
from streamcap_dagster.exporters.exporting import Exported, export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.policies import CaptionPolicy
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import storage_for


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line."""

    format_name: str
    choices: Sequence[str] = ()
    """Each `NAME=VALUE`."""
    config: str = ""
    cadence_s: float | None = None
    splits: Sequence[str] = ()
    out: Path | None = None
    force: bool = False


def export_dataset(settings: Settings, asked: Asked) -> int:
    """Export and tell what was written; returns the exit status, 1 when there was nothing to write."""
    exporter = exporter_of(asked.format_name).with_options(dict(map(_choice, asked.choices)))
    storage = storage_for(settings).open()
    folder = asked.out or _folder(exporter, asked)
    words = AsAsked(settings.policy(CaptionPolicy).history_tokens)
    console = Console()
    with console.status(f"exporting {exporter.name}") if console.is_terminal else nullcontext():
        exported = export(storage, exporter, words, folder, asked.config, asked.splits, asked.force, asked.cadence_s)
    _show(console, exporter, exported)
    return 0 if sum(tally.rows for tally in exported.splits.values()) else 1


def _choice(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise SettingError("--set", given, "write it as NAME=VALUE")
    return name, value


def _folder(exporter: Exporter, asked: Asked) -> Path:
    """Another one for each config, choice and cadence, so that none is in the way of another."""
    usual = exporter_of(exporter.name).chosen
    choices = [re.sub(r"[^\w.-]", "-", value) for name, value in exporter.chosen.items() if value != usual[name]]
    config = "" if asked.config == exporter.configs[0] else asked.config
    cadence = "" if asked.cadence_s is None else f"{asked.cadence_s:g}s"
    return Path("exports") / "-".join(filter(None, [exporter.name, config, *choices, cadence]))


def _show(console: Console, exporter: Exporter, exported: Exported) -> None:
    _say(console, f"{exporter.name} from {exported.config}: {escape(str(exported.folder))}")
    table = Table("split", "rows", "images", "size", box=None, pad_edge=False, header_style="")
    for split, tally in exported.splits.items():
        table.add_row(escape(split), f"{tally.rows:,}", f"{tally.images:,}", decimal(tally.size_bytes))
    console.print(table)
    left_out = sum((Counter(tally.left_out) for tally in exported.splits.values()), Counter[str]())
    for reason, count in left_out.most_common():
        _say(console, f"[yellow]left out[/] {count:,} × {escape(reason)}")
    _tell_of_outdated(console, exported)
    _warn_of_rehearsal(console, exported)


def _tell_of_outdated(console: Console, exported: Exported) -> None:
    before = "of an earlier export, not of the dataset as it is now"
    for split in exported.outdated:
        done = "was removed: export it again, too" if exported.removed else "stays, because other files are in the folder: remove it yourself"
        _say(console, f"[yellow]outdated[/] {escape(split)} ({before}) {done}.")


def _warn_of_rehearsal(console: Console, exported: Exported) -> None:
    rows, rehearsed = (sum(getattr(tally, name) for tally in exported.splits.values()) for name in ("rows", "rehearsed"))
    if rehearsed:
        made = "come from the offline captioner or an emulator, which see nothing"
        _say(console, f"[red]WARNING[/] {rehearsed:,} of {rows:,} rows {made}: they are for rehearsal, do not train on them.")
    if not rows:
        _say(console, "[red]nothing[/] was exported: no row of the dataset gives a sample of this format.")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
