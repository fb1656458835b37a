"""A video that cannot be decoded as far as its clips need is an error that says so, never a hole and never a repeated picture."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from streamcap_dagster import ffprobe
from streamcap_dagster.errors import DecodeError
from streamcap_dagster.frames.timeline import read_timeline
from tests.frames.numbered import H264, numbered_video, presented, probed
from tests.frames.sampled import sampled
from tests.media import ffmpeg

both_decoders = pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])


def _kept(path: Path, share: float) -> Path:
    data = path.read_bytes()
    cut = path.with_stem("cut")
    cut.write_bytes(data[: int(len(data) * share)])
    return cut


@both_decoders
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.gif"])
def test_a_truncated_tail_is_an_error(tmp_path: Path, name: str, decoder: str) -> None:
    arguments = () if name.endswith("gif") else (*H264, "-movflags", "+faststart") if name.endswith("mp4") else H264
    whole = numbered_video(tmp_path / name, 80, arguments=arguments)
    with pytest.raises(DecodeError, match=r"video numbered: a frame is needed at 2.750 s, but the pictures in the file end at .* Get a whole copy"):
        sampled(_kept(whole, 0.6), video=probed(whole), decoder=decoder)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_pictures_whose_neighbours_are_cut_off_do_not_count(tmp_path: Path, name: str) -> None:
    whole = numbered_video(tmp_path / name, 80, arguments=(*H264, "-movflags", "+faststart") if name.endswith("mp4") else H264)
    facts = probed(whole)
    gaps = {gap for share in range(50, 70) for gap in np.diff(read_timeline(_kept(whole, share / 100), facts).pts).tolist()}
    assert gaps == set(np.diff(presented(whole)).tolist())


@both_decoders
def test_what_lies_before_a_truncated_tail_can_still_be_sampled(tmp_path: Path, decoder: str) -> None:
    whole = numbered_video(tmp_path / "a.mp4", 80, arguments=(*H264, "-movflags", "+faststart"))
    _, frames = sampled(_kept(whole, 0.6), 0.0, windows=2, video=probed(whole), decoder=decoder)
    assert len(frames) == 4


@both_decoders
def test_pictures_that_cannot_be_decoded_are_an_error(tmp_path: Path, decoder: str) -> None:
    video = numbered_video(tmp_path / "a.mp4", 100, arguments=("-c:v", "mjpeg", "-q:v", "3", "-movflags", "+faststart"))
    facts = probed(video)
    data = np.frombuffer(video.read_bytes(), dtype=np.uint8).copy()
    data[len(data) // 2 : len(data) * 3 // 4] = 0
    video.write_bytes(data.tobytes())
    with pytest.raises(DecodeError, match=r"the picture at \d\.\d{3} s cannot be decoded"):
        sampled(video, video=facts, decoder=decoder)


@both_decoders
def test_a_last_picture_that_lasts_is_no_truncated_tail(tmp_path: Path, decoder: str) -> None:
    video = numbered_video(tmp_path / "a.gif", 10, fps="10", arguments=("-final_delay", "200"))
    _, frames = sampled(video, video=probed(video, duration_s=2.9), decoder=decoder)
    assert [frame.pts_s for frame in frames] == [0.0, 0.2, 0.5, 0.7] + [0.9] * 6


@both_decoders
def test_an_empty_file_is_an_error(tmp_path: Path, decoder: str) -> None:
    video = numbered_video(tmp_path / "a.mp4", 60)
    facts = probed(video)
    video.write_bytes(b"")
    with pytest.raises(DecodeError, match="holds no whole picture"):
        sampled(video, video=facts, decoder=decoder)


def test_a_script_that_names_other_files_is_refused(tmp_path: Path) -> None:
    other = numbered_video(tmp_path / "other.mp4", 60)
    script = tmp_path / "script.mp4"
    script.write_text(f"ffconcat version 1.0\nfile {other.name}\n")
    with pytest.raises(DecodeError, match="holds no whole picture"):
        sampled(script, video=probed(other))


def test_ffmpeg_is_told_what_it_may_open(tmp_path: Path) -> None:
    playlist = tmp_path / "playlist.mp4"
    whole = numbered_video(tmp_path / "other.ts", 60)
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{whole}\n#EXT-X-ENDLIST\n")
    ffmpeg("-i", whole, "-c", "copy", tmp_path / "whole.mp4")
    with pytest.raises(DecodeError, match="holds no whole picture"):
        sampled(playlist, video=probed(tmp_path / "whole.mp4"))


def _instead_of_ffprobe(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "bin").mkdir()
    program = folder / "bin" / "ffprobe"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_a_reading_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = numbered_video(tmp_path / "a.mp4", 60)
    facts = probed(video)
    _instead_of_ffprobe(tmp_path, monkeypatch, "exec sleep 20")
    monkeypatch.setattr(ffprobe, "_PATIENCE_S", 0.2)
    with pytest.raises(DecodeError, match=r"video numbered: ffprobe was stopped before it had read it .* then run again"):
        read_timeline(video, facts)


def test_a_reading_that_ends_badly_is_not_taken_for_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = numbered_video(tmp_path / "a.mp4", 80, arguments=H264)
    facts = probed(video)
    whole = read_timeline(video, facts)
    _instead_of_ffprobe(tmp_path, monkeypatch, f'{shutil.which("ffprobe")} "$@" | head -n 40\nexit 1')
    begun = read_timeline(video, facts)
    assert begun.pts.tolist() == whole.pts[: len(begun.pts)].tolist()
    assert len(begun.pts) < 40


def test_a_file_that_ffprobe_gives_up_on_at_once_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = numbered_video(tmp_path / "a.mp4", 60)
    facts = probed(video)
    _instead_of_ffprobe(tmp_path, monkeypatch, "echo 'stream 0: partial file' >&2; exit 1")
    with pytest.raises(DecodeError, match=r"holds no whole picture \(stream 0: partial file\)"):
        read_timeline(video, facts)
