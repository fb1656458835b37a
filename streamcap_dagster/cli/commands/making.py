"""What makes a dataset, and tells beforehand what that takes."""

from typing import Annotated

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import CaptionerOption, JsonOption, SourceArgument, StorageOption

PANEL = "Make a dataset"


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
def doctor(source: SourceArgument = None, storage: StorageOption = None, captioner: CaptionerOption = None, as_json: JsonOption = False) -> None:
    """Check what a run needs — ffmpeg, decoder, storage, source, captioner, keys, disk — and say how to fix what is wrong."""
    from streamcap_dagster.cli.doctor import show_diagnosis
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_diagnosis(read_settings(source=source, storage=storage, captioner=captioner), as_json))
