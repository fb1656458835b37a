"""What is probed of usable videos, on real files of every container and kind of timing."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from streamcap_dagster import ffprobe
from streamcap_dagster.errors import MissingTool, VideoUnreadable
from streamcap_dagster.videos.probe import PROBE_VERSION, Probed, probe_video, probed_by
from tests.media import ffmpeg, make_video

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
NTSC = 30000 / 1001
FILM = 24000 / 1001


def probe(path: Path) -> Probed:
    return probe_video(path, path.name)


def timestamps_on_screen(path: Path) -> list[int]:
    """What FFmpeg's own decoder presents, in ticks."""
    command = ["ffprobe", "-v", "quiet", "-select_streams", "V:0", "-show_entries", "frame=best_effort_timestamp", "-of", "csv=p=0", f"file:{path}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [int(line.strip(",")) for line in lines if line.strip(",")]


@pytest.fixture(scope="module")
def ntsc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """29.97 fps with B-frames and sound; 6.006 s."""
    path = tmp_path_factory.mktemp("ntsc") / "ntsc.mp4"
    picture = "testsrc2=size=320x240:rate=30000/1001:duration=6"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=duration=6", *X264, "-bf", "2", "-c:a", "aac", path)
    return path


def test_everything_asked_for_is_probed(ntsc: Path) -> None:
    assert probe(ntsc) == Probed(
        container="mp4",
        codec="h264",
        width=320,
        height=240,
        display_width=320,
        display_height=240,
        rotation=0,
        duration_s=6.006,
        fps=NTSC,
        variable_fps=False,
        interlaced=False,
        audio=True,
        time_base="1/30000",
        first_pts=0,
    )


@pytest.mark.parametrize("fps", ["24000/1001", "25", "30000/1001", "50", "60", "60000/1001", "120", "2"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_rate_and_the_length_of_a_steady_video_are_exact_in_spite_of_rounded_timestamps(tmp_path: Path, fps: str, suffix: str) -> None:
    path = make_video(tmp_path / f"v.{suffix}", fps=fps, size="64x48", arguments=(*X264, "-frames:v", "90"), seconds=60)
    probed = probe(path)
    assert (probed.fps, probed.duration_s, probed.variable_fps) == (float(Fraction(fps)), float(90 / Fraction(fps)), False)


@pytest.mark.parametrize(
    ("suffix", "arguments", "container", "codec"),
    [
        ("mov", X264, "mov", "h264"),
        ("m4v", X264, "mov", "h264"),
        ("mkv", X264, "matroska", "h264"),
        ("webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"), "webm", "vp8"),
        ("avi", ("-c:v", "mpeg4"), "avi", "mpeg4"),
        ("ts", X264, "mpegts", "h264"),
        ("gif", (), "gif", "gif"),
    ],
)
def test_every_container_is_probed(tmp_path: Path, suffix: str, arguments: tuple[str, ...], container: str, codec: str) -> None:
    probed = probe(make_video(tmp_path / f"v.{suffix}", size="64x48", seconds=2, fps="25", arguments=arguments))
    assert (probed.container, probed.codec, probed.duration_s, probed.fps, probed.variable_fps) == (container, codec, 2.0, 25.0, False)


def test_centisecond_delays_of_a_gif_are_no_variable_rate(tmp_path: Path) -> None:
    probed = probe(make_video(tmp_path / "v.gif", size="64x48", seconds=3, fps="30", arguments=()))
    assert (probed.variable_fps, probed.fps, probed.duration_s) == (False, 30.0, 3.0)


def with_gaps(path: Path, kept: str) -> Path:
    """Four seconds at 30 fps with only the pictures that a filter expression keeps. Matroska keeps gaps that FFmpeg would fill in an MP4."""
    gaps = path.with_suffix(".mkv")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=30:duration=4", "-vf", f"select='{kept}'", *X264, gaps)
    if path != gaps:
        ffmpeg("-i", gaps, "-c", "copy", path)
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_variable_rate_is_flagged_and_its_mean_given(tmp_path: Path, suffix: str) -> None:
    probed = probe(with_gaps(tmp_path / f"v.{suffix}", "if(lt(t,2),1,not(mod(n,3)))"))
    assert probed.variable_fps
    assert probed.fps == pytest.approx(80 / 4, rel=0.03)
    assert probed.duration_s == pytest.approx(3.94, abs=0.03)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_one_dropped_picture_makes_the_rate_variable(tmp_path: Path, suffix: str) -> None:
    assert probe(with_gaps(tmp_path / f"v.{suffix}", "not(eq(n,50))")).variable_fps


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_a_start_other_than_zero_is_kept_and_not_counted_as_length(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v.{suffix}"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2", *X264, "-bf", "2", "-output_ts_offset", "10", "-avoid_negative_ts", "disabled", path)
    probed = probe(path)
    assert probed.first_pts == timestamps_on_screen(path)[0]
    assert probed.first_pts * float(Fraction(probed.time_base)) >= 10
    assert probed.duration_s == 2.0


def cut_with_an_edit_list(tmp_path: Path) -> Path:
    whole = make_video(tmp_path / "whole.mp4", seconds=6, size="64x48", arguments=("-c:v", "libx264", "-g", "60", "-bf", "3", "-pix_fmt", "yuv420p"))
    ffmpeg("-ss", "2.5", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    return tmp_path / "cut.mp4"


def open_gop(tmp_path: Path) -> Path:
    arguments = ("-c:v", "libx264", "-g", "30", "-bf", "3", "-x264-params", "open-gop=1", "-pix_fmt", "yuv420p")
    return make_video(tmp_path / "whole.ts", seconds=6, size="320x240", arguments=arguments)


def begun_in_the_middle(tmp_path: Path) -> Path:
    """What a receiver records that is switched on between two keyframes."""
    packets = open_gop(tmp_path).read_bytes()
    (tmp_path / "middle.ts").write_bytes(packets[len(packets) // 188 // 3 * 188 :])
    return tmp_path / "middle.ts"


def fragments_with_b_frames(tmp_path: Path) -> Path:
    arguments = ("-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p", "-movflags", "+frag_keyframe+empty_moov")
    return make_video(tmp_path / "v.mp4", seconds=3, size="64x48", arguments=arguments)


@pytest.mark.parametrize("make", [cut_with_an_edit_list, open_gop, begun_in_the_middle, fragments_with_b_frames])
def test_second_zero_and_length_are_those_of_the_pictures_a_decoder_shows(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    probed, shown = probe(path), timestamps_on_screen(path)
    assert probed.first_pts == min(shown)
    assert probed.duration_s == pytest.approx(len(shown) / 30)


def test_timestamps_that_an_avi_lacks_are_taken_from_its_decoding_order(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.avi", seconds=3, size="64x48", fps="25", arguments=("-c:v", "mpeg4", "-bf", "2"))
    probed = probe(path)
    assert (probed.duration_s, probed.fps, probed.first_pts) == (3.0, 25.0, 0)


@pytest.mark.parametrize(("turn", "rotation", "display"), [("90", 90, (48, 64)), ("180", 180, (64, 48)), ("270", 270, (48, 64))])
def test_rotation_is_clockwise_and_turns_the_display_size(tmp_path: Path, turn: str, rotation: int, display: tuple[int, int]) -> None:
    """The matrix is written into the file by hand, because FFmpeg's option for it differs between versions."""
    path = make_video(tmp_path / "v.mp4", seconds=1, size="64x48")
    cosine, sine = {"90": (0, 1), "180": (-1, 0), "270": (0, -1)}[turn]
    one = 1 << 16
    upright = b"".join(part.to_bytes(4, "big", signed=True) for part in (one, 0, 0, 0, one, 0, 0, 0, 1 << 30))
    turned = b"".join(part.to_bytes(4, "big", signed=True) for part in (cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30))
    data = path.read_bytes()
    track = data.index(b"tkhd")
    path.write_bytes(data[:track] + data[track:].replace(upright, turned, 1))
    probed = probe(path)
    assert (probed.rotation, (probed.display_width, probed.display_height), (probed.width, probed.height)) == (rotation, display, (64, 48))


@pytest.mark.parametrize(("aspect", "display"), [("4/3", (427, 240)), ("8/9", (284, 240)), ("1/1", (320, 240))])
def test_pixels_that_are_not_square_change_the_display_width(tmp_path: Path, aspect: str, display: tuple[int, int]) -> None:
    probed = probe(make_video(tmp_path / "v.mp4", seconds=1, arguments=("-vf", f"setsar={aspect}", *X264)))
    assert (probed.display_width, probed.display_height) == display


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p")), ("ts", ("-c:v", "mpeg2video"))])
def test_interlaced_video_is_flagged(tmp_path: Path, suffix: str, codec: tuple[str, ...]) -> None:
    arguments = ("-vf", "setfield=tff", *codec, "-flags", "+ilme+ildct")
    assert probe(make_video(tmp_path / f"v.{suffix}", seconds=1, size="64x64", fps="25", arguments=arguments)).interlaced


def test_cover_art_is_not_the_video(tmp_path: Path, ntsc: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:size=600x600:duration=1", "-frames:v", "1", tmp_path / "cover.png")
    path = tmp_path / "v.mp4"
    ffmpeg("-i", tmp_path / "cover.png", "-i", ntsc, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path)
    probed = probe(path)
    assert (probed.codec, probed.width, probed.duration_s) == ("h264", 320, 6.006)


def test_a_single_picture_lasts_as_long_as_its_packet_says(tmp_path: Path) -> None:
    probed = probe(make_video(tmp_path / "v.mp4", size="64x48", fps="25", arguments=(*X264, "-frames:v", "1")))
    assert (probed.duration_s, probed.fps, probed.variable_fps) == (0.04, 25.0, False)


def test_a_third_of_a_second_is_probed(tmp_path: Path) -> None:
    assert probe(make_video(tmp_path / "v.mp4", seconds=0.3, size="64x48")).duration_s == 0.3


def test_8k_is_probed(tmp_path: Path) -> None:
    probed = probe(make_video(tmp_path / "v.mp4", seconds=0.1, size="7680x4320", picture="color=red"))
    assert (probed.width, probed.height) == (7680, 4320)


ODD_NAMES = [
    "with space.mp4",
    "-lead.mp4",
    "colon:name.mp4",
    "http:--host.mp4",
    "été 日本 🎬.mp4",
    'it\'s "quoted" `name` $(x).mp4',
    "two\nlines.mp4",
    "frame%03d.mp4",
    "glob*?[x].mp4",
    "n" * 246 + ".mp4",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_is_only_a_name(tmp_path: Path, ntsc: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(ntsc.read_bytes())
    assert probe(path).duration_s == 6.006


def test_a_path_of_300_characters_is_only_a_path(tmp_path: Path, ntsc: Path) -> None:
    path = tmp_path / ("d" * 150) / ("e" * 150) / "v.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(ntsc.read_bytes())
    assert probe(path).duration_s == 6.006


def test_a_gif_named_like_a_numbered_sequence_is_read_itself(tmp_path: Path) -> None:
    make_video(tmp_path / "f001.gif", size="16x16", fps="10", seconds=1, arguments=())
    make_video(tmp_path / "pattern.gif", size="64x48", fps="10", seconds=3, arguments=()).rename(tmp_path / "f%03d.gif")
    probed = probe(tmp_path / "f%03d.gif")
    assert (probed.width, probed.duration_s) == (64, 3.0)


def test_a_machine_without_ffprobe_is_told_what_to_install(ntsc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=r"apt-get install ffmpeg.*brew install ffmpeg"):
        probe(ntsc)


def test_an_ffprobe_that_does_not_run_is_no_ffprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffprobe"
    program.write_text("#!/bin/sh\necho 'libavdevice.so.59: cannot open shared object file' >&2\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(MissingTool, match=r"an ffprobe that runs is needed .*apt-get install ffmpeg"):
        ffprobe.ffprobe_version()


def test_what_probed_a_file_names_our_probe_and_the_version_of_ffprobe() -> None:
    told = subprocess.run(["ffprobe", "-version"], capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"ffprobe version {ffprobe.ffprobe_version()} ")
    assert probed_by() == f"probe {PROBE_VERSION}, ffprobe {ffprobe.ffprobe_version()}"


def test_a_reading_that_takes_too_long_is_stopped_and_may_be_tried_again(ntsc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffprobe"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(ffprobe, "_PATIENCE_S", 0.2)
    with pytest.raises(VideoUnreadable, match=r"ffprobe was stopped .*the next scan tries again"):
        probe(ntsc)


def test_what_is_said_last_is_heard_after_very_many_complaints(ntsc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffprobe"
    program.write_text("#!/bin/sh\n(echo first; head -c 200000 /dev/zero | tr '\\0' x; echo; echo last) >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    complaints = ffprobe.ask_ffprobe(ntsc, "v.mp4", (), "".join).complaints
    assert complaints.startswith("first\n")
    assert complaints.endswith("\nlast\n")
    assert len(complaints) < 100_000
