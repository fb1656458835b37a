"""When the pictures of a video are on screen, told from its packets alone: start, length, rate."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

_REORDER = 64
"""More than any codec holds back: H.264 and HEVC reorder at most 16 pictures."""

_ROUNDING_S = Fraction(2, 1000)
"""Matroska and WebM round every timestamp to a millisecond, so two intervals of a steady video differ by up to two."""


@dataclass(frozen=True)
class Timing:
    """Seconds are exact; `first_pts` is in ticks of the stream's time base."""

    first_pts: int
    frames: int
    duration_s: Fraction
    fps: Fraction
    variable_fps: bool


@dataclass(frozen=True)
class Shown:
    """The presented packets of a stream summed up, in ticks. Intervals are those between neighbours on screen."""

    first: int
    last: int
    last_duration: int
    frames: int
    shortest: int
    longest: int


def sum_up(lines: Iterable[str]) -> Shown | None:
    """One pass over ffprobe's packet lines (`pts=…|dts=…|duration=…|flags=…`, in decoding order); None when nothing is presented."""
    first = last = last_duration = longest = frames = 0
    shortest: int | None = None
    for pts, duration in _in_order_of_presentation(_presented(lines)):
        if frames:
            interval = pts - last
            shortest = interval if shortest is None else min(shortest, interval)
            longest = max(longest, interval)
        first = min(first, pts) if frames else pts
        if not frames or pts >= last:
            last, last_duration = pts, duration
        frames += 1
    return Shown(first, last, last_duration, frames, shortest or 0, longest) if frames else None


def timing_of(shown: Shown, time_base: Fraction, nominal_rates: Iterable[Fraction]) -> Timing:
    """`nominal_rates` are what the container claims; one that agrees with a steady video is exact where its timestamps are rounded."""
    mean = Fraction(shown.last - shown.first, shown.frames - 1) if shown.frames > 1 else Fraction(0)
    rates = [_tidied(rate) for rate in nominal_rates if rate > 0]
    guess = mean or (1 / (rates[0] * time_base) if rates else Fraction(0))
    measured_s = (shown.last - shown.first + (shown.last_duration or guess)) * time_base
    variable = (shown.longest - shown.shortest) * time_base > _allowed_s(time_base, mean)
    if not variable:
        for rate in rates:
            if abs(shown.frames / rate - measured_s) <= _allowed_s(time_base, mean):
                return Timing(shown.first, shown.frames, shown.frames / rate, rate, variable)
    fps = shown.frames / measured_s if measured_s else Fraction(0)
    return Timing(shown.first, shown.frames, measured_s, fps, variable)


def _tidied(rate: Fraction) -> Fraction:
    """A rate that FFmpeg had to guess from rounded timestamps (19001/317) as the broadcast rate that it stands for (60000/1001)."""
    standards = (Fraction(round(rate)), Fraction(round(rate * 1001 / 1000) * 1000, 1001))
    return next((standard for standard in standards if abs(rate - standard) < rate / 10_000), rate)


def _allowed_s(time_base: Fraction, mean: Fraction) -> Fraction:
    """How far rounding moves a timestamp: a tick or the millisecond of an earlier container. A tick as coarse as the pictures is no rounding."""
    return max(time_base, _ROUNDING_S) if mean >= 2 else _ROUNDING_S


def _presented(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Timestamp and duration of the packets that end up on screen.

    Not those flagged as discarded (an edit list cuts them off), nor those that come or belong before the first keyframe, which decoders drop.
    """
    start: int | None = None
    for line in lines:
        fields = dict(field.split("=", 1) for field in line.strip().split("|") if "=" in field)
        stamp = next((int(fields[name]) for name in ("pts", "dts") if fields.get(name, "N/A") != "N/A"), None)
        flags = fields.get("flags", "")
        if stamp is None:
            continue
        if start is None and "K" in flags:
            start = stamp
        if start is not None and stamp >= start and "D" not in flags:
            yield stamp, _ticks(fields.get("duration", "N/A"))


def _ticks(text: str) -> int:
    return 0 if text == "N/A" else int(text)


def _in_order_of_presentation(packets: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    waiting: list[tuple[int, int]] = []
    for packet in packets:
        if len(waiting) < _REORDER:
            heapq.heappush(waiting, packet)
        else:
            yield heapq.heappushpop(waiting, packet)
    yield from (heapq.heappop(waiting) for _ in range(len(waiting)))
