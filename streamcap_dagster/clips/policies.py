"""Chooses the spans of a video that are captioned: all of it, a few drawn pairs of windows, or what someone selected by hand."""

import csv
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import nsmallest
from operator import attrgetter
from pathlib import Path

from streamcap_dagster.errors import SettingError
from streamcap_dagster.policies import ClipPolicy, Windowing
from streamcap_dagster.records import VIDEO_ID_PATTERN, Clip, Clips, LeftOver, Video

_COLUMNS = ("video_id", "start_s", "end_s")
_KEEP = {"": True, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_PAIR = 2


@dataclass(frozen=True)
class ManualSpan:
    """A span selected by hand, or one that was looked at and dropped."""

    start_s: float
    end_s: float
    keep: bool = True


@dataclass(frozen=True)
class _Piece:
    """A part of the video in exact seconds, so that no rounding ever makes or loses a window. Without windows it is left over."""

    start: Fraction
    end: Fraction
    reason: str
    windows: int = 0


def read_manual_spans(path: Path) -> dict[str, tuple[ManualSpan, ...]]:
    """The hand-made selection by video id, from a CSV `video_id,start_s,end_s[,keep]`. Raises SettingError naming the line that is wrong."""
    spans: dict[str, tuple[ManualSpan, ...]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
                raise _wrong_selection(path, f"its first line must name the columns video_id,start_s,end_s[,keep]; missing: {', '.join(missing)}")
            for row in rows:
                video_id, span = _manual_span(path, rows.line_num, row)
                spans[video_id] = (*spans.get(video_id, ()), span)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong_selection(path, f"it cannot be read as a UTF-8 CSV file ({error})") from error
    return spans


def with_marks(selected: Sequence[ManualSpan], marked: Sequence[ManualSpan]) -> tuple[ManualSpan, ...]:
    """A selection with the spans that people marked while they watched: of a selected span there stays what no mark covers, whether that keeps or drops."""
    return (*(rest for span in selected for rest in _uncovered(span, marked)), *_joined(marked))


def _joined(marked: Sequence[ManualSpan]) -> list[ManualSpan]:
    """In order of time; those that are to be clips and overlap are one, for else of two people's the later one would be none."""
    joined: list[ManualSpan] = []
    for mark in sorted((mark for mark in marked if mark.keep), key=attrgetter("start_s", "end_s")):
        if joined and mark.start_s < joined[-1].end_s:
            joined[-1] = replace(joined[-1], end_s=max(joined[-1].end_s, mark.end_s))
        else:
            joined.append(mark)
    return sorted((*joined, *(mark for mark in marked if not mark.keep)), key=attrgetter("start_s", "end_s"))


def _uncovered(span: ManualSpan, marked: Sequence[ManualSpan]) -> Iterator[ManualSpan]:
    start_s = span.start_s
    over_it = (mark for mark in marked if mark.start_s < span.end_s)
    for mark in sorted(over_it, key=lambda mark: mark.start_s):
        if start_s < mark.start_s:
            yield replace(span, start_s=start_s, end_s=mark.start_s)
        start_s = max(start_s, mark.end_s)
    if start_s < span.end_s:
        yield replace(span, start_s=start_s)


def choose_clips(video: Video, windowing: Windowing, policy: ClipPolicy, manual: Sequence[ManualSpan] = ()) -> Clips:
    """The clips of a video and what is left over. Every clip is a whole number of windows, at least two, and ends within the video."""
    window, duration = _exact(windowing.window_duration_s), _exact(video.duration_s)
    if duration < _PAIR * window:
        skipped = f"the video is {video.duration_s:g} s long, shorter than two windows of {windowing.window_duration_s:g} s"
        return _as_clips(video, windowing, [_Piece(Fraction(0), duration, "shorter than two windows")], skipped)
    if policy.clip_policy == "whole":
        return _as_clips(video, windowing, list(_whole(duration, window, policy)))
    if policy.clip_policy == "random_pairs":
        return _as_clips(video, windowing, list(_random_pairs(duration, window, policy, video.sha256)))
    pieces = list(_manual(duration, window, manual))
    return _as_clips(video, windowing, pieces, _nothing_selected(manual, pieces))


def _whole(duration: Fraction, window: Fraction, policy: ClipPolicy) -> Iterator[_Piece]:
    total, longest = math.floor(duration / window), math.floor(_exact(policy.clip_max_s) / window)
    if longest < _PAIR:
        raise SettingError("STREAMCAP_CLIP_MAX_S", policy.clip_max_s, f"a clip holds at least two windows; make it {float(_PAIR * window):g} or more")
    # A last piece of a single window makes no clip: there would be no second window to describe the change in.
    covered = total - 1 if total % longest == 1 else total
    starts = range(0, covered, longest)
    for part, start in enumerate(starts, start=1):
        end = min(start + longest, covered)
        yield _Piece(start * window, end * window, f"whole video, part {part} of {len(starts)}", end - start)
    if covered * window < duration:
        yield _Piece(covered * window, duration, "shorter than a window" if covered == total else "shorter than two windows")


def _random_pairs(duration: Fraction, window: Fraction, policy: ClipPolicy, seed: str) -> Iterator[_Piece]:
    starts = _drawn_starts(math.floor(duration / window), policy.clip_pairs, seed)
    covered = Fraction(0)
    for number, start in enumerate(starts, start=1):
        if start * window > covered:
            yield _Piece(covered, start * window, "not drawn")
        covered = (start + _PAIR) * window
        yield _Piece(start * window, covered, f"drawn pair {number} of {len(starts)}", _PAIR)
    if covered < duration:
        yield _Piece(covered, duration, "not drawn")


def _drawn_starts(total: int, pairs: int, seed: str) -> list[int]:
    """First windows of the drawn pairs, in order. They overlap only in a video too short for this many apart from each other."""
    if pairs <= total // _PAIR:
        # Drawing from the windows that are left when every pair is folded into one, and unfolding, makes all disjoint choices equally likely.
        folded = _draw(total - pairs, pairs, seed)
        return [start + number for number, start in enumerate(folded)]
    return _draw(total - 1, min(pairs, total - 1), seed)


def _draw(population: int, count: int, seed: str) -> list[int]:
    """`count` different numbers below `population`, in order: those whose hashes with the seed are smallest, so the same on every machine."""
    return sorted(nsmallest(count, range(population), key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).digest()))


def _manual(duration: Fraction, window: Fraction, manual: Sequence[ManualSpan]) -> Iterator[_Piece]:
    covered = Fraction(0)
    for span in sorted(manual, key=lambda span: (span.start_s, span.end_s)):
        start, end = _exact(span.start_s), _exact(span.end_s)
        windows = math.floor((min(end, duration) - start) / window)
        if reason := _why_not(span, start, covered, duration, windows):
            yield _Piece(start, end, reason)
            continue
        yield _Piece(start, start + windows * window, "selected by hand", windows)
        if start + windows * window < end:
            yield _Piece(start + windows * window, end, "rest of a selected span, shorter than a window within the video")
        covered = min(end, duration)


def _why_not(span: ManualSpan, start: Fraction, covered: Fraction, duration: Fraction, windows: int) -> str:
    if not span.keep:
        return "dropped by hand"
    if start >= duration:
        return f"selected by hand, but the video ends at {float(duration):g} s"
    if start < covered:
        return "selected by hand, but overlaps the selected span before it"
    if windows < _PAIR:
        return "selected by hand, but shorter than two windows within the video"
    return ""


def _nothing_selected(manual: Sequence[ManualSpan], pieces: Sequence[_Piece]) -> str:
    if not manual:
        return "the selection made by hand has no span of this video (STREAMCAP_CLIPS_CSV, and the marks of `streamcap review`)"
    if any(piece.windows for piece in pieces):
        return ""
    return f"none of the {len(manual)} spans in the selection made by hand makes a clip; see what is left over"


def _as_clips(video: Video, windowing: Windowing, pieces: Sequence[_Piece], skipped: str = "") -> Clips:
    chosen = [piece for piece in pieces if piece.windows]
    return Clips(
        video_id=video.video_id,
        window_duration_s=windowing.window_duration_s,
        clips=tuple(
            Clip(clip=number, start_s=float(piece.start), end_s=float(piece.end), windows=piece.windows, reason=piece.reason)
            for number, piece in enumerate(chosen)
        ),
        left_over=tuple(LeftOver(start_s=float(piece.start), end_s=float(piece.end), reason=piece.reason) for piece in pieces if not piece.windows),
        skipped=skipped,
    )


def _manual_span(path: Path, line: int, row: dict[str, str]) -> tuple[str, ManualSpan]:
    video_id = (row["video_id"] or "").strip()
    keep = (row.get("keep") or "").strip().lower()
    if not re.match(VIDEO_ID_PATTERN, video_id):
        raise _wrong_selection(path, f"line {line}: {video_id!r} is not a video id; ids stand in raw/manifest.csv")
    if keep not in _KEEP:
        raise _wrong_selection(path, f"line {line}: keep is {keep!r}; write 1, true or yes, or 0, false or no, or leave it empty")
    start_s, end_s = _seconds(row["start_s"]), _seconds(row["end_s"])
    if not 0 <= start_s < end_s < math.inf:
        raise _wrong_selection(path, f"line {line}: {row['start_s']!r} to {row['end_s']!r} is no span; write seconds, 0 or more, the start before the end")
    return video_id, ManualSpan(start_s, end_s, _KEEP[keep])


def _seconds(text: str | None) -> float:
    """Not a number when it is none, which no comparison lets pass."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def _wrong_selection(path: Path, why: str) -> SettingError:
    return SettingError("STREAMCAP_CLIPS_CSV", str(path), why)


def _exact(seconds: float) -> Fraction:
    """The number as it is written: 0.1 s is a tenth, although no float is."""
    return Fraction(str(seconds))
