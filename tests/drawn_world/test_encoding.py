"""Pictures become a video: the same ones the same file, and a failure leaves none."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamcap_dagster.drawn_world.brush import HEIGHT, WIDTH
from streamcap_dagster.drawn_world.encoding import EncodingFailed, encode
from streamcap_dagster.errors import MissingTool


def pictures(count: int = 24) -> Iterator[Image.Image]:
    for number in range(count):
        image = Image.new("RGB", (WIDTH, HEIGHT), "white")
        image.paste("red", (10 * number, 40, 10 * number + 60, 120))
        yield image


def shown(video: Path) -> np.ndarray:
    """All pictures of a video as ffmpeg decodes them."""
    command = ["ffmpeg", "-loglevel", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)


def fake_ffmpeg(folder: Path, script: str) -> None:
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_video_shows_the_pictures_it_was_made_of(tmp_path: Path) -> None:
    encode(pictures(), tmp_path / "v.mp4")
    decoded = shown(tmp_path / "v.mp4").astype(np.int16)
    assert len(decoded) == 24
    assert max(np.abs(decoded[number] - np.asarray(image)).mean() for number, image in enumerate(pictures())) < 3


def test_the_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        encode(pictures(), tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_without_ffmpeg_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=r"ffmpeg is needed for drawing videos .* Install it"):
        encode(pictures(), tmp_path / "v.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("complaint", "fix"),
    [("v.mp4: No space left on device", "Free some space"), ("Unknown encoder 'libx264'", "Install an FFmpeg with libx264")],
)
def test_what_ffmpeg_complains_of_is_told_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, fix: str) -> None:
    fake_ffmpeg(tmp_path, f'head -c 100 > /dev/null; echo "{complaint}" >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(EncodingFailed) as failed:
        encode(pictures(), tmp_path / "v.mp4")
    assert complaint in str(failed.value)
    assert fix in str(failed.value)


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    """The kernel refuses every write to /dev/full as if it were."""
    (tmp_path / ".v.mp4.part").symlink_to("/dev/full")
    with pytest.raises(EncodingFailed, match="Free some space"):
        encode(pictures(), tmp_path / "v.mp4")


def test_a_film_that_breaks_off_leaves_the_older_video(tmp_path: Path) -> None:
    def broken() -> Iterator[Image.Image]:
        yield from pictures(3)
        raise KeyboardInterrupt

    encode(pictures(), tmp_path / "v.mp4")
    before = (tmp_path / "v.mp4").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        encode(broken(), tmp_path / "v.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]
    assert (tmp_path / "v.mp4").read_bytes() == before
