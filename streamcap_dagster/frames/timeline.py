"""When the pictures of a video are presented, read from its container without decoding."""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.errors import DecodeError, VideoUnreadable
from streamcap_dagster.ffprobe import Answer, ask_ffprobe
from streamcap_dagster.frames.pictures import Stretch, last_tick, seconds_of
from streamcap_dagster.records import Video

GET_WHOLE_FILE: Final = "Get a whole copy of the file, or remove it from the source"

_ENTRIES = ("-select_streams", "V:0", "-show_entries", "packet=stream_index,pts,dts,duration,flags", "-of", "csv=p=0")
_CUT_SHORT = re.compile(r"partial file|ended prematurely|truncat", re.IGNORECASE)
_PACKET = np.dtype([(name, np.int64) for name in ("stream", "pts", "dts", "duration", "key", "timed")])


@dataclass(frozen=True)
class Timeline:
    """Timestamps of a video stream in ticks of its time base, in order of presentation."""

    stream: int
    """Index of the stream in its container."""
    pts: NDArray[np.int64]
    keys: NDArray[np.int64]
    """Timestamps of the pictures that decoding can begin at."""
    end: int
    """When the last picture leaves the screen."""
    timed: bool
    """False when the container stores no presentation times (AVI): `pts` are decoding times then, and only a decoder knows the order."""

    def index_at(self, video: Video, target: Fraction) -> int:
        """Index of the picture on screen at a target. Raises DecodeError when the file has none for it."""
        tick = last_tick(video, target)
        if tick >= self.end:
            why = f"a frame is needed at {float(target):.3f} s, but the pictures in the file end at {seconds_of(video, self.end):.3f} s"
            raise DecodeError(video.video_id, why, f"The file seems cut short. {GET_WHOLE_FILE}")
        index = int(np.searchsorted(self.pts, tick, side="right")) - 1
        if index < 0:
            why = f"a frame is needed at {float(target):.3f} s, but the first picture in the file comes at {seconds_of(video, int(self.pts[0])):.3f} s"
            raise DecodeError(video.video_id, why, "Catalog the source again, so that its facts fit the file")
        return index

    def require(self, video: Video, stretches: Sequence[Stretch]) -> None:
        """Raises DecodeError when the file ends before a target: better known now than after hours of decoding."""
        for stretch in stretches:
            self.index_at(video, stretch.stop - stretch.step)

    def beginning_at(self, first_pts: int) -> Self:
        """The same pictures, moved so that the first is presented then."""
        shift = first_pts - int(self.pts[0])
        return replace(self, pts=self.pts + shift, keys=self.keys + shift, end=self.end + shift)

    def key_before(self, tick: int) -> int | None:
        """Timestamp of the last picture up to the tick that decoding can begin at; None when that is the beginning of the file."""
        index = int(np.searchsorted(self.keys, tick, side="right")) - 1
        return int(self.keys[index]) if index > 0 else None


def read_timeline(path: Path, video: Video) -> Timeline:
    """The pictures that the container holds whole. Raises DecodeError when there are none.

    Of a file that is cut short, the pictures after the last decoding time are left out: others that belong between them are lost.
    """
    answer = _packets(path, video)
    packets = answer.value
    if len(packets) and (not answer.ended_well or _CUT_SHORT.search(answer.complaints)):
        packets = packets[packets["pts"] < packets["dts"][-1]]
    if not len(packets):
        why = f"the file holds no whole picture ({printable(answer.complaints) or 'its video stream is empty'})"
        raise DecodeError(video.video_id, why, GET_WHOLE_FILE)
    pts = np.unique(packets["pts"])
    keys = np.unique(packets["pts"][packets["key"] == 1])
    last_duration = int(packets["duration"][np.argmax(packets["pts"])])
    return Timeline(int(packets["stream"][0]), pts, keys, int(pts[-1]) + _last_hold(pts, last_duration), bool(packets["timed"].all()))


def _last_hold(pts: NDArray[np.int64], duration: int) -> int:
    """How long the last picture stays on screen: as long as its container says, or as long as others do."""
    gaps = np.diff(pts) if len(pts) > 1 else np.ones(1, dtype=np.int64)
    usual, mean = ceil(float(np.median(gaps))), ceil(float(np.mean(gaps)))
    return max(duration, usual) if duration else max(usual, mean)


def printable(words: str) -> str:
    """The last line that a program said, fit for a message: short, and without what a file could smuggle into a terminal."""
    lines = [line for line in words.splitlines() if line.strip()] or [""]
    return "".join(letter for letter in lines[-1] if letter.isprintable())[-200:]


def _packets(path: Path, video: Video) -> Answer[NDArray[np.void]]:
    """The packets of the video stream in the order of the file."""
    try:
        return ask_ffprobe(path, video.uri, _ENTRIES, _table)
    except VideoUnreadable as error:
        raise DecodeError(video.video_id, error.why, "Check the disk it lies on, then run again") from error


def _table(lines: Iterable[str]) -> NDArray[np.void]:
    rows = array("q")
    for line in lines:
        rows.extend(_packet(line))
    return np.frombuffer(rows.tobytes(), dtype=_PACKET)


def _packet(line: str) -> tuple[int, ...]:
    """One line of ffprobe as a row; nothing for a packet that is never presented or has no time at all."""
    fields = line.strip().split(",")
    if len(fields) < 5 or "D" in fields[4] or (fields[1] == fields[2] == "N/A"):
        return ()
    pts, dts, duration = fields[1:4]
    timed = pts != "N/A"
    shown = int(pts) if timed else int(dts)
    return int(fields[0]), shown, int(dts) if dts != "N/A" else shown, int(duration) if duration != "N/A" else 0, int("K" in fields[4]), int(timed)
