"""The rows of the config `stream`, their images apart: a whole clip, and the same captions merged to longer windows."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from streamcap_dagster.dataset.provenance import each_once
from streamcap_dagster.dataset.quality_columns import QualityColumns, quality_of_all
from streamcap_dagster.records import SPOKEN, Caption, CaptionKind, Record, Video
from streamcap_dagster.reviews.reviewed import Ended, ended, is_dropped


class StreamWindow(QualityColumns):
    """What was said of one window of a clip, silence and failures included."""

    start_s: float
    end_s: float
    kind: CaptionKind
    """An anchor opens a new segment. One that failed opens none, so it is told as a delta that failed."""
    outcome: Ended
    text: str
    """Empty too where it was dropped."""
    edited_by: str = ""
    """Who wrote the text in place of the model's, as `edited_at` tells when; of windows that are merged, all who did. Empty for the model's words."""
    edited_at: str = ""


class MergedStream(Record):
    """The captions of a clip at another cadence. Its images are those of the row, divided anew."""

    window_duration: float
    frames_per_window: tuple[int, ...]
    windows: tuple[StreamWindow, ...]
    """None reaches over the beginning of a segment. The last of a segment is shorter where that is no multiple of the cadence."""


class StreamClip(Record):
    """A clip from its initial caption to its last delta."""

    video_id: str
    clip: int
    start_time: float
    end_time: float
    fps: float
    source_fps: float
    window_duration: float
    frames_per_window: tuple[int, ...]
    windows: tuple[StreamWindow, ...]
    captioner: str
    """All that its captions come from, each once, as `model` tells it too."""
    model: str
    merged: tuple[MergedStream, ...]


def stream_clip(video: Video, said: Sequence[Caption], quality: Sequence[QualityColumns], window_s: float, cadences_s: Iterable[float]) -> StreamClip:
    """The row of a clip, of which `said` are all captions in order, and `quality` what each is like."""
    per_window = tuple(len(caption.frame_sha256) for caption in said)
    windows = tuple(_told(*one) for one in zip(said, quality, (said[0], *said), strict=False))
    return StreamClip(
        video_id=video.video_id,
        clip=said[0].clip,
        start_time=said[0].start_s,
        end_time=said[-1].end_s,
        fps=frame_rate(said[0], window_s),
        source_fps=video.fps,
        window_duration=window_s,
        frames_per_window=per_window,
        windows=windows,
        captioner=each_once(caption.captioner for caption in said),
        model=each_once(caption.model for caption in said),
        merged=tuple(
            _merged(windows, per_window, cadence_s, together)
            for cadence_s in sorted(set(cadences_s))
            if 2 <= (together := _windows_in(cadence_s, window_s)) < len(windows)
        ),
    )


def _told(caption: Caption, quality: QualityColumns, before: Caption) -> StreamWindow:
    told = StreamWindow(**caption.model_dump(include=set(StreamWindow.model_fields)), **quality.model_dump())
    if is_dropped(caption):
        told = told.model_copy(update={"outcome": ended(caption), "text": "", **QualityColumns().model_dump()})
    return told.model_copy(update={"kind": "delta"}) if caption.kind == "anchor" and caption.segment == before.segment else told


def frame_rate(caption: Caption, window_s: float) -> float:
    """Frames a second of a window: 1127 frames in 19.6 s are 57.5, not a hair less."""
    return float(len(caption.frame_sha256) / Fraction(str(window_s)))


def _windows_in(cadence_s: float, window_s: float) -> int:
    """How many windows make up one of the cadence; 0 where they do not add up to it."""
    together = Fraction(str(cadence_s)) / Fraction(str(window_s))
    return together.numerator if together.denominator == 1 else 0


def _merged(windows: Sequence[StreamWindow], per_window: Sequence[int], cadence_s: float, together: int) -> MergedStream:
    opened = [place for place, window in enumerate(windows) if window.kind == "anchor"]
    segments = pairwise([0, *opened, len(windows)])
    parts = [slice(first, min(first + together, end)) for begin, end in segments for first in range(begin, end, together)]
    return MergedStream(
        window_duration=cadence_s,
        frames_per_window=tuple(sum(per_window[part]) for part in parts),
        windows=tuple(_as_one(windows[part]) for part in parts),
    )


def _as_one(windows: Sequence[StreamWindow]) -> StreamWindow:
    """Where one failed it ended as the first such did, without a text, which would lack what happened there. Else spoken if any is, silent if all are."""
    outcomes = [window.outcome for window in windows]
    failure = next((outcome for outcome in outcomes if outcome not in SPOKEN), None)
    quality = QualityColumns() if failure else quality_of_all([(window.end_s - window.start_s, window) for window in windows])
    return StreamWindow(
        **quality.model_dump(),
        start_s=windows[0].start_s,
        end_s=windows[-1].end_s,
        kind=windows[0].kind,
        outcome=failure or ("ok" if "ok" in outcomes else "no_change"),
        text="" if failure else " ".join(window.text for window in windows if window.text),
        edited_by=", ".join(dict.fromkeys(window.edited_by for window in windows if window.edited_by)),
        edited_at=max(window.edited_at for window in windows),
    )
