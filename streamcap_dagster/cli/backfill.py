"""`streamcap backfill`: what is due, made now, through the instance that Dagster's pages show."""

import json
import secrets
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import dagster as dg
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.asked import asked_under
from streamcap_dagster.assets.dataset import WHOLE_CORPUS
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.automation.backfills import DATASET, LAUNCHED_BY, THEN, DagsterBackfills, cancel_backfill, launch_backfill, state_of
from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.cli.backfill_plan import Plan, Wanted, as_plain, cataloged_at, estimate_plan, is_paid, make_plan, show_plan, told_estimate
from streamcap_dagster.cli.daemon import has_daemon
from streamcap_dagster.cli.instance import dagster_home, open_instance
from streamcap_dagster.cli.left_behind import end_left_behind
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.cli.summary import Trouble, summarize
from streamcap_dagster.cli.watch_backfill import newest_event, watch_backfill
from streamcap_dagster.errors import SettingError, StreamcapError
from streamcap_dagster.partitions import register_videos
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, captioner_for, source_for, storage_for

RUN_OF = "streamcap/backfill"
"""Tag of the runs of a backfill that is done in the process of the command, by which Dagster's Runs page finds them."""


class NoDaemon(StreamcapError):
    """A backfill was to be left to a daemon that is not there."""

    def __init__(self, home: str) -> None:
        super().__init__(
            f"--detach leaves the videos to Dagster's daemon, and none gives a sign of life in {home}. "
            "Start it (`make ui`, or `dagster-daemon run -w workspace.yaml`), or leave --detach out to work in this process."
        )


@dataclass(frozen=True)
class Manner:
    """How what is wanted is to be done."""

    by: str = "streamcap backfill"
    catalog: bool = False
    yes: bool = False
    detach: bool = False
    here: bool = False
    dry_run: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    status: int = 0
    told: dict[str, object] = field(default_factory=dict)
    """For programs."""


def nothing_before(workshop: Workshop) -> None:
    """For a backfill before which nothing is to be done."""
    del workshop


def run_backfill(settings: Settings, wanted: Wanted, manner: Manner, before: Callable[[Workshop], None] = nothing_before) -> int:
    """Show what is due, ask, and make it; returns the exit status. `before` is done after the yes."""
    console = Console(stderr=manner.as_json)
    with open_instance() as instance:
        end_left_behind(instance)
        by_daemon = not manner.here and has_daemon(instance)
        if manner.detach and not by_daemon:
            raise NoDaemon(str(dagster_home()))
        if manner.catalog:
            look_at_source(console, settings, instance)
        workshop = Workshop(settings, source_for(settings).open(), storage_for(settings).open(), captioner_for(settings).bare())
        _say_where(console, workshop, instance, manner.catalog)
        with console.status("looking at how every video stands"):
            plan = make_plan(workshop, wanted, _underway(settings, instance) if by_daemon else ())
        show_plan(console, plan)
        estimate = _estimate(console, workshop, plan)
        outcome = Outcome()
        if not plan.due:
            console.print("Nothing is due.")
        elif not manner.dry_run:
            _ask(console, plan, manner.yes)
            before(workshop)
            outcome = _make(console, workshop, instance, plan, manner, by_daemon)
    if manner.as_json:
        print(json.dumps({"storage": workshop.storage.uri, **as_plain(plan, estimate), **outcome.told}, indent=1))
    return outcome.status


def _underway(settings: Settings, instance: dg.DagsterInstance) -> Collection[str]:
    """The videos that a backfill of Dagster's has still to walk."""
    return DagsterBackfills(build_definitions(settings).resolve_assets_def(PER_VIDEO[0].name)).underway(instance)


def look_at_source(console: Console, settings: Settings, instance: dg.DagsterInstance) -> None:
    """Bring the catalog up to date, which is free."""
    watcher = Watcher(console)
    with watcher.watching():
        Graph(build_definitions(settings, watcher), instance).make(["video_catalog"])


def _say_where(console: Console, workshop: Workshop, instance: dg.DagsterInstance, just_looked: bool) -> None:
    """Which storage and instance this is about, and from when what is known of the source is."""
    console.print(f"storage: {escape(workshop.storage.uri)}, instance: {escape(str(dagster_home()))}", highlight=False, soft_wrap=True)
    looked = cataloged_at(instance)
    if workshop.storage.stat(keys.MANIFEST) is None:
        raise SettingError("STREAMCAP_STORAGE", workshop.settings.storage, "it has no catalog yet; add --catalog to look at the source first")
    when = f"of {looked:%Y-%m-%d %H:%M} UTC" if looked else "made by another instance"
    console.print(f"catalog: {when}{'' if just_looked else '; --catalog looks at the source again'}", highlight=False, soft_wrap=True)


def _estimate(console: Console, workshop: Workshop, plan: Plan) -> Estimate | None:
    """Print what captioning would cost; nothing is counted for a captioner that costs nothing."""
    if not plan.due:
        return None
    if not is_paid(workshop):
        console.print(f"Nothing is paid: {workshop.captioner.name} costs nothing.", highlight=False)
        return None
    with _counting(console) as counted:
        estimate = estimate_plan(workshop.settings, plan, counted)
    console.print(told_estimate(estimate, len(plan.due)), markup=False, highlight=False, soft_wrap=True)
    return estimate


@contextmanager
def _counting(console: Console) -> Iterator[Callable[[int, int], None]]:
    bars = Progress(TextColumn("counting"), BarColumn(), MofNCompleteColumn(), console=console, transient=True)
    with bars if console.is_terminal else nullcontext():
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _ask(console: Console, plan: Plan, yes: bool) -> None:
    """Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    if yes:
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        raise SettingError("--yes", False, f"{len(plan.due):,} videos are due, and nobody can be asked; add --yes to make them, or --dry-run only to look")
    if not typer.confirm("Go on?"):
        console.print("Nothing was made, and nothing paid.")
        raise typer.Exit(1)


def _make(console: Console, workshop: Workshop, instance: dg.DagsterInstance, plan: Plan, manner: Manner, by_daemon: bool) -> Outcome:
    registered = set(instance.get_dynamic_partitions("videos"))
    register_videos(instance, [video_id for video_id in plan.due if video_id not in registered])
    if by_daemon:
        return _leave_to_daemon(console, workshop, instance, plan, manner)
    return _make_here(console, workshop, instance, plan, manner)


def _make_here(console: Console, workshop: Workshop, instance: dg.DagsterInstance, plan: Plan, manner: Manner) -> Outcome:
    settings, watcher, backfill_id = workshop.settings, Watcher(console), secrets.token_hex(4)
    captioner_for(settings).ready()
    console.print(f"In this process; Dagster's Runs page finds it by {RUN_OF}={backfill_id}", highlight=False, soft_wrap=True)
    graph = Graph(build_definitions(settings, watcher), instance, {LAUNCHED_BY: manner.by, RUN_OF: backfill_id})
    with watcher.watching():
        watcher.expect(len(plan.due))
        troubles = graph.make_all(workshop.storage, list(plan.due), watcher)
    return _ended(console, workshop, plan, watcher, backfill_id, troubles)


def _leave_to_daemon(console: Console, workshop: Workshop, instance: dg.DagsterInstance, plan: Plan, manner: Manner) -> Outcome:
    """One backfill of Dagster's, watched until it has ended unless nobody wants to watch; then the dataset, which its sensor would build otherwise."""
    settings, watcher = workshop.settings, Watcher(console)
    definitions, since = build_definitions(settings, watcher), newest_event(instance)
    tags = {LAUNCHED_BY: manner.by, THEN: DATASET, **asked_under(workshop)}
    backfill_id = launch_backfill(instance, definitions.resolve_asset_graph(), list(plan.due), f"{manner.by}: {plan.words}", tags)
    console.print(f"Launched backfill {backfill_id}; Dagster's daemon begins with it within half a minute.", highlight=False, soft_wrap=True)
    if manner.detach:
        console.print(f"It is under Runs, Backfills in Dagster's pages. `streamcap backfill --cancel {backfill_id}` ends it.", highlight=False, soft_wrap=True)
        return Outcome(told={"backfill": backfill_id})
    with watcher.watching():
        watcher.expect(len(plan.due))
        ended = watch_backfill(console, instance, backfill_id, plan.due, watcher, since)
        unbuilt = Graph(definitions, instance, {LAUNCHED_BY: manner.by}).build(workshop.storage, WHOLE_CORPUS, watcher)
    if not is_paid(workshop):
        watcher.tally.meters.clear()  # of a captioner in the process itself the events tell answers, but nobody was called
    left = f"{len(ended.left):,} of {len(plan.due):,} videos were not made" if ended.left else ""
    why = "" if ended.well or (watcher.tally.failures and not left) else f"backfill {backfill_id} ended as {ended.state.status}"
    stopped = Trouble("; ".join(filter(None, (why, left, ended.state.error))))
    return _ended(console, workshop, plan, watcher, backfill_id, {"stopped": stopped, "failed": unbuilt})


def _ended(console: Console, workshop: Workshop, plan: Plan, watcher: Watcher, backfill_id: str, troubles: Mapping[str, Trouble]) -> Outcome:
    storage, tally = workshop.storage, watcher.tally
    manifest = read_manifest(storage)
    summarize(console, watcher, storage, [manifest[video_id] for video_id in plan.due if video_id in manifest], [], troubles)
    sorrows = {how: trouble.why for how, trouble in troubles.items() if trouble.why}
    told = {"backfill": backfill_id, "made": tally.made, "reused": tally.reused, "failures": tally.failures, "troubles": sorrows}
    return Outcome(1 if tally.failures or sorrows else 0, told)


def end_backfill(backfill_id: str) -> int:
    """Ask Dagster's daemon to end a backfill; returns the exit status."""
    with open_instance() as instance:
        state = state_of(instance, backfill_id)
        if state is None:
            raise SettingError("--cancel", backfill_id, f"the instance in {dagster_home()} knows no such backfill")
        if state.ended:
            print(f"Backfill {backfill_id} has ended already, as {state.status}.")
            return 0
        cancel_backfill(instance, backfill_id)
    print(f"Backfill {backfill_id} is being canceled: no more runs are launched, and those under way are ended. What is finished is kept.")
    return 0
