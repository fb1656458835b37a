"""What moves a storage, and what proves that one can be lost."""

from typing import Annotated

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import SourceArgument, StorageOption

PANEL = "Move it, and lose it on purpose"


@app.command(rich_help_panel=PANEL)
def sync(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Folder or gs://bucket/prefix to copy from; it is only read.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Folder or gs://bucket/prefix to copy into.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be copied.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Also remove from TO what FROM does not have; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --delete: remove without asking.")] = False,
) -> None:
    """Copy everything that was made, finished or not, to another place: a folder into a bucket, or back.

    What is there already with the same bytes is skipped, so the same command goes on where one broke off. What differs is overwritten with
    that of FROM, but for what people decided: that is joined, and where two decided otherwise of the same TO's stays and is told. Every copy is
    checked by its CRC32C; receipts and manifest come after the objects that they speak of. Paid answers and the books of what was paid are copied
    too: go on working with one of the two copies only, else both pay for the same questions.
    """
    from streamcap_dagster.cli.sync import sync_storages

    raise typer.Exit(sync_storages(source, target, dry_run, delete, yes))


@app.command(rich_help_panel=PANEL)
def drill(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: Annotated[
        str, typer.Option("--captioner", metavar="NAME", help="Who writes the captions. Anyone but offline and recorded is paid, once.")
    ] = "offline",
    videos: Annotated[int, typer.Option("--videos", min=1, metavar="N", help="Use the first N usable videos of SOURCE.")] = 2,
    emulator: Annotated[
        bool | None,
        typer.Option("--emulator/--no-emulator", help="Drill on an emulator of Google Cloud Storage. Default: for a storage in a folder, not for gs://."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Do not clean up afterwards.")] = False,
) -> None:
    """Lose a dataset on purpose and see it come back: for a gs:// storage in the same bucket under a prefix that is removed afterwards.

    Builds a dataset from a few videos, deletes `processed/`, everything that was made of one video, and Dagster's instance; restores that video's answers
    from soft delete (where nothing deleted is kept they are spared) and runs again. Everything must be byte for byte as it was, and nobody asked again.
    Your own storage and instance are not touched. Exit status 1 when not all came back.
    """
    from streamcap_dagster.cli.drill import drill_disaster
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(drill_disaster(read_settings(source=source, storage=storage, captioner=captioner), videos, emulator, keep))
