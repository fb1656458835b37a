"""`streamcap`: the same definitions, instance and storage as Dagster's own tools, from one command."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from streamcap_dagster.errors import SettingError, StillGoing, StreamcapError

ALL_IS_WELL, SOME_FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
PATIENCE_S = 3.0

app = typer.Typer(
    name="streamcap",
    help="Any pile of videos in, a streaming-caption dataset out.\n\n"
    "Settings come from STREAMCAP_… in the environment, then from .env; .env.example lists them all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which fills the lines of a paragraph to the width of the terminal
    context_settings={"help_option_names": ["-h", "--help"]},
)

SourceArgument = Annotated[
    str | None,
    typer.Argument(metavar="SOURCE", help="Where the videos are: a folder or gs://bucket/prefix, with all below it. Default: STREAMCAP_SOURCE, else ./videos."),
]
StorageOption = Annotated[
    str | None,
    typer.Option("--storage", metavar="ROOT", help="Where everything made is kept: a folder or gs://bucket/prefix. Default: STREAMCAP_STORAGE, else ./data."),
]
CaptionerOption = Annotated[
    str | None, typer.Option("--captioner", metavar="NAME", help="Who writes the captions: gemini, openai, offline or recorded. Default: STREAMCAP_CAPTIONER.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Go on without asking.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Leave it to Dagster's daemon and return at once.")]
HereOption = Annotated[bool, typer.Option("--here", help="Work in this process, also where a daemon runs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]


@app.command()
def run(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Make only this video; may be given several times.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask the paid captioner that there is a key for without showing the estimate first.")] = False,
) -> None:
    """Turn the videos of SOURCE into a dataset, making only what is missing or out of date.

    Catalogs the source, walks every video through its assets (many at once), then rebuilds the JSON files and the Hugging Face
    dataset from all videos that exist. A video that fails never stops the others: it is named at the end and the exit status is 1.
    Stop it whenever you like: what is finished is kept, and the next run goes on from there.
    """
    from streamcap_dagster.cli.run import run_pipeline
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(run_pipeline(read_settings(source=source, storage=storage, captioner=captioner), only or [], yes))


@app.command()
def estimate(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: CaptionerOption = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Count only this video; may be given several times.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what captioning SOURCE will take before anything is paid: calls, tokens, money and time, and what is answered already.

    Catalogs the source, asks nobody and needs no key. Where frames exist the no-change gate and the kept answers are counted and the calls are exact;
    where they do not, every window counts as asked.
    """
    from streamcap_dagster.cli.estimate import show_estimate
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_estimate(read_settings(source=source, storage=storage, captioner=captioner), only or [], as_json))


@app.command()
def rehearse(
    source: SourceArgument = None,
    storage: StorageOption = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Rehearse only this video; may be given several times.")] = None,
    latency_ms: Annotated[str, typer.Option("--latency-ms", metavar="A..B", help="How long the emulator takes for an answer.")] = "200..600",
    faults: Annotated[float, typer.Option("--faults", min=0, max=1, help="Share of requests that go wrong, such as 503s and dropped connections.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Draws latencies and faults; the same seed draws the same.")] = 0,
) -> None:
    """Run the whole pipeline against an emulator of Gemini on this machine: no key, no money, the quota of your settings.

    The real client speaks HTTP to it, so pacing, retries, tokens and would-be cost are those of a real run; only the captions are not.
    Everything is kept beside the storage, in STORAGE-rehearsal, so that nothing of it gets into a dataset; for gs://BUCKET/PREFIX that is the folder
    BUCKET-PREFIX-rehearsal here.
    """
    from streamcap_dagster.cli.rehearse import rehearse_pipeline
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(rehearse_pipeline(read_settings(source=source, storage=storage, captioner="gemini"), only or [], latency_ms, faults, seed))


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def doctor(source: SourceArgument = None, storage: StorageOption = None, captioner: CaptionerOption = None, as_json: JsonOption = False) -> None:
    """Check what a run needs — ffmpeg, decoder, storage, source, captioner, keys, disk — and say how to fix what is wrong."""
    from streamcap_dagster.cli.doctor import show_diagnosis
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_diagnosis(read_settings(source=source, storage=storage, captioner=captioner), as_json))


@app.command("emulate-gemini")
def emulate(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="P", help="Port to serve on; 0 is any that is free.")] = 8787,
    host: Annotated[str, typer.Option(metavar="H", help="Address to serve on.")] = "127.0.0.1",
    latency_ms: Annotated[str, typer.Option(metavar="A..B", help="How long an answer takes, in milliseconds.")] = "0..0",
    rpm: Annotated[int | None, typer.Option(min=1, metavar="N", help="Requests a minute; no limit by default.")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, metavar="N", help="Input tokens a minute; no limit by default.")] = None,
    rpd: Annotated[int | None, typer.Option(min=1, metavar="N", help="Requests a day, until midnight Pacific time; no limit by default.")] = None,
    faults: Annotated[float, typer.Option(min=0, max=1, metavar="RATE", help="Share of requests that meet a transient fault.")] = 0,
    content_faults: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="RATE", help="Share of windows that are blocked or broken off. Default: a quarter of --faults.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="What chance is drawn from.")] = 0,
    journal: Annotated[Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Append a line of JSON for each request; no keys, no pictures.")] = None,
    key: Annotated[str, typer.Option(metavar="KEY", help="The only key to accept; by default any plausible one.")] = "",
    by_hash: Annotated[bool, typer.Option("--answer-by-hash", help="Answer without looking at the pictures: for benchmarks.")] = False,
) -> None:
    """Serve an emulated Gemini on this machine: real HTTP, quotas and faults, captions from the pixels, no key and no bill.

    Prints the two variables to set where streamcap runs. The same seed brings the same faults and the same captions.
    """
    from streamcap_dagster.cli.emulate import emulate_gemini
    from streamcap_dagster.settings import read_settings

    limits = {"rpm": rpm, "tpm": tpm, "rpd": rpd}
    more = {**limits, "seed": seed, "journal": journal, "key": key, "by_hash": by_hash}
    raise typer.Exit(emulate_gemini(read_settings(), host, port, latency_ms, faults, content_faults, **more))


@app.command("emulate-gcs")
def emulate_storage(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="P", help="Port to serve on; 0 is any that is free.")] = 9199,
    host: Annotated[str, typer.Option(metavar="H", help="Address to serve on.")] = "127.0.0.1",
    bucket: Annotated[str, typer.Option(metavar="NAME", help="Bucket that exists from the start.")] = "streamcap",
    latency_ms: Annotated[str, typer.Option(metavar="A..B", help="How long an answer takes, in milliseconds.")] = "0..0",
    faults: Annotated[float, typer.Option(min=0, max=1, metavar="RATE", help="Share of requests that meet a transient fault.")] = 0,
    seed: Annotated[int, typer.Option(metavar="S", help="What chance is drawn from.")] = 0,
    folder: Annotated[Path | None, typer.Option(file_okay=False, metavar="DIR", help="Keep objects there over restarts; by default they are gone.")] = None,
) -> None:
    """Serve an emulated Google Cloud Storage on this machine: real HTTP, generations, preconditions, resumable uploads, no account and no bill.

    Prints the two variables to set where streamcap runs; from then on it keeps everything in the emulated bucket. Any client of Google's
    finds it by STORAGE_EMULATOR_HOST. The same seed brings the same faults.
    """
    from streamcap_dagster.cli.emulate import emulate_gcs

    raise typer.Exit(emulate_gcs(host, port, bucket, latency_ms, faults=faults, seed=seed, folder=folder))


@app.command()
def ledger(
    storage: StorageOption = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write to this file instead of standard output.")] = None,
) -> None:
    """List every HTTP request to a captioner as CSV: for which window, how it ended, tokens, cost and latency; `unknown` after a kill."""
    from streamcap_dagster.cli.ledger import show_ledger
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_ledger(read_settings(storage=storage), output))


@app.command()
def sync(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Folder or gs://bucket/prefix to copy from; it is only read.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Folder or gs://bucket/prefix to copy into.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be copied.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Also remove from TO what FROM does not have; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --delete: remove without asking.")] = False,
) -> None:
    """Copy everything that was made, finished or not, to another place: a folder into a bucket, or back.

    What is there already with the same bytes is skipped, so the same command goes on where one broke off. What differs is overwritten with
    that of FROM. Every copy is checked by its CRC32C; receipts and manifest come after the objects that they speak of. Paid answers and the books
    of what was paid are copied too: go on working with one of the two copies only, else both pay for the same questions.
    """
    from streamcap_dagster.cli.sync import sync_storages

    raise typer.Exit(sync_storages(source, target, dry_run, delete, yes))


@app.command()
def forget(
    video_ids: Annotated[list[str], typer.Argument(metavar="VIDEO_ID", help="Videos as `streamcap status` lists them.")],
    storage: StorageOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking, as a script must.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back: the file may be taken in again. What was removed is not restored.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
) -> None:
    """Take videos down for good: remove all that was made of them, and never take in their bytes again, whatever the file is called.

    Removes the copy, frames, captions, paid answers and images, the partition and its events in Dagster, and rebuilds the dataset without them. Other
    videos with the very same bytes go too. What stays is a tombstone in `tombstones/` with the id, the hash of the bytes and the date: a file with those
    bytes is listed as forgotten, and no run fails because of it. Killed or broken off, the same command goes on. A run that is at work on
    the video is waited for.
    """
    from streamcap_dagster.cli.forget import forget_videos, take_back
    from streamcap_dagster.settings import read_settings

    settings = read_settings(storage=storage)
    raise typer.Exit(take_back(settings, video_ids, dry_run=dry_run) if undo else forget_videos(settings, video_ids, yes=yes, dry_run=dry_run))


@app.command()
def drill(
    source: SourceArgument = None,
    storage: StorageOption = None,
    captioner: Annotated[
        str, typer.Option("--captioner", metavar="NAME", help="Who writes the captions. Anyone but offline and recorded is paid, once.")
    ] = "offline",
    videos: Annotated[int, typer.Option("--videos", min=1, metavar="N", help="Use the first N files of SOURCE.")] = 2,
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


def main() -> NoReturn:
    """Entry point: errors made for people are printed as one sentence, without a traceback; to be told to end is no error."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill`, a closing session and Ctrl-C end it alike
    try:
        app()
    except SettingError as error:
        _say(error)
        sys.exit(WRONG_USAGE)
    except StillGoing as error:
        _say(error)
        sys.exit(INTERRUPTED)
    except StreamcapError as error:
        _say(error)
        sys.exit(SOME_FAILED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer's answer to an interrupt
            _stop()
        raise
    sys.exit(ALL_IS_WELL)


def _stop() -> NoReturn:
    """End in order, but soon: a thread in the middle of a large file would hold that up, and what it writes has no name yet."""
    print("\nStopped. What was finished is kept; run the same command again to go on.", file=sys.stderr, flush=True)
    at_the_latest = threading.Timer(PATIENCE_S, os._exit, (INTERRUPTED,))
    at_the_latest.daemon = True
    at_the_latest.start()
    sys.exit(INTERRUPTED)


def _say(error: StreamcapError) -> None:
    print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
