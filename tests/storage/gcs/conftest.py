"""A bucket and a storage in an emulated Google Cloud Storage, where waiting before another try is short."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.storage.gcs import GcsStorage, faults, open_storage
from streamcap_dagster.storage.gcs.bucket import Bucket
from tests.gcs import BUCKET


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(faults, "_LONGEST_WAIT_S", 0.2)


@pytest.fixture
def bucket(gcs: Running) -> Bucket:
    return Bucket(BUCKET, connections=8, deadline_s=5)


@pytest.fixture
def opened(gcs: Running, tmp_path: Path) -> Callable[[], GcsStorage]:
    """Opens the same prefix anew, as another process would."""
    return lambda: open_storage(f"gs://{BUCKET}/data", tmp_path / "cache", cache_gb=1, connections=8, deadline_s=5)


@pytest.fixture
def storage(opened: Callable[[], GcsStorage]) -> GcsStorage:
    return opened()
