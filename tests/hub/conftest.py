"""A local Hub, a storage with a small dataset, and a client that finds no other Hub."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import build


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the protocol that the emulator does not speak, and without what it waits between tries of its own."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=lambda seconds: None))


@pytest.fixture
def hub() -> Iterator[Running]:
    """A fresh one."""
    with running() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def _built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("built")
    build(FolderStorage(root), ["clock", "life", "still"])
    return root


@pytest.fixture
def storage(tmp_path: Path, _built_once: Path) -> FolderStorage:
    """With a dataset of three videos."""
    return FolderStorage(Path(shutil.copytree(_built_once, tmp_path / "storage")))
