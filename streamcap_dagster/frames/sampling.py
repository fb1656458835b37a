"""Taking the frames of one video: from its clips to a Parquet file of JPEGs. Runs in a worker process, in bounded memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image

from streamcap_dagster.frames.decoding import FALLBACK, Choice, choose_decoder
from streamcap_dagster.frames.pictures import Picture, PictureNotFound, Stretch, frame_size, seconds_of
from streamcap_dagster.policies import Sampling, Windowing, frames_per_window
from streamcap_dagster.records import Clip, Clips, Frame, Video
from streamcap_dagster.storage.frame_table import write_frames


@dataclass(frozen=True)
class SamplingJob:
    """Everything needed to sample one video; travels to another process."""

    video: Video
    path: Path
    """The video file. It is only read."""
    clips: Clips
    windowing: Windowing
    sampling: Sampling
    out: Path
    """The Parquet file to write."""


@dataclass(frozen=True)
class SamplingReport:
    """What sampling a video came to. `notice` is a sentence for the user when another decoder was used than the one asked for."""

    frames: int
    decoder: str
    notice: str


def sample_frames(job: SamplingJob) -> SamplingReport:
    """Write the frames of a video. Raises DecodeError when a picture that is needed cannot be decoded; `out` is not whole then."""
    if not job.clips.clips:
        return SamplingReport(write_frames(job.out, (), job.sampling.decoder), job.sampling.decoder, "")
    choice = choose_decoder(job.sampling.decoder, job.video)
    try:
        frames = write_frames(job.out, _frames(job, choice), choice.name)
    except PictureNotFound as missing:
        notice = f"{choice.name} did not find the picture of {missing.at_s:.3f} s in video {job.video.video_id}, so {FALLBACK} decoded it instead."
        choice = replace(choose_decoder(FALLBACK, job.video), notice=notice)
        frames = write_frames(job.out, _frames(job, choice), choice.name)
    return SamplingReport(frames, choice.name, choice.notice)


def stretches(clips: Clips, windowing: Windowing, sampling: Sampling) -> list[Stretch]:
    """The target times of all clips in order, in as few stretches as possible: clips that follow on each other share one."""
    found: list[Stretch] = []
    for stretch in (stretch for clip in clips.clips for stretch in _of_clip(clip, windowing, sampling)):
        if found and found[-1].step == stretch.step and found[-1].stop == stretch.start:
            found[-1] = replace(found[-1], count=found[-1].count + stretch.count)
        else:
            found.append(stretch)
    return found


def _of_clip(clip: Clip, windowing: Windowing, sampling: Sampling) -> Iterator[Stretch]:
    for window in range(clip.windows):
        start = _exact(clip.start_s) + window * _exact(windowing.window_duration_s)
        yield Stretch(start, 1 / _exact(sampling.fps), frames_per_window(sampling, windowing))


def _exact(number: float) -> Fraction:
    """The number that was meant: a third for 0.3333333333333333, 29.97 for 29.97."""
    return Fraction(number).limit_denominator(1_000_000)


def _frames(job: SamplingJob, choice: Choice) -> Iterator[Frame]:
    size = frame_size(job.video, job.sampling.frame_height)
    pictures = choice.decoder.pictures(job.path, job.video, stretches(job.clips, job.windowing, job.sampling), size)
    last_pts, jpeg, sha256 = None, b"", ""
    for (clip, window, k, target), picture in zip(_places(job), pictures, strict=True):
        if picture.pts != last_pts:
            last_pts, jpeg = picture.pts, _jpeg(picture, job.sampling.jpeg_quality)
            sha256 = hashlib.sha256(jpeg).hexdigest()
        yield Frame(clip, window, k, float(target), seconds_of(job.video, picture.pts), size.width, size.height, sha256, jpeg)


def _places(job: SamplingJob) -> Iterator[tuple[int, int, int, Fraction]]:
    """Clip, window, index in the window and target time of every frame."""
    for clip in job.clips.clips:
        for window, stretch in enumerate(_of_clip(clip, job.windowing, job.sampling)):
            yield from ((clip.clip, window, k, target) for k, target in enumerate(stretch))


def _jpeg(picture: Picture, quality: int) -> bytes:
    encoded = BytesIO()
    Image.fromarray(picture.rgb).save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()
