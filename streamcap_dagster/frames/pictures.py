"""What a decoder is asked for and what it gives back: stretches of target times, and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.errors import DecodeError
from streamcap_dagster.records import Video


class Size(NamedTuple):
    """Width and height of a picture, in square pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Stretch:
    """Evenly spaced target times: `count` of them, `step` seconds apart, from `start` seconds after the first presented frame."""

    start: Fraction
    step: Fraction
    count: int

    def __iter__(self) -> Iterator[Fraction]:
        return (self.start + index * self.step for index in range(self.count))

    @property
    def stop(self) -> Fraction:
        """Where the next target would be."""
        return self.start + self.count * self.step


@dataclass(frozen=True)
class Picture:
    """A decoded picture: its timestamp in ticks of the video's time base, and its pixels as height x width x RGB."""

    pts: int
    rgb: NDArray[np.uint8]


class PictureNotFound(DecodeError):
    """A decoder did not find a picture that the container announces. Another decoder may, so this alone does not condemn a video."""

    def __init__(self, video_id: str, at_s: float, why: str) -> None:
        self.at_s = at_s
        super().__init__(video_id, f"the picture that its container announces at {at_s:.3f} s was not found ({why})", "Choose STREAMCAP_DECODER=ffmpeg for it")


def last_tick(video: Video, target: Fraction) -> int:
    """The latest timestamp of a picture that is on screen at the target: half a tick late still counts, because containers round to their ticks."""
    return video.first_pts + floor(target / Fraction(video.time_base) + Fraction(1, 2))


def seconds_of(video: Video, pts: int) -> float:
    """Seconds from the first presented frame to a timestamp."""
    return float((pts - video.first_pts) * Fraction(video.time_base))


def ticks_of(video: Video, seconds: float) -> int:
    """The timestamp that a decoder gave in seconds of the container, back in ticks."""
    return round(seconds / Fraction(video.time_base))


def frame_size(video: Video, frame_height: int) -> Size:
    """The size that frames are stored in: as shown, scaled down to the height, never up."""
    if video.display_height <= frame_height:
        return Size(video.display_width, video.display_height)
    return Size(max(1, round(Fraction(video.display_width * frame_height, video.display_height))), frame_height)
