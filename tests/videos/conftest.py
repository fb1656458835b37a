"""A local Hub and a source that is scanned, for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos import catalog
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.probe import Probed, probe_video
from tests.media import make_video
from tests.videos.hub_dataset import HubDataset
from tests.videos.scanned import Project


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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of two different small videos."""
    folder = tmp_path_factory.mktemp("made")
    return {colour: make_video(folder / f"{colour}.mp4", 1, "64x48", "25", f"color={colour}").read_bytes() for colour in ("red", "blue")}


@pytest.fixture
def project(tmp_path: Path, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path / "source", FolderStorage(tmp_path / "storage"))
    (project.folder / "sub").mkdir(parents=True)
    (project.folder / "a.mp4").write_bytes(made["red"])
    (project.folder / "sub" / "b.mp4").write_bytes(made["blue"])

    def hash_and_remember(path: Path) -> str:
        project.read.append(f"hash {path.name}")
        return hash_file(path)

    def probe_and_remember(path: Path, uri: str) -> Probed:
        project.read.append(f"probe {path.name}")
        return probe_video(path, uri)

    monkeypatch.setattr(catalog, "hash_file", hash_and_remember)
    monkeypatch.setattr(catalog, "probe_video", probe_and_remember)
    return project
