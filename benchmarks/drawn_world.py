"""What drawing a world costs: seconds of video per CPU second, beside ffmpeg alone, which encodes its test picture as long, as large and as finely.

CPU time is user and system, of this process and of the ffmpeg that it pipes to. Both take turns, and medians are compared.
"""

import resource
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from streamcap_dagster.drawn_world.brush import HEIGHT, WIDTH
from streamcap_dagster.drawn_world.encoding import CODING
from streamcap_dagster.drawn_world.stage import FPS
from streamcap_dagster.drawn_world.world import DrawnWorld, draw_world

VIDEOS = 6
REPEATS = 3
_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def measure() -> dict[str, object]:
    """`share_of_baseline` is how much of the speed of ffmpeg alone is left when every picture is also drawn, and its truth and contact sheet written."""
    ours, floor = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            before = _cpu_s()
            world = draw_world(Path(folder) / "world", VIDEOS, 0, lambda _: None)
            ours.append(_cpu_s() - before)
            floor.append(_baseline_cpu_s(Path(folder) / "test.mp4", _seconds(world)))
    seconds = _seconds(world)
    drawn, alone = seconds / median(ours), seconds / median(floor)
    return {
        "videos": VIDEOS,
        "video_s": seconds,
        "repeats": REPEATS,
        "video_s_per_cpu_s": round(drawn, 1),
        "ffmpeg_testsrc2_video_s_per_cpu_s": round(alone, 1),
        "share_of_baseline": round(drawn / alone, 3),
    }


def _seconds(world: DrawnWorld) -> float:
    return sum(truth.duration_s for truth in world.truths)


def _baseline_cpu_s(out: Path, seconds: float) -> float:
    picture = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={FPS}:duration={seconds}"
    before = _cpu_s()
    subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, *CODING, str(out)], check=True)
    return _cpu_s() - before


def _cpu_s() -> float:
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, _WHO))
