import errno
import hashlib
import io
import os
import tracemalloc
from pathlib import Path
from typing import IO, Any

import pytest

from streamcap_dagster.errors import SourceChanged, UnusableVideo
from streamcap_dagster.records import Video
from streamcap_dagster.videos import copying
from streamcap_dagster.videos.copying import copy_video, hash_file

whole_open = Path.open
CONTENT = os.urandom(9 << 20)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "a.mp4"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def listed(content: bytes = CONTENT) -> Video:
    return Video(video_id="a", uri="a.mp4", sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content), status="ok")


@pytest.mark.parametrize("link", ["copy", "hard"])
def test_the_copy_has_the_same_bytes(original: Path, tmp_path: Path, link: str) -> None:
    copy_video(original, listed(), tmp_path / "copy.mp4", link)
    assert (tmp_path / "copy.mp4").read_bytes() == CONTENT


def test_a_copy_does_not_change_with_its_original(original: Path, tmp_path: Path) -> None:
    copy_video(original, listed(), tmp_path / "copy.mp4", "copy")
    with original.open("r+b") as file:
        file.write(b"other")
    assert (tmp_path / "copy.mp4").read_bytes() == CONTENT


def test_a_hard_link_takes_no_space_where_the_file_system_cannot_clone(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_cloned", lambda original, copy: False)
    copy_video(original, listed(), tmp_path / "copy.mp4", "hard")
    assert (tmp_path / "copy.mp4").samefile(original)


def test_a_hard_link_to_a_linked_video_is_one_to_the_video(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_cloned", lambda original, copy: False)
    (tmp_path / "link.mp4").symlink_to(original)
    copy_video(tmp_path / "link.mp4", listed(), tmp_path / "copy.mp4", "hard")
    assert not (tmp_path / "copy.mp4").is_symlink()


def test_a_hard_link_across_file_systems_becomes_a_copy(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_device(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_device)
    copy_video(original, listed(), tmp_path / "copy.mp4", "hard")
    assert (tmp_path / "copy.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("link", ["copy", "hard"])
def test_other_bytes_than_the_catalogs_leave_nothing(original: Path, tmp_path: Path, link: str) -> None:
    with pytest.raises(SourceChanged, match=r"video a: 'a\.mp4' has other bytes"):
        copy_video(original, listed(b"what the catalog saw"), tmp_path / "copy.mp4", link)
    assert not (tmp_path / "copy.mp4").exists()
    assert original.read_bytes() == CONTENT


@pytest.mark.parametrize("link", ["copy", "hard"])
def test_a_video_that_is_gone_is_named(tmp_path: Path, link: str) -> None:
    with pytest.raises(UnusableVideo, match=r"'a\.mp4': it cannot be read: No such file or directory\. Check .*video_catalog"):
        copy_video(tmp_path / "gone.mp4", listed(), tmp_path / "copy.mp4", link)
    assert not (tmp_path / "copy.mp4").exists()


class Forbidden(io.RawIOBase):
    def __init__(self) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")


class BadDisk(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("link", ["copy", "hard"])
@pytest.mark.parametrize(("disk", "why"), [(Forbidden, "Permission denied"), (BadDisk, "Input/output error")])
def test_a_video_that_cannot_be_read_is_named_and_leaves_nothing(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: type[io.RawIOBase], why: str, link: str
) -> None:
    def opened(path: Path, mode: str) -> IO[Any]:
        return disk() if path.exists() and path.samefile(original) else whole_open(path, mode)

    monkeypatch.setattr(copying, "_cloned", lambda original, copy: False)
    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(UnusableVideo, match=rf"'a\.mp4': it cannot be read: {why}\."):
        copy_video(original, listed(), tmp_path / "copy.mp4", link)
    assert not (tmp_path / "copy.mp4").exists()


def test_a_full_storage_is_not_blamed_on_the_video(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(path: Path, mode: str) -> IO[Any]:
        if mode != "xb":
            return whole_open(path, mode)
        path.touch()
        return Full()

    monkeypatch.setattr(copying, "_cloned", lambda original, copy: False)
    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(OSError, match="No space left on device"):
        copy_video(original, listed(), tmp_path / "copy.mp4", "copy")
    assert not (tmp_path / "copy.mp4").exists()


def test_a_storage_that_is_gone_is_not_blamed_on_the_video(original: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_video(original, listed(), tmp_path / "gone" / "copy.mp4", "copy")


def test_a_large_video_is_never_in_memory_whole(tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    video = listed(bytes(64 << 20))
    tracemalloc.start()
    copy_video(large, video, tmp_path / "copy.mp4", "copy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_hash_is_the_sha256_of_the_bytes(original: Path) -> None:
    assert hash_file(original) == hashlib.sha256(CONTENT).hexdigest()
