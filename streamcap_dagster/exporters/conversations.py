"""Rows as exchanges, the form that every chat format is made from: what is shown, what is asked, and what the assistant says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from streamcap_dagster.chat_tokens import WHY, chat_token
from streamcap_dagster.exporters.exporter import Words
from streamcap_dagster.exporters.rows import PairRow, SftRow, StreamRow, Window
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.records import NO_CHANGE, SPOKEN

BEFORE, NOW = "Before:", "Now:"
"""What stands before the pictures of a pair's two windows where one turn holds both."""

FROM_A_TOKEN_ON = f"window whose caption, or one that it adds to, holds {WHY}: write that anew with `streamcap review`"


@dataclass(frozen=True)
class Exchange:
    """One turn of the user and one of the assistant."""

    shown: tuple[str | bytes, ...]
    """In order: the pictures, as JPEG, and words between them."""
    asked: str
    """The words after the pictures."""
    answer: str
    """What the assistant says; silence is the constant `No change.`."""

    @property
    def images(self) -> tuple[bytes, ...]:
        return tuple(part for part in self.shown if isinstance(part, bytes))


@dataclass(frozen=True)
class SpokenWindow:
    """A window of a clip that has a usable caption, with its frames."""

    window: Window
    images: tuple[bytes, ...]
    pts_s: tuple[float, ...]


@dataclass(frozen=True)
class Segment:
    """The windows of a clip, or from one anchor of it to the next, that can be trained on: the first describes the scene, the others add to it."""

    number: int
    """From 0."""
    windows: tuple[SpokenWindow, ...]


def spoken_segments(row: StreamRow, to: SplitTarget) -> Iterator[Segment]:
    """The segments of a clip, which is one where it has no anchors; none without its first caption, which all others add to.

    A window whose caption failed is left out with its frames: the captioner of the later ones did not know of it either. From one that holds a chat
    token on all are left out, since the later ones add to it.
    """
    for number, segment in enumerate(_segments(row)):
        windows = _without_tokens(segment, to)
        if not windows:
            continue
        first = windows[0].window
        if first.outcome != "ok":
            to.leave_out(f"clip whose initial caption is {first.outcome}" if first.kind == "initial" else f"segment whose first caption is {first.outcome}")
            continue
        for found in windows:
            if found.window.outcome not in SPOKEN:
                to.leave_out(f"window whose caption is {found.window.outcome}")
        spoken = tuple(found for found in windows if found.window.outcome in SPOKEN)
        yield Segment(number, spoken)


def _without_tokens(segment: Sequence[SpokenWindow], to: SplitTarget) -> Sequence[SpokenWindow]:
    end = next((place for place, found in enumerate(segment) if holds_token(found.window)), len(segment))
    for _ in segment[end:]:
        to.leave_out(FROM_A_TOKEN_ON)
    return segment[:end]


def holds_token(window: Window) -> bool:
    """Whether it was said, with a word that trainers take for a command."""
    return window.outcome in SPOKEN and bool(chat_token(window.text))


def _segments(row: StreamRow) -> list[list[SpokenWindow]]:
    segments: list[list[SpokenWindow]] = []
    for found in _windows(row):
        if found.window.kind == "delta" and segments:
            segments[-1].append(found)
        else:
            segments.append([found])
    return segments


def _windows(row: StreamRow) -> Iterator[SpokenWindow]:
    spans = pairwise([0, *accumulate(row.frames_per_window)])
    for window, (first, end) in zip(row.windows, spans, strict=True):
        yield SpokenWindow(window, row.images[first:end], row.frame_pts[first:end])


def conversations_of_clip(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[tuple[str, list[Exchange]]]:
    """A clip as one conversation, or one for each of its segments, each with its sample_id."""
    for segment in spoken_segments(row, to):
        yield f"{row.sample_id}#{segment.number}" if segment.number else row.sample_id, _exchanges(segment, words)


def _exchanges(segment: Segment, words: Words) -> list[Exchange]:
    """An exchange a window. What was said is in the conversation, so it is not told again."""
    first, *later = segment.windows
    return [_exchange(first, words.initial()), *(_exchange(found, words.turn()) for found in later)]


def _exchange(found: SpokenWindow, asked: str) -> Exchange:
    return Exchange(found.images, asked, found.window.answer)


def exchanges_of_pair(row: SftRow, words: Words) -> list[Exchange]:
    """A pair as a conversation: a clip's first with its initial caption; a later one as its one exchange, in which the history is told."""
    *earlier, (asked, answer) = _asked_and_answered(row)
    if not earlier:
        return [delta_exchange(row, asked, answer)]
    ((first_asked, first_answer),) = earlier
    return [Exchange(row.frames_window1, first_asked, first_answer), Exchange(row.frames_window2, words.turn(), answer)]


def delta_exchange(row: PairRow, asked: str, answer: str) -> Exchange:
    """The second window of a pair alone, both windows shown; `asked` tells the history."""
    return Exchange((BEFORE, *row.frames_window1, NOW, *row.frames_window2), asked, answer or NO_CHANGE)


def last_question(row: SftRow) -> str:
    """What was asked about the second window, the history in it."""
    return row.conversations[-2].content


def _asked_and_answered(row: SftRow) -> Sequence[tuple[str, str]]:
    said = [turn.content for turn in row.conversations]
    return list(zip(said[::2], said[1::2], strict=True))
