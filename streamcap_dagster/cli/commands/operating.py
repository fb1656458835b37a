"""What keeps many videos going: how they stand, what is due, what changed, what has to go."""

from pathlib import Path
from typing import Annotated

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import CaptionerOption, DetachOption, HereOption, JsonOption, SourceArgument, StorageOption, YesOption

PANEL = "Keep many videos going"


@app.command(rich_help_panel=PANEL)
def status(
    video_ids: Annotated[list[str] | None, typer.Argument(metavar="[VIDEO_ID]...", help="Show these videos in detail. Default: all of the catalog.")] = None,
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Look for every stored object, also where there are thousands of videos.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Tell it again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, metavar="SECONDS", help="With --watch: how often.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Tell per video what exists, what is out of date or missing, and what failed and why. Exit status 1 when a video failed.

    Of more than 40 videos it tells how many there are in each state, and which of them need a person. Of more than 2,000 it believes the receipts of what was
    made; `--thorough` looks for every object. With a paid captioner it also tells who shares the quota now, and what was spent.
    """
    from streamcap_dagster.cli.status import Manner, show_status
    from streamcap_dagster.settings import read_settings

    manner = Manner(tuple(video_ids or ()), thorough=thorough, as_json=as_json, watch=watch, every_s=every)
    raise typer.Exit(show_status(read_settings(storage=storage, captioner=captioner), manner))


@app.command(rich_help_panel=PANEL)
def backfill(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="Videos of which something was never made, or is gone.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Videos whose file has other bytes now.")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Videos that a changed setting, prompt, model or version of the code would make otherwise.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Videos whose last attempt went wrong, also those at rest and parked ones.")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Only this video, if it is due; may be given several times.")] = None,
    catalog: Annotated[bool, typer.Option("--catalog", help="Look at SOURCE first, so that new, changed and removed files are known.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Look for every stored object, where otherwise what was noted as made is believed to be there.")
    ] = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    here: HereOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done and what it would cost.")] = False,
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="BACKFILL_ID", help="End a backfill that Dagster's daemon is at, and do nothing else.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make what is due: of a video that was never made, changed, went out of date or failed, exactly what is missing.

    Shows what it is and what it would cost, asks, and makes it. Without a kind (`--missing`, `--changed`, `--stale`, `--failed`) all kinds are due;
    videos that failed then wait for the end of their pause, and parked ones are left alone.

    Where Dagster's daemon runs (`make ui`) it does the work, as one backfill that its pages show; here you watch it. Ctrl-C ends the watching, not the
    backfill. `--detach` does not watch at all, and the dataset follows by itself. Without a daemon, or with `--here`, this process does the work, and
    Ctrl-C ends it; the same command goes on from there. Exit status 1 when a video failed.

        streamcap backfill --dry-run              what is due, and what it costs
        streamcap backfill --failed --yes         try all failed videos again
        streamcap backfill --stale --detach       leave it to the daemon
    """
    from streamcap_dagster.assets.due import DUE_KINDS
    from streamcap_dagster.cli.backfill import Manner, end_backfill, run_backfill
    from streamcap_dagster.cli.backfill_plan import Wanted
    from streamcap_dagster.settings import read_settings

    if cancel is not None:
        raise typer.Exit(end_backfill(cancel))
    chosen = {"missing": missing, "changed": changed, "stale": stale, "failed": failed}
    wanted = Wanted(tuple(kind for kind in DUE_KINDS if chosen[kind]), tuple(only or ()), thorough)
    manner = Manner(catalog=catalog, yes=yes, detach=detach, here=here, dry_run=dry_run, as_json=as_json)
    raise typer.Exit(run_backfill(read_settings(source=source, storage=storage, captioner=captioner), wanted, manner))


@app.command(rich_help_panel=PANEL)
def retry(
    video_ids: Annotated[list[str], typer.Argument(metavar="VIDEO_ID...", help="Videos that failed, as `streamcap status` names them.")],
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    yes: YesOption = False,
    detach: DetachOption = False,
    here: HereOption = False,
    as_json: JsonOption = False,
) -> None:
    """Try videos that failed again now, as if it were the first time: pauses end, and what was parked is not any more.

    Looks at the source first, in case you have replaced a file; one that could not be used is opened again even though its bytes are the same. Otherwise
    this is `streamcap backfill --only` of these videos.
    """
    from streamcap_dagster.cli.backfill import Manner
    from streamcap_dagster.cli.retry import retry_videos
    from streamcap_dagster.settings import read_settings

    manner = Manner(yes=yes, detach=detach, here=here, as_json=as_json)
    raise typer.Exit(retry_videos(read_settings(storage=storage, captioner=captioner), video_ids, manner))


@app.command(rich_help_panel=PANEL)
def diff(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Look only at this video; may be given several times.")] = None,
    sample: Annotated[int | None, typer.Option("--sample", min=1, metavar="N", help="Caption N of the stale videos anew beside the dataset.")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="With --sample: draws the videos; the same seed draws the same.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="With --sample: also write it to FILE.html, with pictures, or to FILE.md.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --sample: pay for it without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what a changed prompt, model or setting makes stale and why, and what making it anew would take: calls, tokens and money.

    Try a change before it is in .env: `STREAMCAP_HISTORY_TOKENS=800 streamcap diff`. Compares what is stored with the settings as they are now; asks nobody,
    writes nothing and needs no key. Files that changed at the source are known once they are cataloged, as by `streamcap estimate`.

    `--sample 3` captions three stale videos under these settings and shows old and new captions side by side, without touching the dataset. A paid captioner is
    asked only after you have seen what it costs and said yes. Its answers are kept, so that a later run under the same settings does not ask for them again.
    """
    from streamcap_dagster.cli.diff import sampling_of, show_diff
    from streamcap_dagster.settings import read_settings

    sampling = sampling_of(sample, seed, output, yes)
    raise typer.Exit(show_diff(read_settings(source=source, storage=storage, captioner=captioner), only or [], sampling, as_json))


@app.command(rich_help_panel=PANEL)
def forget(
    video_ids: Annotated[list[str] | None, typer.Argument(metavar="[VIDEO_ID]...", help="Videos as `streamcap status` lists them.")] = None,
    storage: StorageOption = None,
    listed: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="A takedown list: also the videos that this file names, one a line.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking, as a script must.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back: the file may be taken in again. What was removed is not restored.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
) -> None:
    """Take videos down for good: remove all that was made of them, and never take in their bytes again, whatever the file is called.

    Removes the copy, frames, captions, paid answers and images, the partition and its events in Dagster, and rebuilds the dataset without them. Other
    videos with the very same bytes go too. What stays is a tombstone in `tombstones/` with the id, the hash of the bytes and the date: a file with those
    bytes is listed as forgotten, and no run fails because of it. Killed or broken off, the same command goes on. A run that is at work on
    the video is waited for. Where the dataset is published, `streamcap publish` takes the videos out of it there.
    """
    from streamcap_dagster.cli.forget import forget_videos, take_back
    from streamcap_dagster.cli.takedown_list import read_takedown_list
    from streamcap_dagster.errors import SettingError
    from streamcap_dagster.settings import read_settings

    named = list(dict.fromkeys([*(video_ids or []), *(read_takedown_list(listed) if listed else [])]))
    if not named:
        raise SettingError("VIDEO_ID", "", "name a video, or a file that lists some with --from")
    settings = read_settings(storage=storage)
    raise typer.Exit(take_back(settings, named, dry_run=dry_run) if undo else forget_videos(settings, named, yes=yes, dry_run=dry_run))


@app.command(rich_help_panel=PANEL)
def ledger(
    storage: StorageOption = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write to this file instead of standard output.")] = None,
) -> None:
    """List every HTTP request to a captioner as CSV: for which window, how it ended, tokens, cost and latency; `unknown` after a kill."""
    from streamcap_dagster.cli.ledger import show_ledger
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_ledger(read_settings(storage=storage), output))
