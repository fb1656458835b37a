"""A local Hub, a storage with a small dataset, and real clients that find no other Hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import build


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A fresh one. What its client waits between tries of its own is left out."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(_http.time, "sleep", lambda seconds: None)
    with running() as emulator:
        yield emulator


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """With a dataset of three videos."""
    made = FolderStorage(tmp_path / "storage")
    build(made, ["clock", "life", "still"])
    return made
