"""Decoding through the ffmpeg program: it decodes, picks what is on screen, and scales, in one pass; pixels come over a pipe, one picture at a time.

Picking is done by its `fps` filter, fed with the number of the first target that a picture may be seen at instead of its timestamp. The `showinfo`
filter before it tells the timestamp of everything that was decoded, so that it is known which picture was picked and whether one is missing.
"""

import os
import re
import selectors
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import ffmpeg
import numpy as np

from streamcap_dagster.errors import DecodeError, MissingTool
from streamcap_dagster.ffprobe import DEMUXERS, PROTOCOLS
from streamcap_dagster.frames.pictures import Picture, Size, Stretch, last_tick, seconds_of
from streamcap_dagster.frames.timeline import GET_WHOLE_FILE, Timeline, printable, read_timeline
from streamcap_dagster.records import Video

_SHOWN = re.compile(rb"^\[Parsed_showinfo_\d+ @ \w+\] (?:\[info\] )?n: *\d+ pts: *(-?\d+) ")
_FAULT = re.compile(rb"\[(?:error|fatal)\]|received signal")
_SEEK_BACK_S = (0, 15, None)
"""How far before the key picture to begin when seeking lands too late; None is the beginning of the file."""


class FfmpegDecoder:
    """Exact for every container, and deinterlaces; costs one process per stretch."""

    def pictures(self, path: Path, video: Video, stretches: Sequence[Stretch], size: Size) -> Iterator[Picture]:
        timeline = read_timeline(path, video)
        first_pts = video.first_pts
        if not timeline.timed:
            first_pts = _first_pts(path, video)
            timeline = timeline.beginning_at(first_pts)
        timed = video.model_copy(update={"first_pts": first_pts})
        timeline.require(timed, stretches)
        for stretch in stretches:
            for picture in _stretch(path, timed, timeline, stretch, size):
                yield Picture(picture.pts - first_pts + video.first_pts, picture.rgb)


class _LandedLate(Exception):
    """Seeking ended after the picture that is needed first."""


def _stretch(path: Path, video: Video, timeline: Timeline, stretch: Stretch, size: Size) -> Iterator[Picture]:
    """The pictures of one stretch, from a place in the file that is early enough."""
    key = timeline.key_before(last_tick(video, stretch.start))
    for back_s in _SEEK_BACK_S:
        from_s = None if key is None or back_s is None else float(key * Fraction(video.time_base)) - back_s
        try:
            yield from _picked(path, video, timeline, stretch, size, from_s)
        except _LandedLate:
            continue
        return
    raise DecodeError(video.video_id, f"no picture can be decoded up to {float(stretch.start):.3f} s", GET_WHOLE_FILE)


def _picked(path: Path, video: Video, timeline: Timeline, stretch: Stretch, size: Size, from_s: float | None) -> Iterator[Picture]:
    with _Process(_command(path, video, stretch, size, from_s), size) as process:
        for target in stretch:
            expected = int(timeline.pts[timeline.index_at(video, target)])
            rgb = process.read()
            pts = process.shown_at(last_tick(video, target))
            if rgb is None or (pts != expected and process.fault):
                why = f"the picture at {seconds_of(video, expected):.3f} s cannot be decoded ({process.fault or 'ffmpeg ended early'})"
                raise DecodeError(video.video_id, why, GET_WHOLE_FILE)
            if pts is None:
                raise _LandedLate
            yield Picture(pts, rgb)


def _command(path: Path, video: Video, stretch: Stretch, size: Size, from_s: float | None) -> list[str]:
    """The pipeline of one stretch; see the module for how it picks."""
    options: dict[str, object] = {"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS, "threads": 1, "reinit_filter": 0}
    if from_s is not None:
        options |= {"ss": f"{from_s:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}
    stream = ffmpeg.input(f"file:{path.absolute()}", copyts=None, **options)["V:0"]
    stream = stream.filter("settb", video.time_base).filter("showinfo", checksum=0)
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", deint="all").filter("settb", video.time_base)
    stream = stream.filter("tpad", stop=-1, stop_mode="clone").filter("setpts", _first_target_seen(video, stretch))
    stream = stream.filter("fps", fps=str(1 / Fraction(video.time_base)), start_time=0).filter("scale", size.width, size.height, flags="bilinear")
    words = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-filter_complex_threads", "1")
    command: list[str] = (
        stream.output("pipe:1", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough", **{"frames:v": stretch.count}).global_args(*words).compile()
    )
    return command


def _first_target_seen(video: Video, stretch: Stretch) -> str:
    """An expression for the number of the first target at which a picture has appeared: whole numbers, so that nothing is rounded."""
    time_base = Fraction(video.time_base)
    origin = video.first_pts + stretch.start / time_base + Fraction(1, 2)
    step = stretch.step / time_base
    return f"ceil((PTS*{origin.denominator}-({origin.numerator}))*{step.denominator}/{origin.denominator * step.numerator})"


def _first_pts(path: Path, video: Video) -> int:
    """Timestamp that ffmpeg gives the first picture of a container without presentation times."""
    stretch = Stretch(Fraction(0), Fraction(1), 1)
    with _Process(_command(path, video, stretch, Size(16, 16), None), Size(16, 16)) as process:
        process.read()
        if process.first is None:
            raise DecodeError(video.video_id, f"not one picture can be decoded ({process.fault or 'ffmpeg ended early'})", GET_WHOLE_FILE)
        return process.first


class _Process:
    """A running ffmpeg: its pictures, and the timestamps of all that it has decoded up to them."""

    def __init__(self, command: list[str], size: Size) -> None:
        self.fault = ""
        """The last error that ffmpeg reported, or the signal that ended it. A missing picture without one belongs to a packet that shows nothing."""
        self.first: int | None = None
        self._size = size
        self._command = command
        self._times: deque[int] = deque()
        self._shown: int | None = None
        self._line = b""

    def __enter__(self) -> Self:
        try:
            self._process = subprocess.Popen(self._command, bufsize=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError as error:
            raise MissingTool("ffmpeg", "decoding videos", "Install it (apt install ffmpeg, or brew install ffmpeg).") from error
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pixels, self._words = self._process.stdout.fileno(), self._process.stderr.fileno()
        os.set_blocking(self._words, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pixels, selectors.EVENT_READ)
        self._selector.register(self._words, selectors.EVENT_READ)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._selector.close()
        self._process.kill()
        with self._process:
            pass

    def read(self) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]] | None:
        """The next picture; None when ffmpeg has ended. Whatever ffmpeg said before it has been heard then."""
        rgb = np.empty((self._size.height, self._size.width, 3), dtype=np.uint8)
        missing = memoryview(rgb.data).cast("B")
        while missing:
            ready = {key.fd for key, _ in self._selector.select()}
            if self._words in ready:
                self._hear()
            if self._pixels in ready:
                count = os.readv(self._pixels, [missing])
                if not count:
                    self._hear()
                    return None
                missing = missing[count:]
        self._hear()
        return rgb

    def shown_at(self, tick: int) -> int | None:
        """Timestamp of the last decoded picture up to a tick; ticks are asked for in order."""
        while self._times and self._times[0] <= tick:
            self._shown = self._times.popleft()
        return self._shown

    def _hear(self) -> None:
        """Take in what ffmpeg has said so far, without waiting for more."""
        while True:
            try:
                heard = os.read(self._words, 1 << 16)
            except BlockingIOError:
                return
            if not heard:
                self._selector_forgets_words()
                return
            *lines, self._line = (self._line + heard).split(b"\n")
            for line in lines:
                self._understand(line)

    def _selector_forgets_words(self) -> None:
        if self._words in self._selector.get_map():
            self._selector.unregister(self._words)

    def _understand(self, line: bytes) -> None:
        if shown := _SHOWN.match(line):
            self._times.append(int(shown[1]))
            self.first = self._times[-1] if self.first is None else self.first
        elif _FAULT.search(line):
            self.fault = printable(line.decode(errors="replace"))
