"""Writes pictures as an H.264 video through a pipe to ffmpeg: the same pictures make the same file, with the same ffmpeg."""

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from PIL import Image

from streamcap_dagster.drawn_world.brush import HEIGHT, WIDTH
from streamcap_dagster.drawn_world.stage import FPS
from streamcap_dagster.errors import MissingTool, StreamcapError

_PICTURES: Final = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0")
CODING: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", str(2 * FPS), "-bf", "0", "-threads", "1")
_EXACT: Final = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4")

_FULL: Final = "no space left"


class EncodingFailed(StreamcapError):
    """ffmpeg did not write a video."""

    def __init__(self, video: Path, why: str) -> None:
        fix = (
            "Free some space, then run the same command again: what is finished is kept."
            if _FULL in why.lower()
            else "Install an FFmpeg with libx264 (Debian's has it)."
        )
        super().__init__(f"{video} could not be written by ffmpeg: {why}. {fix}")


def encode(pictures: Iterable[Image.Image], video: Path) -> None:
    """Write a video; an older one of that name is replaced only by a whole one. Raises MissingTool and EncodingFailed."""
    new = video.with_name(f".{video.name}.part")
    try:
        with tempfile.TemporaryFile() as complaints:
            status = _piped(pictures, new, complaints)
            if status != 0:
                raise EncodingFailed(video, _complaint(complaints) or f"it ended with status {status}")
        new.replace(video)
    finally:
        new.unlink(missing_ok=True)


def _piped(pictures: Iterable[Image.Image], video: Path, complaints: IO[bytes]) -> int:
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *_PICTURES, *CODING, *_EXACT, f"file:{video.absolute()}"]
    try:
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints)
    except FileNotFoundError as error:
        raise MissingTool("ffmpeg", "drawing videos", "Install it (apt install ffmpeg, or brew install ffmpeg).") from error
    with encoder:
        assert encoder.stdin is not None
        try:
            for picture in pictures:
                encoder.stdin.write(picture.tobytes())
            encoder.stdin.close()
        except BrokenPipeError:
            pass  # it has ended, and says why itself
        except BaseException:
            encoder.kill()
            raise
        return encoder.wait()


def _complaint(complaints: IO[bytes]) -> str:
    """The line that tells of a full disk, since others follow from it, else the last."""
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines() or [""]
    told = next((line for line in lines if _FULL in line.lower()), lines[-1])
    return told.strip().rstrip(".")
