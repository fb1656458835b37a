"""What is wrong with frames is found and named: each fault alone, and none in frames as they are taken."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.frames.checking import frame_faults
from streamcap_dagster.frames.sampling import SamplingJob, sample_frames
from streamcap_dagster.policies import frames_per_window
from streamcap_dagster.records import Clip, Clips, Frame, Video
from streamcap_dagster.storage.frame_table import read_frames, write_frames
from tests.frames.sampled import sampling_job
from tests.media import make_video


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> SamplingJob:
    """Two clips of two windows of half a second, of two frames each, taken from a real video."""
    job = sampling_job(make_video(tmp_path_factory.mktemp("checked") / "a.mp4", seconds=3, size="64x48", fps="12"), 0.0, 1.5, windows=2)
    sample_frames(job)
    return job


def faults(job: SamplingJob, frames: Sequence[Frame] | None = None, video: Video | None = None, clips: Clips | None = None) -> list[str]:
    path = job.out
    if frames is not None:
        path = job.out.with_name("broken.parquet")
        write_frames(path, frames, "by hand")
    return list(frame_faults(video or job.video, clips or job.clips, path, frames_per_window(job.sampling, job.windowing)))


def broken(job: SamplingJob, row: int, **more: object) -> list[Frame]:
    """The frames of the video, one of them changed."""
    frames = list(read_frames(job.out))
    frames[row] = replace(frames[row], **more)
    return frames


def with_clip(job: SamplingJob, number: int, **more: object) -> Clips:
    clips = [clip.model_copy(update=more) if clip.clip == number else clip for clip in job.clips.clips]
    return job.clips.model_copy(update={"clips": tuple(clips)})


def test_frames_as_they_are_taken_have_no_fault(job: SamplingJob) -> None:
    assert faults(job) == []


def test_frames_of_a_video_with_few_pictures_have_no_fault(tmp_path: Path) -> None:
    """Each stays on screen for several windows, long after it was presented."""
    job = sampling_job(make_video(tmp_path / "slow.mp4", seconds=4, size="64x48", fps="1"))
    sample_frames(job)

    assert faults(job) == []


def test_a_window_with_a_frame_too_few_is_named(job: SamplingJob) -> None:
    frames = list(read_frames(job.out))
    assert faults(job, [frame for frame in frames if frame is not frames[1]]) == ["window 0 of clip 0 has 1 of its 2 frames"]


def test_a_window_without_frames_is_named(job: SamplingJob) -> None:
    assert faults(job, list(read_frames(job.out))[:-2]) == ["window 1 of clip 1 has 0 of its 2 frames"]


def test_frames_of_a_window_that_does_not_exist_are_named(job: SamplingJob) -> None:
    clips = with_clip(job, 1, windows=1, end_s=2.0)
    assert faults(job, clips=clips) == ["window 1 of clip 1 has frames, but there is no such window"]


def test_a_frame_that_is_shown_after_its_time_is_named(job: SamplingJob) -> None:
    assert faults(job, broken(job, 7, pts_s=2.4)) == ["frame 1 of window 1 of clip 1 is shown at 2.4 s, after its time, 2.25 s"]


def test_a_frame_that_is_shown_before_the_one_before_it_is_named(job: SamplingJob) -> None:
    assert faults(job, broken(job, 7, pts_s=1.75)) == ["frame 1 of window 1 of clip 1 is shown at 1.75 s, before the one that it follows, at 2 s"]


def test_a_frame_that_is_taken_at_another_time_is_named(job: SamplingJob) -> None:
    assert faults(job, broken(job, 7, target_s=2.3)) == ["frame 1 of window 1 of clip 1 is taken at 2.3 s, when its window has none"]


@pytest.mark.parametrize("spoil", [lambda jpeg: jpeg[: len(jpeg) // 2], lambda jpeg: b"", lambda jpeg: b"no picture at all"], ids=["cut", "empty", "other"])
def test_a_jpeg_that_does_not_open_is_named(job: SamplingJob, spoil: object) -> None:
    jpeg = spoil(list(read_frames(job.out))[4].jpeg)  # type: ignore[operator]
    (fault,) = faults(job, broken(job, 4, jpeg=jpeg, sha256="another"))
    assert fault.startswith("the JPEG of frame 0 of window 0 of clip 1 does not open: ")


def test_a_jpeg_of_another_size_than_listed_is_named(job: SamplingJob) -> None:
    assert faults(job, broken(job, 0, width=640)) == ["the JPEG of frame 0 of window 0 of clip 0 is 64 x 48 pixels, not 640 x 48 as listed"]


def test_a_clip_that_ends_after_its_video_is_named(job: SamplingJob) -> None:
    video = job.video.model_copy(update={"duration_s": 2.25})
    assert faults(job, video=video) == ["clip 1 ends at 2.5 s, after the video, which ends at 2.25 s"]


def test_a_clip_that_is_not_its_windows_long_is_named(job: SamplingJob) -> None:
    assert faults(job, clips=with_clip(job, 1, end_s=2.75)) == ["clip 1 from 1.5 s to 2.75 s does not last its 2 windows of 0.5 s"]


def test_clips_out_of_order_are_named(job: SamplingJob) -> None:
    again = Clip(clip=2, start_s=1.5, end_s=2.5, windows=2, reason="again")
    later = [replace(frame, clip=2) for frame in read_frames(job.out) if frame.clip == 1]
    clips = job.clips.model_copy(update={"clips": (*job.clips.clips, again)})
    assert faults(job, [*read_frames(job.out), *later], clips=clips) == ["clip 2 at 1.5 s does not come after clip 1 at 1.5 s"]
