"""What an hour of video costs in requests to Google Cloud Storage: counted for two lengths of a video, to tell what a window takes from what a video takes."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import running

SHORT_S, LONG_S = 20, 60
WINDOW_S = 2.0
WINDOWS_AN_HOUR = 1800
CLASS_A_USD, CLASS_B_USD = 0.005 / 1000, 0.0004 / 1000
"""List prices of Standard storage in one region, 2026; requests that delete cost nothing."""
_CLASS_A = ("list", "patch", "rewrite", "compose", "restore", "upload_whole", "upload_start", "bucket_list", "bucket_insert", "bucket_patch")
_CLASS_B = ("get", "download", "bucket_get", "bucket_permissions")


def of_an_hour() -> dict[str, object]:
    """Requests and dollars of one hour of video in which every window is asked, with images for the JSON files and without, and of a second run."""
    return {"with_json_images": _counted("on"), "without_json_images": _counted("off")}


def _counted(images: str) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        short, long = _runs(Path(folder, "short"), SHORT_S, images), _runs(Path(folder, "long"), LONG_S, images)
    windows = (LONG_S - SHORT_S) / WINDOW_S
    figures: dict[str, object] = {}
    for run, first, second in zip(("first", "again"), short, long, strict=True):
        each = {kind: (second[kind] - first[kind]) / windows for kind in ("class_a", "class_b")}
        fixed = {kind: first[kind] - each[kind] * SHORT_S / WINDOW_S for kind in each}
        hour = {kind: fixed[kind] + each[kind] * WINDOWS_AN_HOUR for kind in each}
        figures |= {f"{run}_{kind}_an_hour": round(count) for kind, count in hour.items()}
        figures[f"{run}_usd_an_hour"] = round(hour["class_a"] * CLASS_A_USD + hour["class_b"] * CLASS_B_USD, 4)
    return figures


def _runs(folder: Path, seconds: int, images: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Requests of a run of one video and of the run after it."""
    videos = folder / "videos"
    videos.mkdir(parents=True)
    picture = f"testsrc2=size=160x120:rate=10:duration={seconds}"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, str(videos / "video.mp4")], check=True)
    (folder / "dagster.yaml").touch()
    with running(Options(buckets=("bench",), remember=False)) as gcs:
        counts = []
        for _ in range(2):
            gcs.journal.clear()
            _run(folder, gcs.url, images)
            counts.append(_classes(gcs.journal.by_kind))
    return counts[0], counts[1]


def _run(folder: Path, url: str, images: str) -> None:
    settings = {"CACHE": str(folder / "cache"), "DECODER": "ffmpeg", "JSON_IMAGES": images, "NO_CHANGE_THRESHOLD": "0"}
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": url, "DAGSTER_HOME": str(folder), **{f"STREAMCAP_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "streamcap_dagster.cli", "run", str(folder / "videos"), "--storage", "gs://bench/data", "--captioner", "offline"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _classes(by_kind: Mapping[str, int]) -> Mapping[str, int]:
    return {"class_a": sum(by_kind.get(kind, 0) for kind in _CLASS_A), "class_b": sum(by_kind.get(kind, 0) for kind in _CLASS_B)}
