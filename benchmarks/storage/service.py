"""The emulator of Google Cloud Storage as a process of its own, and our storage in it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from streamcap_dagster.resources.storage import GcsStorageResource
from streamcap_dagster.storage import Storage

BUCKET = "bench"
CONNECTIONS = 32
DEADLINE_S = 60.0


@contextmanager
def emulated(latency_ms: int) -> Iterator[str]:
    """The address of an emulator that takes so long for each answer; for the length of the block Google's client goes there."""
    command = [sys.executable, "-m", "streamcap_dagster.cli", "emulate-gcs", "--port", "0", "--bucket", BUCKET, "--latency-ms", f"{latency_ms}..{latency_ms}"]
    before = os.environ.get("STORAGE_EMULATOR_HOST", "")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            os.environ["STORAGE_EMULATOR_HOST"] = process.stdout.readline().split("STORAGE_EMULATOR_HOST=")[1].split()[0]
            yield os.environ["STORAGE_EMULATOR_HOST"]
        finally:
            os.environ["STORAGE_EMULATOR_HOST"] = before
            process.send_signal(signal.SIGINT)


@contextmanager
def bucket_storage(prefix: str) -> Iterator[Storage]:
    """A storage under a prefix, with an empty cache."""
    with TemporaryDirectory() as cache:
        yield open_bucket(prefix, Path(cache))


def open_bucket(prefix: str, cache: Path) -> Storage:
    uri = f"gs://{BUCKET}/{prefix}"
    return GcsStorageResource(uri=uri, cache=str(cache), cache_gb=20, connections=CONNECTIONS, deadline_s=DEADLINE_S).open()
