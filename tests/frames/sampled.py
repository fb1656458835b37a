"""Sampling a test video, and the picture that was on screen at each target according to ffprobe alone."""

from fractions import Fraction
from pathlib import Path

from streamcap_dagster.frames.sampling import SamplingJob, SamplingReport, sample_frames
from streamcap_dagster.policies import Sampling, Windowing
from streamcap_dagster.records import Clip, Clips, Frame, Video
from streamcap_dagster.storage.frame_table import read_frames
from tests.frames.numbered import presented, probed
from tests.media import ffmpeg, make_video


def sampling_job(path: Path, *starts_s: float, windows: int = 4, video: Video | None = None, **sampling: object) -> SamplingJob:
    """Clips of windows of half a second; the whole video in one clip when no start is given."""
    video = video or probed(path)
    windowing = Windowing(window_duration_s=0.5)
    if not starts_s:
        starts_s, windows = (0.0,), int(video.duration_s * 2)
    clips = tuple(Clip(clip=number, start_s=start_s, end_s=start_s + windows / 2, windows=windows, reason="test") for number, start_s in enumerate(starts_s))
    policy = Sampling.model_validate({"decoder": "ffmpeg"} | sampling)
    return SamplingJob(video, path, Clips(video_id=video.video_id, window_duration_s=0.5, clips=clips), windowing, policy, path.with_suffix(".parquet"))


def long_job(folder: Path) -> SamplingJob:
    """A job that keeps ffmpeg busy for longer than any test waits; the folder keeps its video."""
    short, long = folder / "short.mp4", folder / "long.mp4"
    if not long.exists():
        make_video(short, seconds=2, size="640x360")
        ffmpeg("-stream_loop", "999", "-i", short, "-c", "copy", long)
    return sampling_job(long, video=probed(short, duration_s=1990.0))


def sampled(path: Path, *starts_s: float, windows: int = 4, video: Video | None = None, **sampling: object) -> tuple[SamplingReport, list[Frame]]:
    job = sampling_job(path, *starts_s, windows=windows, video=video, **sampling)
    report = sample_frames(job)
    return report, list(read_frames(job.out))


def on_screen(path: Path, targets_s: list[float]) -> list[tuple[int, float]]:
    """For each target the number of the picture on screen, counted in order of presentation, and the second it appeared at."""
    time_base = Fraction(probed(path).time_base)
    ticks = presented(path)
    seconds = [(tick - ticks[0]) * time_base for tick in ticks]
    numbers = [sum(1 for at in seconds if at <= Fraction(target_s).limit_denominator(10_000) + time_base / 2) - 1 for target_s in targets_s]
    return [(number, float(seconds[number])) for number in numbers]
