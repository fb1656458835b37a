"""The only place that starts ffprobe, walled in: local files, known demuxers, a time limit, and a name is only ever a name."""

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Generic, TypeVar

from streamcap_dagster.errors import MissingTool, VideoUnreadable

T = TypeVar("T")

PROTOCOLS: Final = "file"
DEMUXERS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,gif"
"""What FFmpeg's programs may open: a file that names other files or addresses (a playlist, a concat script) is refused."""

_GUARD = ("-v", "error", "-protocol_whitelist", PROTOCOLS, "-format_whitelist", DEMUXERS)
_PATIENCE_S = 60.0
_SLOWEST_BYTES_PER_S = 1_000_000
_COMPLAINTS_KEPT = 1 << 15
_REFUSED = re.compile(r"\[([\w,]+) @ [^\]]*\] Format not on whitelist")
_INSTALL = "Install FFmpeg: `sudo apt-get install ffmpeg` (Debian, Ubuntu) or `brew install ffmpeg` (macOS)."


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What was made of ffprobe's lines, whether it ended well, and what it complained about: the first and the last of it when it is very much."""

    value: T
    ended_well: bool
    complaints: str

    @property
    def refused_demuxer(self) -> str:
        """The demuxer that ffprobe wanted for this file and was not allowed to use."""
        refused = _REFUSED.search(self.complaints)
        return refused[1] if refused else ""


def ask_ffprobe(path: Path, uri: str, arguments: Sequence[str], read: Callable[[Iterable[str]], T]) -> Answer[T]:
    """Run ffprobe on a file and give its lines to `read` while it runs, so that no answer is held whole.

    Raises VideoUnreadable when it has to be stopped, MissingTool when there is no ffprobe.
    """
    limit_s = _PATIENCE_S + path.stat().st_size / _SLOWEST_BYTES_PER_S
    value, status, complaints = _run(["-hide_banner", *_GUARD, *arguments, "-i", f"file:{path.absolute()}"], limit_s, read)
    if status < 0:
        why = f"ffprobe was stopped before it had read it (limit {limit_s:.0f} s)"
        raise VideoUnreadable(uri, why, "Check the disk it lies on; the next scan tries again.")
    return Answer(value, status == 0, complaints)


def ffprobe_version() -> str:
    """The version that ffprobe gives itself, such as `7.1.1` or `N-118000-g8b9a2c1`. Raises MissingTool when there is none that runs."""
    said, status, _ = _run(["-version"], _PATIENCE_S, "".join)
    if status != 0:
        raise MissingTool("an ffprobe that runs", "reading what a video file holds", _INSTALL)
    words = said.split(maxsplit=3)
    return words[2] if words[:2] == ["ffprobe", "version"] else ""


def _run(arguments: Sequence[str], limit_s: float, read: Callable[[Iterable[str]], T]) -> tuple[T, int, str]:
    """What `read` made of its lines, its exit status (below zero when it was stopped), and its complaints."""
    with tempfile.TemporaryFile() as complaints, _started(["ffprobe", *arguments], complaints) as process:
        watchdog = threading.Timer(limit_s, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            value = read(process.stdout)
            status = process.wait()
        finally:
            watchdog.cancel()
            process.kill()
        return value, status, _kept(complaints)


def _kept(complaints: IO[bytes]) -> str:
    """Why a file cannot be opened is said first, that it is cut short is said last."""
    size_bytes = complaints.seek(0, os.SEEK_END)
    complaints.seek(0)
    kept = complaints.read(_COMPLAINTS_KEPT)
    complaints.seek(max(complaints.tell(), size_bytes - _COMPLAINTS_KEPT))
    return (kept + complaints.read()).decode("utf-8", "replace")


def _started(command: Sequence[str], complaints: IO[bytes]) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise MissingTool("ffprobe", "reading what a video file holds", _INSTALL) from error
