"""Both decoders find the picture that is on screen at each target, whatever the container, the rate and the codec."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frames.numbered import H264, numbered_video, probed, read_number
from tests.frames.sampled import on_screen, sampled

_IRREGULAR = ("-vf", "settb=1/90000,setpts='(N+0.4*mod(N,3)+if(gt(N,60),25,0))/25/TB'", "-fps_mode", "passthrough", "-enc_time_base", "1/90000")
_OPEN_GOP = ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "25", "-x264-params", "open-gop=1", "-pix_fmt", "yuv420p")
_REFRESH = ("-c:v", "libx264", "-preset", "fast", "-bf", "0", "-g", "25", "-x264-params", "intra-refresh=1", "-pix_fmt", "yuv420p")
_HEVC_10_BIT = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "open-gop=1:keyint=25:bframes=3:log-level=none", "-pix_fmt", "yuv420p10le")
_VP8 = ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "200k", "-deadline", "good", "-cpu-used", "5")
_VP9 = ("-c:v", "libvpx-vp9", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "300k", "-cpu-used", "8", "-deadline", "realtime")


def _cut_inside_a_gop(path: Path) -> Path:
    """A stream copy from 1.5 s on: its edit list hides the pictures back to the key frame."""
    whole = numbered_video(path.with_stem("whole"), 110)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", "1.5", "-i", whole, "-c", "copy", path], check=True)
    return path


VIDEOS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "25 fps": ("a.mp4", lambda path: numbered_video(path, 80)),
    "29.97 fps": ("a.mp4", lambda path: numbered_video(path, 90, fps="30000/1001")),
    "23.976 fps, rounded to milliseconds": ("a.mkv", lambda path: numbered_video(path, 75, fps="24000/1001")),
    "50 fps, first timestamp not 0": ("a.ts", lambda path: numbered_video(path, 150, fps="50")),
    "120 fps": ("a.mp4", lambda path: numbered_video(path, 300, fps="120")),
    "2 fps": ("a.mp4", lambda path: numbered_video(path, 10, fps="2")),
    "1 fps gif": ("a.gif", lambda path: numbered_video(path, 5, fps="1", arguments=())),
    "10 fps gif": ("a.gif", lambda path: numbered_video(path, 30, fps="10", arguments=())),
    "irregular, mp4": ("a.mp4", lambda path: numbered_video(path, 80, arguments=(*_IRREGULAR, *H264))),
    "irregular, mkv": ("a.mkv", lambda path: numbered_video(path, 80, arguments=(*_IRREGULAR, *H264))),
    "starts at 3.3 s": ("a.mp4", lambda path: numbered_video(path, 80, arguments=(*H264, "-output_ts_offset", "3.3"))),
    "starts at 100 s": ("a.ts", lambda path: numbered_video(path, 80, arguments=(*H264, "-output_ts_offset", "100"))),
    "no presentation times": ("a.avi", lambda path: numbered_video(path, 80)),
    "packed B-frames": ("a.avi", lambda path: numbered_video(path, 80, arguments=("-c:v", "mpeg4", "-bf", "2", "-q:v", "3"))),
    "MPEG-2": ("a.ts", lambda path: numbered_video(path, 80, arguments=("-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-q:v", "3"))),
    "open GOP": ("a.mp4", lambda path: numbered_video(path, 80, arguments=_OPEN_GOP)),
    "no key frames but the first": ("a.mp4", lambda path: numbered_video(path, 80, arguments=_REFRESH)),
    "HEVC, 10 bit, open GOP": ("a.mp4", lambda path: numbered_video(path, 80, arguments=_HEVC_10_BIT)),
    "VP8": ("a.webm", lambda path: numbered_video(path, 60, arguments=_VP8)),
    "VP9": ("a.webm", lambda path: numbered_video(path, 60, arguments=_VP9)),
    "odd sizes": (
        "a.mp4",
        lambda path: numbered_video(path, 60, size=(161, 121), arguments=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")),
    ),
}
FOR_FFMPEG_ONLY = {"50 fps, first timestamp not 0", "starts at 100 s", "no presentation times", "packed B-frames", "MPEG-2", "no key frames but the first"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    name, make = VIDEOS[request.param]
    return make(tmp_path_factory.mktemp("video") / name)


@pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])
@pytest.mark.parametrize("video", VIDEOS, indirect=True)
def test_every_frame_is_the_picture_on_screen_at_its_target(video: Path, decoder: str) -> None:
    _, frames = sampled(video, decoder=decoder)
    assert [(read_number(frame.jpeg), frame.pts_s) for frame in frames] == on_screen(video, [frame.target_s for frame in frames])


@pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])
@pytest.mark.parametrize(
    "video", ["25 fps", "starts at 100 s", "no presentation times", "open GOP", "no key frames but the first", "irregular, mkv"], indirect=True
)
def test_a_clip_in_the_middle_is_as_exact_as_the_whole(video: Path, decoder: str) -> None:
    _, frames = sampled(video, 1.337, windows=3, decoder=decoder)
    assert [(read_number(frame.jpeg), frame.pts_s) for frame in frames] == on_screen(video, [frame.target_s for frame in frames])


@pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])
def test_a_timestamp_that_its_container_rounded_up_still_counts(tmp_path: Path, decoder: str) -> None:
    video = numbered_video(tmp_path / "a.mkv", 60, fps="30")
    _, frames = sampled(video, decoder=decoder, fps=6)
    assert [read_number(frame.jpeg) for frame in frames] == list(range(0, 60, 5))


@pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])
def test_what_an_edit_list_hides_is_not_counted(tmp_path: Path, decoder: str) -> None:
    video = _cut_inside_a_gop(tmp_path / "cut.mp4")
    _, frames = sampled(video, decoder=decoder)
    numbers = [number for number, _ in on_screen(video, [frame.target_s for frame in frames])]
    assert [read_number(frame.jpeg) for frame in frames] == [number + 38 for number in numbers]


@pytest.mark.parametrize("video", [name for name in VIDEOS if name not in FOR_FFMPEG_ONLY], indirect=True)
def test_torchcodec_itself_decodes_what_it_can(video: Path) -> None:
    report, _ = sampled(video, decoder="torchcodec")
    assert (report.decoder, report.notice) == ("torchcodec", "")


def test_a_video_whose_first_timestamp_was_read_from_decoding_times_is_exact(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.avi", 80)
    _, frames = sampled(video, video=probed(video, first_pts=0))
    assert [(read_number(frame.jpeg), frame.pts_s) for frame in frames] == on_screen(video, [frame.target_s for frame in frames])
