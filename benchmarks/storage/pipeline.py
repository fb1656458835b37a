"""The whole pipeline on 100 short videos, in a folder and in a bucket at 20 ms, each in a fresh process; then once more, when all of it is made."""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.storage.service import BUCKET, emulated

VIDEOS, SECONDS = 100, 6
LATENCY_MS = 20
REPEATS = 1


def beside_a_folder() -> dict[str, object]:
    """Wall seconds of each (the median of the pairs of runs), and the ratio."""
    first: dict[str, list[float]] = {"folder": [], "bucket": []}
    again: dict[str, list[float]] = {"folder": [], "bucket": []}
    with TemporaryDirectory() as videos:
        _make_videos(Path(videos))
        for _ in range(REPEATS):
            with TemporaryDirectory() as work, emulated(LATENCY_MS):
                for where, storage in (("folder", f"{work}/data"), ("bucket", f"gs://{BUCKET}/data")):
                    first[where].append(_run(videos, storage, Path(work, where)))
                    again[where].append(_run(videos, storage, Path(work, where)))
    return {
        "videos": VIDEOS,
        "latency_ms": LATENCY_MS,
        **{f"{where}_s": round(median(times), 2) for where, times in first.items()},
        **{f"{where}_again_s": round(median(times), 2) for where, times in again.items()},
        "ratio": round(median(bucket / folder for folder, bucket in zip(first["folder"], first["bucket"], strict=True)), 2),
        "ratio_again": round(median(bucket / folder for folder, bucket in zip(again["folder"], again["bucket"], strict=True)), 2),
        "target_ratio": 1.3,
    }


def _make_videos(folder: Path) -> None:
    """One video of its own picture for each number."""
    for number in range(VIDEOS):
        picture = f"testsrc2=size=320x240:rate=30:duration={SECONDS},hue=h={number * 3}"
        command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        subprocess.run([*command, str(folder / f"v{number:03d}.mp4")], check=True)


def _run(videos: str, storage: str, own: Path) -> float:
    """Wall seconds of one `streamcap run` with an instance and a cache of its own."""
    own.mkdir(exist_ok=True)
    (own / "dagster.yaml").touch()
    environment = {**os.environ, "DAGSTER_HOME": str(own), "STREAMCAP_CACHE": str(own / "cache"), "STREAMCAP_DECODER": "ffmpeg"}
    command = [sys.executable, "-m", "streamcap_dagster.cli", "run", videos, "--storage", storage, "--captioner", "offline"]
    began = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return time.monotonic() - began
