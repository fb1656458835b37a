"""Projects for the commands: one small video, and nothing made yet."""

import shutil
from pathlib import Path

import pytest

from streamcap_dagster.settings import PREFIX, Settings
from tests.assets.project import Project
from tests.gcs import gcs
from tests.media import make_video

__all__ = ["gcs"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def _one_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("one") / "clock.mp4", seconds=25, size="640x360", fps="30")


@pytest.fixture
def project(tmp_path: Path, _one_video: Path) -> Project:
    """A project with one video that takes some seconds to decode."""
    project = Project(tmp_path / "project")
    shutil.copy(_one_video, project.source)
    return project
