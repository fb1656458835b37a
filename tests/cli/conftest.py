"""Projects for the commands: one small video, or three tiny ones in a catalog, and nothing made yet."""

import shutil
from pathlib import Path

import pytest

from streamcap_dagster.cli.backfill import Manner, run_backfill
from streamcap_dagster.cli.backfill_plan import Wanted
from streamcap_dagster.settings import PREFIX, Settings, read_settings
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


@pytest.fixture(scope="session")
def _cataloged(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three videos of a second, which is too short for a clip, and a file that is no video: quick to make."""
    project = Project(tmp_path_factory.mktemp("cataloged"))
    for name in ("a", "b", "c"):
        make_video(project.source / f"{name}.mp4", seconds=1, size="160x120", fps="10", picture=f"color=0x{ord(name):02x}0000")
    (project.source / "notes.mp4").write_text("this is no video")
    with pytest.MonkeyPatch.context() as patch:
        _enter(project, patch)
        assert run_backfill(read_settings(), Wanted(), Manner(catalog=True, dry_run=True)) == 0
    return project


@pytest.fixture
def ready(tmp_path: Path, _cataloged: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project as this process's own, with a catalog and nothing made."""
    root = tmp_path / "ready"
    shutil.copytree(_cataloged.root, root)
    project = Project(root)
    _enter(project, monkeypatch)
    return project


def _enter(project: Project, patch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_HOME", "STREAMCAP_SOURCE", "STREAMCAP_STORAGE", "STREAMCAP_DECODER"):
        patch.setenv(name, project.env[name])
