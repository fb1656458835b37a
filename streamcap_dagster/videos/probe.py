"""What a video file is: its picture, its timing, and whether it can be used at all. Nothing is decoded."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from streamcap_dagster.errors import UnusableVideo
from streamcap_dagster.ffprobe import Answer, ask_ffprobe, ffprobe_version
from streamcap_dagster.videos.containers import disguise_of, missing_end
from streamcap_dagster.videos.timing import Timing, sum_up, timing_of

PROBE_VERSION = "1"
"""Another one whenever the same file is given other facts, or is refused for other reasons: every file is probed again then."""

MAX_PIXELS = 16384 * 16384

_HEADER = (
    "-show_entries",
    "format=format_name"
    ":stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,field_order,time_base,avg_frame_rate,r_frame_rate"
    ":stream_disposition=attached_pic,timed_thumbnails:stream_tags=rotate:stream_side_data=rotation",
    "-of",
    "json",
)
_PACKETS = ("-show_entries", "packet=pts,dts,duration,flags", "-of", "compact=p=0")
_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
_CUT_OFF = re.compile(r"partial file|ended prematurely", re.IGNORECASE)
_TOO_LARGE = re.compile(r"Picture size (\d+)x(\d+) is invalid")
_PATTERN = re.compile(r"%0?\d*d")
_DISGUISED_DEMUXERS = {
    "hls": "a playlist (HLS)",
    "dash": "a playlist (DASH)",
    "concat": "a script (ffconcat)",
    "sdp": "a stream description (SDP)",
    "image2": "a picture sequence",
}

_COPY_AGAIN = "Copy it again from where it came"
_RESCUE = f"{_COPY_AGAIN}; if this is all there is, `ffmpeg -i IN -c copy OUT.mkv` keeps the readable part."
_REMOVE = "Remove it from the source, or put a video in its place."


@dataclass(frozen=True)
class Probed:
    """The fields of `records.Video` that come from looking into the file; see there."""

    container: str
    codec: str
    width: int
    height: int
    display_width: int
    display_height: int
    rotation: int
    """Degrees clockwise that the picture is turned for showing."""
    duration_s: float
    fps: float
    variable_fps: bool
    interlaced: bool
    audio: bool
    time_base: str
    first_pts: int


class _Probe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Disposition(_Probe):
    attached_pic: bool = False
    timed_thumbnails: bool = False


class _SideData(_Probe):
    rotation: float | None = None


class _Tags(_Probe):
    rotate: str = ""


class _Stream(_Probe):
    index: int
    codec_type: str = ""
    codec_name: str = ""
    width: int = 0
    height: int = 0
    sample_aspect_ratio: str = ""
    field_order: str = ""
    time_base: str = "0/1"
    avg_frame_rate: str = "0/0"
    r_frame_rate: str = "0/0"
    disposition: _Disposition = _Disposition()
    tags: _Tags = _Tags()
    side_data_list: tuple[_SideData, ...] = ()


class _Format(_Probe):
    format_name: str = ""


class _Header(_Probe):
    streams: tuple[_Stream, ...] = ()
    format: _Format = Field(default=_Format())


def probed_by() -> str:
    """What looks into files on this machine: what it found holds until this changes. Raises MissingTool."""
    return f"probe {PROBE_VERSION}, ffprobe {ffprobe_version()}"


def probe_video(path: Path, uri: str) -> Probed:
    """Look into a file. Raises UnusableVideo (VideoUnreadable when the reading itself failed) with one reason, or MissingTool."""
    _refuse_what_is_no_container(path, uri)
    header = _ask_header(path, uri)
    stream = _picture_stream(header, uri)
    if missing := missing_end(path):
        raise UnusableVideo(uri, f"it is cut off before its end: {missing}", _RESCUE)
    timing = _ask_timing(path, uri, stream)
    rotation = _rotation(stream)
    display_width, display_height = _display_size(stream, rotation)
    return Probed(
        container=_container(header.format.format_name, uri),
        codec=stream.codec_name,
        width=stream.width,
        height=stream.height,
        display_width=display_width,
        display_height=display_height,
        rotation=rotation,
        duration_s=float(timing.duration_s),
        fps=float(timing.fps),
        variable_fps=timing.variable_fps,
        interlaced=stream.field_order in _INTERLACED,
        audio=any(other.codec_type == "audio" for other in header.streams),
        time_base=stream.time_base,
        first_pts=timing.first_pts,
    )


def _refuse_what_is_no_container(path: Path, uri: str) -> None:
    if not path.stat().st_size:
        raise UnusableVideo(uri, "it is empty (0 bytes)", f"{_COPY_AGAIN}, or remove it.")
    if disguise := disguise_of(path):
        raise _disguised(uri, disguise)


def _disguised(uri: str, disguise: str) -> UnusableVideo:
    return UnusableVideo(uri, f"it is {disguise} dressed as a video, and refused because it could lead to other files or addresses", _REMOVE)


def _ask_header(path: Path, uri: str) -> _Header:
    answer = ask_ffprobe(path, uri, _HEADER, "".join)
    if not answer.ended_well:
        raise _not_readable(path, uri, answer)
    if size := _TOO_LARGE.search(answer.complaints):
        raise _too_large(uri, int(size[1]), int(size[2]))
    return _Header.model_validate_json(answer.value)


def _not_readable(path: Path, uri: str, answer: Answer[str]) -> UnusableVideo:
    """Why ffprobe could not open a file."""
    demuxer = answer.refused_demuxer
    if demuxer in _DISGUISED_DEMUXERS or demuxer.endswith("_pipe"):
        return _disguised(uri, _DISGUISED_DEMUXERS.get(demuxer, "a still picture"))
    if demuxer:
        return UnusableVideo(uri, f"its format ({demuxer}) is none that this project reads", "Convert it with `ffmpeg -i IN OUT.mp4`.")
    if missing := missing_end(path):
        return UnusableVideo(uri, f"it is cut off before its end: {missing}", f"{_COPY_AGAIN}, or record it again.")
    if _PATTERN.search(uri):
        return _disguised(uri, "a picture sequence (a name with a number pattern, and no video in it)")
    return UnusableVideo(uri, "it is not a video: no known format recognises its bytes", _REMOVE)


def _picture_stream(header: _Header, uri: str) -> _Stream:
    """The first video stream that is no cover art."""
    pictures = [
        stream for stream in header.streams if stream.codec_type == "video" and not (stream.disposition.attached_pic or stream.disposition.timed_thumbnails)
    ]
    if not pictures:
        sound = any(stream.codec_type == "audio" for stream in header.streams)
        raise UnusableVideo(uri, "it has sound but no moving picture" if sound else "it has no video stream", _REMOVE)
    stream = pictures[0]
    if stream.codec_name in {"", "none", "unknown"}:
        raise UnusableVideo(uri, "its video codec is not known to this FFmpeg", "Install a newer FFmpeg, or convert the file.")
    if stream.width <= 0 or stream.height <= 0:
        raise UnusableVideo(uri, f"its {stream.codec_name} stream never says how large its pictures are", _RESCUE)
    if stream.width * stream.height > MAX_PIXELS:
        raise _too_large(uri, stream.width, stream.height)
    return stream


def _too_large(uri: str, width: int, height: int) -> UnusableVideo:
    return UnusableVideo(
        uri, f"its pictures are {width}x{height}, more than {MAX_PIXELS:,} pixels", "Scale it down with `ffmpeg -i IN -vf scale=3840:-2 OUT.mp4`."
    )


def _ask_timing(path: Path, uri: str, stream: _Stream) -> Timing:
    answer = ask_ffprobe(path, uri, ("-select_streams", str(stream.index), *_PACKETS), sum_up)
    if _CUT_OFF.search(answer.complaints):
        raise UnusableVideo(uri, "it is cut off before its end: its index tells of pictures that are not there", _RESCUE)
    if answer.value is None:
        raise UnusableVideo(uri, "its video stream holds no picture that can be shown", _RESCUE)
    timing = timing_of(answer.value, _fraction(stream.time_base), (_fraction(stream.r_frame_rate), _fraction(stream.avg_frame_rate)))
    if timing.duration_s <= 0:
        raise UnusableVideo(uri, "it is zero seconds long", _REMOVE)
    return timing


def _rotation(stream: _Stream) -> int:
    """FFmpeg reports the display matrix anti-clockwise, and the older tag clockwise."""
    turns = [-data.rotation for data in stream.side_data_list if data.rotation is not None]
    if not turns and re.fullmatch(r"-?\d+", stream.tags.rotate):
        turns = [float(stream.tags.rotate)]
    return round(turns[0]) % 360 if turns else 0


def _display_size(stream: _Stream, rotation: int) -> tuple[int, int]:
    aspect = _fraction(stream.sample_aspect_ratio.replace(":", "/")) or Fraction(1)
    width, height = max(1, round(stream.width * aspect)), stream.height
    return (height, width) if rotation in {90, 270} else (width, height)


def _container(names: str, uri: str) -> str:
    """FFmpeg names a family, such as `mov,mp4,m4a`: the member that the file's suffix names, else the first."""
    family = names.split(",")
    suffix = PurePosixPath(uri).suffix.lower().removeprefix(".")
    return suffix if suffix in family else family[0]


def _fraction(text: str) -> Fraction:
    """A ratio as ffprobe writes it; 0 when it is unknown."""
    numerator, _, denominator = text.partition("/")
    if not (numerator.isdigit() and denominator.isdigit() and int(denominator)):
        return Fraction(0)
    return Fraction(int(numerator), int(denominator))
