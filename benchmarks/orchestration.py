"""What Dagster costs: a run of 100 tiny videos through all per-video assets, against the same walk without Dagster.

Both make the same objects in a fresh storage with a captioner that costs nothing. The difference, divided by videos and assets, is the overhead: in wall time,
which counts what else the machine is doing, and in CPU time of the process and its workers, which does not.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.walk import Finished, walk_videos
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import build_definitions, captioner_for, source_for, storage_for

VIDEOS = 100
REPEATS = 2
TARGET_MS = 20.0


def measure() -> dict[str, object]:
    """Milliseconds of Dagster per video and asset, the median of a few pairs of runs."""
    load = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory() as folder:
        answers, source = _inputs(Path(folder))
        pairs = timed_pairs(source, answers, REPEATS)
    made = VIDEOS * len(PER_VIDEO)
    figures: dict[str, object] = {"videos": VIDEOS, "assets_per_video": len(PER_VIDEO), "load": load, "target_ms": TARGET_MS}
    for kind in ("wall", "cpu"):
        figures[f"plain_{kind}_s"] = round(median(plain[kind] for plain, _ in pairs), 2)
        figures[f"dagster_{kind}_s"] = round(median(dagster[kind] for _, dagster in pairs), 2)
        figures[f"overhead_{kind}_ms_per_video_asset"] = round(median((dagster[kind] - plain[kind]) * 1000 / made for plain, dagster in pairs), 2)
    return figures


def _inputs(folder: Path) -> tuple[Path, Path]:
    """So many names of one tiny video, and a file of recorded answers for each."""
    source = folder / "videos"
    source.mkdir()
    first = source / "v000.mp4"
    command = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=64x48:rate=8:duration=4",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        str(first),
    ]
    subprocess.run(command, check=True)
    for number in range(1, VIDEOS):
        (source / f"v{number:03d}.mp4").hardlink_to(first)
    answers = folder / "answers.jsonl"
    recorded_answers(answers, [f"v{number:03d}" for number in range(VIDEOS)])
    return answers, source


def recorded_answers(path: Path, video_ids: Sequence[str]) -> None:
    """What the recorded captioner says of videos of two windows."""
    lines = [line for video_id in video_ids for line in _answers(video_id)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _answers(video_id: str) -> list[dict[str, object]]:
    place = {"video_id": video_id, "clip": 0}
    return [
        {**place, "window": 0, "caption": "A test picture."},
        {**place, "window": 1, "caption": "The clock goes on."},
        {**place, "window": 1, "objectives": ["clock goes on"]},
    ]


def timed_pairs(source: Path, answers: Path, repeats: int) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Seconds of wall and CPU of walks of all videos without Dagster and with it, each in a process of its own and in a copy of what cataloging left."""
    with tempfile.TemporaryDirectory() as cataloged:
        _timed("catalog", source, answers, cataloged)
        return [(_walked("plain", source, answers, cataloged), _walked("dagster", source, answers, cataloged)) for _ in range(repeats)]


def _walked(how: str, source: Path, answers: Path, cataloged: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(cataloged, folder, dirs_exist_ok=True)
        return _timed(how, source, answers, folder)


def _timed(how: str, source: Path, answers: Path, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.orchestration", how, str(source), str(answers), folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {how}: {figures['wall']:.0f} s, {figures['cpu']:.0f} s of CPU", flush=True)  # a walk takes long enough for somebody to wonder
    return figures


def _one_walk(how: str, source: str, answers: str, folder: str) -> None:
    os.environ["DAGSTER_HOME"] = folder
    settings = read_settings(source=source, storage=f"{folder}/data", captioner="recorded", recorded_answers=answers, decoder="ffmpeg")
    job = build_definitions(settings).resolve_implicit_global_asset_job_def()
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance() as instance:
        began, spent = time.monotonic(), _cpu_s()
        if how == "catalog":
            job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("video_catalog")], run_config=quiet)
        elif how == "plain":
            asyncio.run(_plain_walk(settings))
        else:
            first, *_, last = instance.get_dynamic_partitions("videos")
            tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
            keys = [dg.AssetKey(asset.name) for asset in PER_VIDEO]
            assert job.execute_in_process(instance=instance, asset_selection=keys, tags=tags, run_config=quiet).success
        print(json.dumps({"wall": time.monotonic() - began, "cpu": _cpu_s() - spent}))


def _cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended; the workers of a walk have when it is over."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


async def _plain_walk(settings: Settings) -> None:
    storage = storage_for(settings).open()
    results: list[Finished | Failure] = []
    async with DecodePool(settings.decode_workers) as decoding:
        captioner = captioner_for(settings).bare()
        shop = Workshop(settings, source_for(settings).open(), storage, captioner, decoding=decoding)
        await walk_videos(list(read_manifest(storage).values()), PER_VIDEO, shop, results.append)
    assert not [result for result in results if isinstance(result, Failure)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _one_walk(*sys.argv[1:])
    else:
        print(json.dumps(measure(), indent=1))
