"""Frames have the shape that a player shows: upright, square pixels, progressive, never enlarged."""

import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamcap_dagster.frames.pictures import frame_size
from streamcap_dagster.records import Video
from tests.frames.numbered import H264, numbered_video, presented, probed, read_number
from tests.frames.sampled import sampled
from tests.media import ffmpeg

both_decoders = pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])


def _numbers(path: Path, decoder: str) -> tuple[list[int], set[tuple[int, int]]]:
    report, frames = sampled(path, decoder=decoder, frame_height=96)
    assert report.decoder == decoder
    return [read_number(frame.jpeg) for frame in frames], {Image.open(BytesIO(frame.jpeg)).size for frame in frames}


@both_decoders
@pytest.mark.parametrize(("turns", "degrees"), [(3, 90), (2, 180), (1, 270)])
def test_a_rotated_video_is_upright(tmp_path: Path, decoder: str, turns: int, degrees: int) -> None:
    coded = numbered_video(tmp_path / "coded.mp4", 50, size=(160, 120), turns=turns)
    ffmpeg("-i", coded, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", tmp_path / "rotated.mp4")
    expected = (128, 96) if turns == 2 else (72, 96)
    assert _numbers(tmp_path / "rotated.mp4", decoder) == ([0, 6, 12, 18, 25, 31, 37, 43], {expected})


@both_decoders
def test_pixels_that_are_not_square_are_made_square(tmp_path: Path, decoder: str) -> None:
    video = numbered_video(tmp_path / "wide.mp4", 50, arguments=(*H264, "-vf", "setsar=4/3"))
    assert _numbers(video, decoder) == ([0, 6, 12, 18, 25, 31, 37, 43], {(170, 96)})


@both_decoders
def test_both_decoders_see_the_same_colours(tmp_path: Path, decoder: str) -> None:
    video = tmp_path / "colours.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=c=0xC04020:size=640x360:rate=25:duration=2", *H264, video)
    _, frames = sampled(video, decoder=decoder)
    middle = np.asarray(Image.open(BytesIO(frames[0].jpeg)), dtype=int)[180, 320]
    assert np.abs(middle - [0xC0, 0x40, 0x20]).max() <= 4


@pytest.mark.parametrize(
    ("shown", "height", "size"),
    [
        ((1920, 1080), 384, (683, 384)),
        ((640, 360), 384, (640, 360)),
        ((1080, 1920), 384, (216, 384)),
        ((1, 5000), 384, (1, 384)),
        ((161, 121), 120, (160, 120)),
    ],
)
def test_frames_are_scaled_down_to_the_height_and_never_up(shown: tuple[int, int], height: int, size: tuple[int, int]) -> None:
    video = Video(video_id="v", uri="v", sha256="", size_bytes=1, display_width=shown[0], display_height=shown[1], status="ok")
    assert frame_size(video, height) == size


@both_decoders
def test_an_interlaced_video_shows_no_combs(tmp_path: Path, decoder: str) -> None:
    video = tmp_path / "interlaced.mp4"
    stripes = "geq=lum='255*lt(mod(X-8*N,64),32)':cb=128:cr=128"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"color=size=320x240:rate=50:duration=3,{stripes},interlace=scan=tff:lowpass=0",
        "-c:v",
        "libx264",
        "-flags",
        "+ildct+ilme",
        "-x264opts",
        "tff=1",
        video,
    )
    assert probed(video).interlaced
    report, frames = sampled(video, decoder=decoder)
    grey = np.asarray(Image.open(BytesIO(frames[4].jpeg)).convert("L"), dtype=int)
    combed = np.abs(grey[1:-1] * 2 - grey[:-2] - grey[2:]).mean()
    assert report.decoder == "ffmpeg"
    assert combed < 10


@both_decoders
def test_a_video_that_changes_its_size_keeps_one_frame_size(tmp_path: Path, decoder: str) -> None:
    parts = [numbered_video(tmp_path / f"{width}.ts", 50, size=(width, width * 3 // 4)) for width in (160, 320)]
    video = tmp_path / "both.mkv"
    joined = f"concat:{parts[0]}|{parts[1]}"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", joined, "-c", "copy", video], check=True, capture_output=True)
    assert len(presented(video)) >= 90
    _, sizes = _numbers(video, decoder)
    assert sizes == {(128, 96)}
