"""What hands the dataset on to those who train with it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import JsonOption, StorageOption, YesOption

PANEL = "Datasets for trainers"


class _WithFormats(TyperCommand):
    """Its help lists the formats. They are looked up when it is asked for, because they take half a second to import."""

    def format_help(self, *context: Any) -> None:
        from streamcap_dagster.exporters.table import EXPORTERS

        formats = [f"- `{exporter.name}` from {' or '.join(f'`{config}`' for config in exporter.configs)}: {exporter.about}" for exporter in EXPORTERS.values()]
        choices = [f"- `{exporter.name}`, `{name}`: {among}" for exporter in EXPORTERS.values() for name, among in exporter.options.items()]
        listed = ["The formats, and the configs of the dataset that they are made from:", "", *formats, "", "What `--set` chooses:", "", *choices]
        self.help = "\n".join([self.help or "", "", *listed])
        super().format_help(*context)


@app.command(rich_help_panel=PANEL, cls=_WithFormats)
def export(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="What to write: one of the names above.")],
    storage: StorageOption = None,
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="SPLIT", help="Only this split; may be given several times. Default: all that there are.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder to write to, made when missing. Default: ./exports/FORMAT, and another for other choices."),
    ] = None,
    config: Annotated[str, typer.Option("--config", metavar="CONFIG", help="Config to make it from, where a format can be made from several.")] = "",
    choices: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Choose among what the format offers, as listed above; may be given several times.")
    ] = None,
    cadence_s: Annotated[
        float | None,
        typer.Option("--cadence", metavar="SECONDS", help="Take clips with their captions merged to windows of 4 or 8 s. Default: as captioned."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that holds something else; nothing of that is removed.")] = False,
) -> None:
    """Write the dataset as a folder that a trainer loads as it is.

    Pictures are the very JPEG bytes that were captioned. The same command again goes on in its folder: images that are there are not written again,
    other files are replaced when they are whole, and what the dataset has no more is removed. A split that was exported before the dataset was built anew
    is removed with the next export of any other, and no row of a video that was taken down is written.
    """
    from streamcap_dagster.cli.export import Asked, export_dataset
    from streamcap_dagster.settings import read_settings

    asked = Asked(format_name, choices or [], config, cadence_s, split or [], out, force)
    raise typer.Exit(export_dataset(read_settings(storage=storage), asked))


@app.command(rich_help_panel=PANEL)
def publish(
    storage: StorageOption = None,
    repo: Annotated[str | None, typer.Option("--repo", metavar="OWNER/NAME", help="Dataset repository on the Hub. Default: STREAMCAP_HUB_REPO.")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody read it. Without, a new repository is private and an old one stays as it is.")
    ] = False,
    tag: Annotated[str, typer.Option("--tag", metavar="NAME", help="Name of the release. Default: the day and a number, such as 2026-11-21.1.")] = "",
    allow_rehearsal: Annotated[bool, typer.Option("--allow-rehearsal", help="Also publish what no model that sees has captioned.")] = False,
    despite: Annotated[
        str,
        typer.Option("--despite", metavar="REASON", help="Publish this once although the checks of quality found errors; the card tells why."),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be sent and what is wrong; without a token, what is wrong here.")] = False,
    yes: YesOption = False,
) -> None:
    """Publish the dataset to the Hugging Face Hub, with the token of HF_TOKEN: as one commit, tagged, with a section in its CHANGELOG.md.

    Sends only what the repository does not have, and takes away what is no part of the dataset any more, such as a video that was forgotten. Before
    anything is sent, all that forbids it is told in one list: pictures that do not open, rows that the card does not count, placeholders, e-mail addresses
    and telephone numbers in captions, captions of a rehearsal, errors of quality, and, where everybody may read it, unknown licences. Killed or broken
    off, the same command goes on.
    """
    from streamcap_dagster.cli.publish import publish_dataset
    from streamcap_dagster.hub.publishing import Wish
    from streamcap_dagster.settings import read_settings

    settings = read_settings(storage=storage, hub_repo=repo)
    wish = Wish(public, allow_rehearsal, tag, despite)
    raise typer.Exit(publish_dataset(settings, wish, dry_run=dry_run, yes=yes))


@app.command("rewards-report", rich_help_panel=PANEL)
def rewards_report(
    storage: StorageOption = None,
    examples: Annotated[int, typer.Option("--examples", min=1, metavar="N", help="Score at most N examples, drawn by hash. Default: as the card does.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Tell what trivial policies would earn from the rewards beside the captions of a storage: always silent, copies of history or prompt, verbose.

    Prints the table that the dataset's card has, as Markdown: a row per policy, a column per reward of `streamcap_dagster.rewards`. The captions must beat
    every policy in total; else the exit status is 1, and it is told which policy won and in which windows.
    """
    from streamcap_dagster.cli.rewards_report import report_rewards
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(report_rewards(read_settings(storage=storage), examples, as_json))
