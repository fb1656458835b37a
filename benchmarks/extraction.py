"""What dense sampling costs: CPU seconds per second of 1080p H.264, by decoder, against the floor of only decoding it with ffmpeg.

Every figure is the CPU time (user and system) of a fresh process and its children; floor and decoders take turns, and medians are compared.
"""

import json
import os
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from statistics import median

from streamcap_dagster.frames.sampling import SamplingJob, sample_frames
from streamcap_dagster.policies import Sampling, Windowing
from streamcap_dagster.records import Clip, Clips, Video

WORK = Path(__file__).parent / ".work"
SECONDS = 60
REPEATS = 3
TARGET = 1.25
"""The most that the default decoder may cost, as a multiple of the floor."""

_PICTURES = "gradients=size=1920x1080:rate=30:speed=0.02:seed=1,format=yuv420p[back];testsrc2=size=960x540:rate=30[front];"
_MOTION = "[back][front]overlay=x='480+400*sin(t)':y='270+200*cos(1.3*t)',noise=alls=12:allf=t"


def measure() -> dict[str, object]:
    """Both decoders beside the floor. `ratio` counts the import of torch and numpy over a single video, `ratio_without_import` leaves it out."""
    clip = make_clip()
    floors: list[float] = []
    runs: dict[str, list[dict[str, float]]] = {"torchcodec": [], "ffmpeg": []}
    for _ in range(REPEATS):
        floors.append(_floor_cpu_s(clip))
        for decoder, costs in runs.items():
            costs.append(_sampling_cpu_s(clip, decoder))
    floor = median(floors)
    figures: dict[str, object] = {"video_s": SECONDS, "repeats": REPEATS, "target_ratio": TARGET, "floor_cpu_s_per_video_s": round(floor / SECONDS, 4)}
    for decoder, costs in runs.items():
        sampling, importing = median(cost["sampling"] for cost in costs), median(cost["importing"] for cost in costs)
        figures[decoder] = {
            "cpu_s_per_video_s": round(sampling / SECONDS, 4),
            "import_cpu_s": round(importing, 2),
            "ratio_without_import": round(sampling / floor, 3),
            "ratio": round((sampling + importing) / floor, 3),
            "ratio_over_an_hour": round((sampling * 3600 / SECONDS + importing) / (floor * 3600 / SECONDS), 3),
        }
    return figures


def make_clip(seconds: int = SECONDS) -> Path:
    """A minute of 1080p H.264 at 30 frames per second and 6 Mbit/s: moving patterns under film grain, a key frame every 60."""
    WORK.mkdir(exist_ok=True)
    clip = WORK / f"extraction-{seconds}s.mp4"
    if not clip.exists():
        new = clip.with_stem(f"{clip.stem}-new")
        encoding = ["-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-bf", "2", "-b:v", "6M", "-pix_fmt", "yuv420p"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-filter_complex", _PICTURES + _MOTION, *encoding, str(new)], check=True)
        new.replace(clip)
    return clip


def job_for(clip: Path, decoder: str, seconds: int = SECONDS) -> SamplingJob:
    """The whole clip at the default settings."""
    video = Video(
        video_id="extraction", uri=clip.name, sha256="", size_bytes=clip.stat().st_size, container="mp4", codec="h264", width=1920, height=1080,
        display_width=1920, display_height=1080, duration_s=seconds, fps=30.0, time_base="1/15360", first_pts=0, status="ok",
    )  # fmt: skip
    clips = Clips(video_id="extraction", window_duration_s=2.0, clips=(Clip(clip=0, start_s=0.0, end_s=seconds, windows=seconds // 2, reason="benchmark"),))
    return SamplingJob(video, clip, clips, Windowing(), Sampling.model_validate({"decoder": decoder}), clip.with_suffix(f".{decoder}.parquet"))


def _floor_cpu_s(clip: Path) -> float:
    before = _cpu_s(resource.RUSAGE_CHILDREN)
    subprocess.run(["ffmpeg", "-v", "error", "-threads", "1", "-i", str(clip), "-f", "null", "-"], check=True)
    return _cpu_s(resource.RUSAGE_CHILDREN) - before


def _sampling_cpu_s(clip: Path, decoder: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.extraction", decoder, str(clip)], check=True, capture_output=True, text=True, cwd=WORK.parents[1])
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def _sample_in_this_process(decoder: str, clip: Path) -> dict[str, float]:
    """What importing cost up to here and the decoder's own imports, then what sampling cost."""
    job = job_for(clip, decoder)
    import_module(f"streamcap_dagster.frames.{decoder}_decoder")
    imported = _cpu_s(resource.RUSAGE_SELF)
    report = sample_frames(job)
    assert (report.decoder, report.frames) == (decoder, SECONDS * 4), report
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"importing": imported, "sampling": _cpu_s(resource.RUSAGE_SELF) + _cpu_s(resource.RUSAGE_CHILDREN) - imported, "peak_mb": peak_kb / 1024}


def _cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    os.chdir(WORK.parents[1])
    result: object = _sample_in_this_process(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) == 3 else measure()
    print(json.dumps(result, indent=1))
