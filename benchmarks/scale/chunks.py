"""How many videos a run of a backfill should take: what starting a run costs each video, against how many a killed run leaves unfinished.

Each run is a process of its own, as a launcher starts it: Python, the definitions, the instance, a range of partitions.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import peak_mb, run_module
from benchmarks.scale.graph import inputs
from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.wiring import build_definitions

VIDEOS = 100
CHUNKS = (1, 5, 10, 25, 50, 100)
MOST_RUNS = 4
"""Of one size; the others would take as long."""


def measure() -> dict[str, object]:
    """A row per chunk size: seconds for all videos one run after another, the part that is starting, and videos lost with a run that is killed."""
    with tempfile.TemporaryDirectory() as folder:
        inputs(Path(folder), VIDEOS)
        return {"videos": VIDEOS, "chunks": [_of_size(Path(folder), chunk) for chunk in CHUNKS]}


def _of_size(folder: Path, chunk: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        answers = str(folder / "answers.jsonl")
        settings = read_settings(source=str(folder / "videos"), storage=f"{scratch}/data", captioner="recorded", recorded_answers=answers, decoder="ffmpeg")
        run_module(__spec__.name, settings, "catalog", home=scratch)
        starts = range(0, VIDEOS, chunk)
        runs = [_timed(settings, scratch, start, start + chunk - 1) for start in list(starts)[:MOST_RUNS]]
    wall_s, inside_s = (sum(run[name] for run in runs) / len(runs) for name in ("wall", "seconds"))
    return {
        "chunk": chunk,
        "runs": len(starts),
        "s_for_all": round(wall_s * len(starts), 1),
        "starting_ms_per_video": round((wall_s - inside_s) * 1000 / chunk),
        "work_ms_per_video": round(inside_s * 1000 / chunk),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "unfinished_when_killed_at_most": chunk,
    }


def _timed(settings: Settings, home: str, first: int, last: int) -> dict[str, float]:
    began = time.monotonic()
    figures = run_module(__spec__.name, settings, "walk", str(first), str(last), home=home)
    return {**figures, "wall": time.monotonic() - began}


def _run(what: str, *span: str) -> None:
    """The catalog, or a range of videos, in this process; prints what it took."""
    with open_instance() as instance:
        graph = Graph(build_definitions(read_settings()), instance)
        began = time.monotonic()
        if what == "catalog":
            graph.make(["video_catalog"])
        else:
            first, last = map(int, span)
            graph.make_videos([asset.name for asset in PER_VIDEO], instance.get_dynamic_partitions("videos")[first : last + 1])
        print(json.dumps({"seconds": time.monotonic() - began, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _run(*sys.argv[1:])
    else:
        print(json.dumps(measure(), indent=1))
