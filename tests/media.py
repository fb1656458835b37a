"""Real video files for tests, made with ffmpeg."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg; the test fails with its own words when it fails."""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make_video(
    path: Path,
    seconds: float = 6.0,
    size: str = "320x240",
    fps: str = "30",
    picture: str = "testsrc2",
    arguments: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
) -> Path:
    """A video of a lavfi picture source (`testsrc2`, `color=red`, …); `arguments` are ffmpeg's output options."""
    path.parent.mkdir(parents=True, exist_ok=True)
    separator = ":" if "=" in picture else "="
    ffmpeg("-f", "lavfi", "-i", f"{picture}{separator}size={size}:rate={fps}:duration={seconds}", *arguments, path)
    return path
