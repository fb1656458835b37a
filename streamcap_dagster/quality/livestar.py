"""How timely captions are against events that are known: delay, redundancy and coverage, as LiveStar defines them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Segment:
    """A stretch of a video in which one thing is to be told."""

    start_s: float
    end_s: float
    tells: Callable[[str], bool]
    """Whether a caption tells it."""


@dataclass(frozen=True)
class Utterance:
    """Something that was said; silence is none."""

    at_s: float
    """When it could be heard: the end of its window."""
    text: str


def delay_s(segments: Sequence[Segment], said: Sequence[Utterance], late_s: float = 0.0) -> float:
    """Mean over the segments: from the start of each to the first caption in it that tells it, or its whole length where none does.

    A caption that is heard just as a segment ends is of this segment and not of the next; up to `late_s` after the end it still tells it.
    """
    return fmean(_delay_s(segment, said, late_s) for segment in segments) if segments else 0.0


def redundancy(segments: Sequence[Segment], said: Sequence[Utterance]) -> float:
    """Mean over the segments of |1 - captions in it|: 0 when each gets exactly one. Too many count as much as too few."""
    return fmean(abs(1 - sum(_within(segment, one, 0.0) for one in said)) for segment in segments) if segments else 0.0


def coverage(segments: Sequence[Segment], said: Sequence[Utterance], late_s: float = 0.0) -> float:
    """Share of the segments in which a caption tells them, 0 to 1; 1 when there are none."""
    return fmean(_telling(segment, said, late_s) is not None for segment in segments) if segments else 1.0


def _delay_s(segment: Segment, said: Sequence[Utterance], late_s: float) -> float:
    first = _telling(segment, said, late_s)
    return segment.end_s - segment.start_s if first is None else first.at_s - segment.start_s


def _telling(segment: Segment, said: Sequence[Utterance], late_s: float) -> Utterance | None:
    telling = (one for one in said if _within(segment, one, late_s) and segment.tells(one.text))
    return min(telling, key=lambda one: one.at_s, default=None)


def _within(segment: Segment, one: Utterance, late_s: float) -> bool:
    return segment.start_s < one.at_s <= segment.end_s + late_s
