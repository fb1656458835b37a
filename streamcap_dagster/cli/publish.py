"""`streamcap publish`: what would change on the Hub, then, once somebody agreed, the dataset sent there."""

import sys
from collections.abc import Sequence

import dagster as dg
import typer
from rich.console import Console
from rich.filesize import decimal

from streamcap_dagster.assets.publishing import PUBLISHED, publisher, told_of
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.errors import SettingError
from streamcap_dagster.hub.failures import NotPublishable, PublishingFailed
from streamcap_dagster.hub.publishing import Plan, Published, Publisher, Wish
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import hub_for, storage_for


def publish_dataset(settings: Settings, wish: Wish, *, dry_run: bool, yes: bool) -> int:
    """Publish the dataset of the storage; returns the exit status. Raises NotPublishable with every fault, before anything is sent."""
    console = Console()

    def say(words: str) -> None:
        console.print(words, markup=False, highlight=False, soft_wrap=True)

    ours = publisher(storage_for(settings).open(), hub_for(settings), wish, say, only_look=dry_run)
    if dry_run:
        return _dry_run(ours)
    plan = ours.plan()
    _show(ours, plan)
    if plan.changes or (wish.public and plan.remote.private):
        _ask(console, settings.hub_repo, plan, yes)
    with open_instance() as instance:
        published = ours.publish()
        instance.report_runless_asset_event(dg.AssetMaterialization(PUBLISHED, metadata=told_of(published), tags=_version(published)))
    say(_result(published))
    return 0


def _dry_run(ours: Publisher) -> int:
    """Tell what would change and what forbids it; where the Hub cannot be asked or does not answer, what forbids it here. Returns the exit status."""
    if not ours.repository.may_be_asked:
        return _look_here(ours)
    try:
        _show(ours, ours.plan())
    except PublishingFailed:
        _look_here(ours)
        raise
    return 0


def _show(ours: Publisher, plan: Plan) -> None:
    """Tell what would change. Raises NotPublishable with every fault."""
    for line in _lines(plan, ours.repository.url, ours.wish):
        ours.say(line)
    if plan.faults:
        raise NotPublishable(ours.repository.repo, plan.faults)


def _look_here(ours: Publisher) -> int:
    """Tell what forbids it as far as that can be seen without the Hub; returns the exit status."""
    faults = ours.faults_here()
    ours.say(str(NotPublishable(ours.repository.repo, faults)) if faults else "Nothing that can be seen here forbids publishing it.")
    needed = "" if ours.repository.may_be_asked else " That needs a token in HF_TOKEN: https://huggingface.co/settings/tokens makes one."
    ours.say(f"It was not compared with {ours.repository.url}, so what would be sent, and whether that is public already, is not known.{needed}")
    return 1 if faults else 0


def _lines(plan: Plan, url: str, wish: Wish) -> Sequence[str]:
    changes = plan.changes
    kind = "public" if plan.public else "private"
    if not plan.remote.exists:
        kind += ", to be made"
    elif wish.public and plan.remote.private:
        kind = "private, to be made public"
    lines = [f"{url} ({kind})"]
    if changes:
        lines.append(
            f"{len(changes.shards):,} new shards and {len(changes.small):,} other files to send, {decimal(changes.size_bytes)}; "
            f"{len(changes.removed):,} files to take away; {len(plan.local.shards) - len(changes.shards):,} shards are there already"
        )
    elif not plan.faults:
        lines.append("It holds the dataset as it is: there is nothing to send.")
    return lines


def _ask(console: Console, repo: str, plan: Plan, yes: bool) -> None:
    """Raises SettingError when there is nobody to ask, typer.Exit on a no."""
    if yes:
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        raise SettingError("STREAMCAP_HUB_REPO", repo, "the dataset would be sent there, and nobody can be asked; add --yes to send it")
    if not typer.confirm(f"Publish it {'for everybody to read' if plan.public else 'privately'}?"):
        console.print("Nothing was sent.")
        raise typer.Exit(1)


def _result(published: Published) -> str:
    told = f" {published.difference.sentence}" if published.difference else ""
    release = f"release {published.tag}" if published.tag else "commit"
    return f"Published is {release} ({published.commit[:12]}).{told}"


def _version(published: Published) -> dict[str, str]:
    return {"dagster/data_version": published.commit}
