"""A local Hub for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamcap_dagster.emulators.hub.server import Running, running
from tests.media import make_video
from tests.videos.hub_dataset import HubDataset


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Running]:
    """A fresh one, and no token of whoever runs the tests."""
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no_token"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with running() as emulator:
        yield emulator


@pytest.fixture
def dataset(hub: Running, tmp_path: Path) -> HubDataset:
    return HubDataset(hub, tmp_path)


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small video."""
    return make_video(tmp_path_factory.mktemp("video") / "red.mp4", 1, "64x48", "25", "color=red").read_bytes()
