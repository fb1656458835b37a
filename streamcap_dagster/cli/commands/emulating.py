"""Services of others, emulated on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from streamcap_dagster.cli.app import app

PANEL = "Emulate the services of others"


@app.command("emulate-gemini", rich_help_panel=PANEL)
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


@app.command("emulate-gcs", rich_help_panel=PANEL)
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
