"""What can be wrong with the frames of a video: read back from their file, against the clips that they were taken for."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from itertools import groupby, pairwise
from typing import NamedTuple

from PIL import Image

from streamcap_dagster.records import Clip, Clips, Frame, Video
from streamcap_dagster.storage.frame_table import FramesFile, read_frames, read_positions

_TOLERANCE_S = 1e-5
_SHRUNK = 8
"""JPEGs are decoded at an eighth of their size and without colour: every byte is read, at a third of the cost."""


class _Shown(NamedTuple):
    """When a frame is taken, and when the picture was shown that it holds."""

    clip: int
    window: int
    k: int
    target_s: float
    pts_s: float


def frame_faults(video: Video, clips: Clips, file: FramesFile, per_window: int) -> Iterator[str]:
    """Each fault in a few words that name the window or the frame; none when the frames are what a captioner should see.

    Every window of every clip has `per_window` frames at their times, in order, none shown later than that, and every JPEG opens at the size that is listed.
    """
    yield from _clip_faults(video, clips)
    positions = read_positions(file)
    frames = [_Shown(*row) for row in zip(*(positions[name].to_pylist() for name in _Shown._fields), strict=True)]
    yield from _count_faults(clips, Counter((frame.clip, frame.window) for frame in frames), per_window)
    yield from _time_faults(video, clips, frames, per_window)
    yield from _picture_faults(file)


def _clip_faults(video: Video, clips: Clips) -> Iterator[str]:
    for clip in clips.clips:
        if abs(clip.start_s + clip.windows * clips.window_duration_s - clip.end_s) > _TOLERANCE_S:
            yield f"clip {clip.clip} from {clip.start_s:g} s to {clip.end_s:g} s does not last its {clip.windows} windows of {clips.window_duration_s:g} s"
        if clip.end_s > video.duration_s + _TOLERANCE_S:
            yield f"clip {clip.clip} ends at {clip.end_s:g} s, after the video, which ends at {video.duration_s:g} s"
    for earlier, later in pairwise(clips.clips):
        if later.start_s <= earlier.start_s:
            yield f"clip {later.clip} at {later.start_s:g} s does not come after clip {earlier.clip} at {earlier.start_s:g} s"


def _count_faults(clips: Clips, found: Counter[tuple[int, int]], per_window: int) -> Iterator[str]:
    expected = {(clip.clip, window) for clip in clips.clips for window in range(clip.windows)}
    for clip, window in sorted(expected | found.keys()):
        count = found[clip, window]
        if (clip, window) not in expected:
            yield f"window {window} of clip {clip} has frames, but there is no such window"
        elif count != per_window:
            yield f"window {window} of clip {clip} has {count} of its {per_window} frames"


def _time_faults(video: Video, clips: Clips, frames: list[_Shown], per_window: int) -> Iterator[str]:
    """A picture that appeared before its window may still be on screen in it; one that appears after its time would tell what a live feed has not shown."""
    known = {clip.clip: clip for clip in clips.clips}
    late_s = float(Fraction(video.time_base or 0)) / 2 + _TOLERANCE_S
    for number, of_clip in groupby((frame for frame in frames if frame.clip in known), key=lambda frame: frame.clip):
        shown_s = 0.0
        for frame in of_clip:
            if abs(frame.target_s - _time_of(frame, known[number], clips.window_duration_s, per_window)) > _TOLERANCE_S or not 0 <= frame.k < per_window:
                yield f"{_name(frame)} is taken at {frame.target_s:g} s, when its window has none"
            if frame.pts_s > frame.target_s + late_s:
                yield f"{_name(frame)} is shown at {frame.pts_s:g} s, after its time, {frame.target_s:g} s"
            if frame.pts_s < shown_s:
                yield f"{_name(frame)} is shown at {frame.pts_s:g} s, before the one that it follows, at {shown_s:g} s"
            shown_s = frame.pts_s


def _time_of(frame: _Shown, clip: Clip, window_s: float, per_window: int) -> float:
    return clip.start_s + (frame.window + frame.k / per_window) * window_s


def _picture_faults(file: FramesFile) -> Iterator[str]:
    opened = ""
    for frame in read_frames(file):
        if frame.sha256 != opened:  # a picture that stays on screen is stored for each of its times, and opened once
            opened = frame.sha256
            if why := _why_not_open(frame):
                yield f"the JPEG of {_name(frame)} {why}"


def _why_not_open(frame: Frame) -> str:
    try:
        with Image.open(BytesIO(frame.jpeg), formats=["JPEG"]) as picture:
            size = picture.size
            picture.draft("L", (size[0] // _SHRUNK, size[1] // _SHRUNK))
            picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        return f"does not open: {error}"
    return "" if size == (frame.width, frame.height) else f"is {size[0]} x {size[1]} pixels, not {frame.width} x {frame.height} as listed"


def _name(frame: _Shown | Frame) -> str:
    return f"frame {frame.k} of window {frame.window} of clip {frame.clip}"
