"""Files that cannot be used: each gets one sentence with the cause and a fix, and none is followed anywhere."""

import struct
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from streamcap_dagster.errors import UnusableVideo, VideoUnreadable
from streamcap_dagster.videos.probe import probe_video
from tests.media import ffmpeg, make_video

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def why_not(path: Path) -> str:
    with pytest.raises(UnusableVideo) as raised:
        probe_video(path, path.name)
    assert raised.value.fix.endswith(".")
    assert not isinstance(raised.value, VideoUnreadable), "these bytes will never do, so they must not be read again and again"
    assert str(raised.value) == f"{path.name!r}: {raised.value.why}. {raised.value.fix}"
    return raised.value.why


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@cache
def bytes_of_video(suffix: str, arguments: tuple[str, ...]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"v{suffix}"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=4", "-f", "lavfi", "-i", "sine=duration=4", *arguments, path)
        return path.read_bytes()


def video(path: Path, *arguments: str) -> Path:
    """Four seconds with sound; made once and copied from then on."""
    path.write_bytes(bytes_of_video(path.suffix, arguments))
    return path


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").touch()
    assert why_not(tmp_path / "v.mp4") == "it is empty (0 bytes)"


@pytest.mark.parametrize("text", ["Dear diary,\n" * 100, "x", "G" * 5000, "<html><body>404 Not Found</body></html>"])
def test_text_named_like_a_video(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.mp4").write_text(text)
    assert "not a video" in why_not(tmp_path / "v.mp4")


def test_random_bytes(tmp_path: Path) -> None:
    (tmp_path / "v.mkv").write_bytes(bytes((number * number + 7) % 251 for number in range(20_000)))
    assert "not a video" in why_not(tmp_path / "v.mkv")


def test_an_mp4_cut_off_before_its_index(tmp_path: Path) -> None:
    path = cut(video(tmp_path / "v.mp4", *X264), 0.5)
    assert why_not(path) == "it is cut off before its end: its index (the `moov` box) is missing"


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("v.mp4", (*X264, "-movflags", "+faststart")),
        ("v.mov", (*X264, "-movflags", "+frag_keyframe+empty_moov", "-g", "25")),
        ("v.mkv", X264),
        ("v.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")),
        ("v.avi", ("-c:v", "mpeg4", "-c:a", "mp2")),
        ("v.gif", ("-an",)),
    ],
)
def test_a_missing_tail(tmp_path: Path, name: str, arguments: tuple[str, ...], share: float) -> None:
    path = cut(video(tmp_path / name, *arguments), share)
    assert why_not(path).startswith("it is cut off before its end: ")


def test_a_matroska_file_cut_between_two_clusters(tmp_path: Path) -> None:
    """FFmpeg itself has nothing to say of this one: it just ends early."""
    path = video(tmp_path / "v.mkv", *X264, "-cluster_time_limit", "500")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x1f\x43\xb6\x75", len(data) // 2)])
    assert why_not(path).startswith("it is cut off before its end: ")


def test_a_matroska_file_written_live_and_cut_inside_a_picture(tmp_path: Path) -> None:
    path = cut(video(tmp_path / "v.mkv", *X264, "-live", "1"), 0.6)
    assert why_not(path).startswith("it is cut off before its end: ")


def test_an_mp4_whose_last_box_is_open_ended_and_cut(tmp_path: Path) -> None:
    """A length of zero means `to the end of the file`, so only the index knows what is missing."""
    path = video(tmp_path / "v.mp4", *X264, "-movflags", "+faststart")
    data = path.read_bytes()
    start = data.index(b"mdat") - 4
    path.write_bytes(data[:start] + b"\0\0\0\0" + data[start + 4 : len(data) * 6 // 10])
    assert why_not(path) == "it is cut off before its end: its index tells of pictures that are not there"


def test_a_transport_stream_cut_inside_a_packet(tmp_path: Path) -> None:
    path = video(tmp_path / "v.ts", *X264)
    path.write_bytes(path.read_bytes()[: 188 * 500 + 100])
    assert why_not(path) == "it is cut off before its end: its last packet is not complete"


def test_a_transport_stream_cut_between_packets_is_a_shorter_video(tmp_path: Path) -> None:
    """The format has no length and no end, so nothing is missing."""
    path = video(tmp_path / "v.ts", *X264)
    path.write_bytes(path.read_bytes()[: 188 * 500])
    assert 0 < probe_video(path, path.name).duration_s < 4


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"trailing words, longer than a header"])
@pytest.mark.parametrize(("name", "arguments"), [("v.mp4", X264), ("v.mkv", X264), ("v.avi", ("-c:v", "mpeg4")), ("v.gif", ("-an",))])
def test_bytes_after_the_end_do_no_harm(tmp_path: Path, name: str, arguments: tuple[str, ...], garbage: bytes) -> None:
    path = video(tmp_path / name, *arguments)
    path.write_bytes(path.read_bytes() + garbage)
    assert probe_video(path, name).duration_s == pytest.approx(4.0, abs=0.05)


def test_sound_without_a_picture(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", tmp_path / "v.mp4")
    assert why_not(tmp_path / "v.mp4") == "it has sound but no moving picture"


def test_sound_with_cover_art(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:size=64x64:duration=1", "-frames:v", "1", tmp_path / "cover.png")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-i", tmp_path / "cover.png", "-c:v", "png", "-disposition:v", "attached_pic", tmp_path / "v.m4v")
    assert why_not(tmp_path / "v.m4v") == "it has sound but no moving picture"


def test_a_video_stream_without_a_single_picture(tmp_path: Path) -> None:
    path = video(tmp_path / "v.mp4", *X264, "-movflags", "+frag_keyframe+empty_moov")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])
    assert why_not(path) == "its video stream holds no picture that can be shown"


def test_pictures_of_more_than_the_most_pixels(tmp_path: Path) -> None:
    screen = b"GIF89a" + struct.pack("<HHBBB", 20_000, 20_000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    picture = b"\x21\xf9\x04\0\x0a\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0;"
    (tmp_path / "v.gif").write_bytes(screen + picture)
    assert why_not(tmp_path / "v.gif") == "its pictures are 20000x20000, more than 268,435,456 pixels"


def test_a_format_that_is_not_read(tmp_path: Path) -> None:
    make_video(tmp_path / "v.flv", seconds=1, size="64x48").rename(tmp_path / "v.mp4")
    assert why_not(tmp_path / "v.mp4") == "its format (flv) is none that this project reads"


@pytest.fixture
def address() -> Iterator[tuple[str, list[str]]]:
    """A web server on loopback and the paths that were asked of it."""
    asked: list[str] = []

    class Remember(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Remember)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret.ts", asked
    server.shutdown()
    server.server_close()


def hls(target: str) -> str:
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\n{target}\n#EXT-X-ENDLIST\n"


def ffconcat(target: str) -> str:
    return f"ffconcat version 1.0\nfile '{target}'\n"


def hls_after_blank_lines(target: str) -> str:
    return "\ufeff\n\n" + hls(target)


def dash(target: str) -> str:
    return f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{target}</BaseURL></MPD>'


def sdp(target: str) -> str:
    return f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nu={target}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"


@pytest.mark.parametrize("script", [hls, hls_after_blank_lines, ffconcat, dash, sdp])
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_a_script_dressed_as_a_video_is_refused_and_no_address_is_asked(
    tmp_path: Path, address: tuple[str, list[str]], script: Callable[[str], str], suffix: str
) -> None:
    url, asked = address
    (tmp_path / f"v.{suffix}").write_text(script(url))
    why = why_not(tmp_path / f"v.{suffix}")
    assert "dressed as a video, and refused" in why
    assert asked == []


@pytest.mark.parametrize(("script", "what"), [(hls, "playlist"), (ffconcat, "script")])
def test_a_script_that_names_another_local_file_is_refused(tmp_path: Path, script: Callable[[str], str], what: str) -> None:
    other = video(tmp_path / "other.ts", *X264)
    (tmp_path / "v.mp4").write_text(script(str(other)))
    assert f"it is a {what}" in why_not(tmp_path / "v.mp4")


@pytest.mark.parametrize(("script", "what"), [(hls, "playlist"), (ffconcat, "script")])
def test_ffprobes_own_wall_holds_without_the_look_at_the_first_bytes(
    tmp_path: Path, address: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, script: Callable[[str], str], what: str
) -> None:
    monkeypatch.setattr("streamcap_dagster.videos.probe.disguise_of", lambda path: "")
    url, asked = address
    (tmp_path / "v.mp4").write_text(script(url))
    why = why_not(tmp_path / "v.mp4")
    assert "refused" in why or "not a video" in why
    assert asked == []


def test_the_server_of_these_tests_would_see_a_hit(address: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = address
    (tmp_path / "v.m3u8").write_text(hls(url))
    with pytest.raises(AssertionError):
        ffmpeg("-protocol_whitelist", "file,http,tcp", "-i", tmp_path / "v.m3u8", tmp_path / "out.mp4")
    assert asked


def test_a_number_pattern_with_pictures_beside_it_is_refused(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=1", tmp_path / "frame%03d.png")
    (tmp_path / "frame%03d.mp4").write_text("frame%03d.png")
    assert "it is a picture sequence" in why_not(tmp_path / "frame%03d.mp4")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_a_still_picture_named_like_a_video_is_refused(tmp_path: Path, suffix: str) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48", "-frames:v", "1", tmp_path / f"still.{suffix}")
    (tmp_path / f"still.{suffix}").rename(tmp_path / "frame%03d.mp4")
    assert "it is a still picture" in why_not(tmp_path / "frame%03d.mp4")
