"""`streamcap emulate-gemini` and `emulate-gcs`: services of Google's on this machine, to try the pipeline against without a key and without a bill."""

import errno
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer

from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import model_table
from streamcap_dagster.settings import Settings

_LATENCY = "--latency-ms"
_CONTENT_SHARE = 0.25
"""Blocked and broken-off answers for each transient fault, unless a share of their own is given."""


def emulate_gemini(settings: Settings, host: str, port: int, latency_ms: str, faults: float, content_faults: float | None, **more: Any) -> int:
    """Serve until interrupted; returns the exit status. `more` are further options of the emulator.

    Raises SettingError for an option that cannot work.
    """
    from streamcap_dagster.emulators.gemini.options import Options
    from streamcap_dagster.emulators.gemini.server import serve

    content = faults * _CONTENT_SHARE if content_faults is None else content_faults
    table = model_table(settings.model_table)
    options = Options(latency_ms=read_latency(latency_ms), faults=faults, content_faults=content, table=table, remember=False, **more)
    with _errors_by_option(host, port, "--journal"):
        service = serve(options, host, port, partial(_announce_gemini, "the-one-of---key" if options.key else "any"))
    typer.echo(json.dumps(service.journal.counts()))
    return 0


def emulate_gcs(host: str, port: int, bucket: str, latency_ms: str, **more: Any) -> int:
    """Serve until interrupted; returns the exit status. `more` are further options of the emulator.

    Raises SettingError for an option that cannot work.
    """
    from streamcap_dagster.emulators.gcs.names import is_bucket_name
    from streamcap_dagster.emulators.gcs.options import Options
    from streamcap_dagster.emulators.gcs.server import serve

    if not is_bucket_name(bucket):
        raise SettingError("--bucket", bucket, "give 3 to 63 of the lower-case letters, digits, dots, dashes and underscores, such as my-captions")
    options = Options(buckets=(bucket,), latency_ms=read_latency(latency_ms), remember=False, **more)
    with _errors_by_option(host, port, "--folder"):
        service = serve(options, host, port, partial(_announce_gcs, bucket))
    typer.echo(json.dumps(service.journal.counts()))
    return 0


@contextmanager
def _errors_by_option(host: str, port: int, files: str) -> Iterator[None]:
    """`files` is the option that names what is written to."""
    try:
        yield
    except OSError as error:
        if error.filename:
            raise SettingError(files, error.filename, f"it cannot be written ({error.strerror})") from error
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise SettingError("--host", host, f"{error.strerror or error}; give an address of this machine, such as 127.0.0.1") from error
        raise SettingError("--port", port, f"{error.strerror or error}; give another, or 0 for any that is free") from error


def read_latency(text: str) -> tuple[float, float]:
    """`A..B` or one number, in milliseconds."""
    least, _, most = text.partition("..")
    try:
        latency = float(least), float(most or least)
    except ValueError:
        latency = (-1.0, -1.0)
    if not 0 <= latency[0] <= latency[1] < float("inf"):
        raise SettingError(_LATENCY, text, "give milliseconds as A..B, the smaller first, such as 800..2500")
    return latency


def _announce_gemini(key: str, url: str) -> None:
    """The first line is what another terminal needs."""
    typer.echo(f"export STREAMCAP_GEMINI_BASE_URL={url} GEMINI_API_KEY={key}")
    typer.echo(f"The Gemini emulator serves at {url} and counts at {url}/. Set the two variables above where streamcap runs; Ctrl-C ends it.")


def _announce_gcs(bucket: str, url: str) -> None:
    """The first line is what another terminal needs."""
    typer.echo(f"export STORAGE_EMULATOR_HOST={url} STREAMCAP_STORAGE=gs://{bucket}/captions")
    typer.echo(
        f"The storage emulator serves the bucket {bucket} at {url} and counts at {url}/. Set the two variables above where streamcap runs; Ctrl-C ends it."
    )
