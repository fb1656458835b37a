"""An emulated Google Cloud Storage for tests; the client finds it by STORAGE_EMULATOR_HOST."""

from collections.abc import Iterator

import pytest

from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running

BUCKET = "bucket"


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A fresh one with an empty bucket named `bucket`."""
    with running(Options(buckets=(BUCKET,))) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator
