"""Thousands of real videos through the whole graph on one machine: `streamcap run` with recorded answers, in two sizes so that what grows is seen.

The videos are one tiny real file under many names, so that what is measured is the pipeline's own work and not a decoder's. What Dagster adds is
the difference to the same walk without it, of the smaller size: as in `benchmarks.orchestration`, but of one pair of runs.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.orchestration import recorded_answers, timed_pairs
from benchmarks.processes import run_module
from benchmarks.scale.corpus import tiny_video
from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.settings import PREFIX, read_settings
from streamcap_dagster.storage import keys

SMALL, LARGE = 500, 2000
TARGET_MS = 20.0


def measure() -> dict[str, object]:
    """Wall time, milliseconds a video and asset, and peak memory of both sizes; Dagster's share of the smaller one."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_run(Path(folder, str(videos)), videos) for videos in (SMALL, LARGE))
        dataset = _dataset(Path(folder, str(LARGE)))
        ((plain, dagster),) = timed_pairs(Path(folder, str(SMALL), "videos"), Path(folder, str(SMALL), "answers.jsonl"), repeats=1)
    made = SMALL * len(PER_VIDEO)
    return {
        f"run_of_{SMALL}": small,
        f"run_of_{LARGE}": large,
        "hf_dataset": dataset,
        "memory_per_added_video_kb": round((large["peak_mb"] - small["peak_mb"]) * 1000 / (LARGE - SMALL)),
        "dagster_wall_ms_per_video_asset": round((dagster["wall"] - plain["wall"]) * 1000 / made, 2),
        "dagster_cpu_ms_per_video_asset": round((dagster["cpu"] - plain["cpu"]) * 1000 / made, 2),
        "target_ms": TARGET_MS,
    }


def _run(folder: Path, videos: int) -> dict[str, float]:
    """`streamcap run` on so many videos; it writes everything below the folder."""
    inputs(folder, videos)
    command = [sys.executable, "-m", "streamcap_dagster.cli", "run", str(folder / "videos"), "--storage", str(folder / "data"), "--captioner", "recorded"]
    settings = {"RECORDED_ANSWERS": str(folder / "answers.jsonl"), "DECODER": "ffmpeg"}
    env = {**os.environ, "DAGSTER_HOME": str(folder), **{PREFIX + name: value for name, value in settings.items()}}
    began = time.monotonic()
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - began
    assert status == 0, (folder / "run.log").read_text()[-3000:]
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "wall_s": round(wall_s, 1),
        "ms_per_video_asset": round(wall_s * 1000 / (videos * len(PER_VIDEO)), 2),
        "peak_mb": round(usage.ru_maxrss * unit / 1e6),
        "instance_mb": round(sum(file.stat().st_size for file in folder.glob("history/**/*") if file.is_file()) / 1e6),
    }


def _dataset(folder: Path) -> dict[str, float]:
    """`hf_dataset` made once more from what the run has left: MB of Parquet a second, in a process of its own."""
    settings = read_settings(source=str(folder / "videos"), storage=str(folder / "data"), captioner="offline", decoder="ffmpeg")
    (folder / "data" / keys.receipts("_hf_dataset")).unlink()
    figures = run_module("benchmarks.scale.dataset", settings, "hf_dataset")
    written_mb = sum(file.stat().st_size for file in (folder / "data" / keys.DATASET).rglob("*.parquet")) / 1e6
    return {**figures, "mb": round(written_mb, 1), "mb_per_s": round(written_mb / figures["seconds"], 1)}


def inputs(folder: Path, videos: int) -> None:
    """So many names of one tiny video, and recorded answers for each."""
    names = [f"v{number:05d}" for number in range(videos)]
    (folder / "videos").mkdir(parents=True)
    first = folder / "videos" / f"{names[0]}.mp4"
    tiny_video(first)
    for name in names[1:]:
        (folder / "videos" / f"{name}.mp4").hardlink_to(first)
    recorded_answers(folder / "answers.jsonl", names)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
