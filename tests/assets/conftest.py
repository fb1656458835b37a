"""Projects to try the graph on: three small real videos, made once and copied."""

import shutil
from pathlib import Path

import pytest

from tests.assets.project import Project
from tests.media import make_video

VIDEOS = {"clock": "testsrc2", "life": "testsrc", "still": "color=c=teal"}


@pytest.fixture(scope="session")
def three_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clock and life always move, still never does; 7 s each, so three windows and a rest."""
    folder = tmp_path_factory.mktemp("three")
    for name, picture in VIDEOS.items():
        make_video(folder / f"{name}.mp4", seconds=7, size="160x120", fps="15", picture=picture)
    return folder


@pytest.fixture
def project(tmp_path: Path, three_videos: Path) -> Project:
    """A project with three videos and nothing made yet."""
    shutil.copytree(three_videos, tmp_path / "videos")
    return Project(tmp_path)


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory, three_videos: Path) -> Project:
    root = tmp_path_factory.mktemp("made")
    shutil.copytree(three_videos, root / "videos")
    project = Project(root)
    done = project.streamcap("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def made(tmp_path: Path, _made_once: Project) -> Project:
    """A project in which `streamcap run` has made everything."""
    shutil.copytree(_made_once.root, tmp_path / "made")
    return Project(tmp_path / "made")


@pytest.fixture
def undisturbed(_made_once: Project) -> dict[str, str]:
    """Hashes of the final files of a run that nothing disturbed."""
    return _made_once.final_files()
