"""The rows that one video gives to each config, without their pictures: read from its captions and examples, nothing decoded."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from streamcap_dagster.dataset.configs import Config
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.errors import FramesUnusable, ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Caption, CaptionKind, Captions, Clips, Outcome, Record, RlExample, RlExamples, SftExample, SftExamples, Video, in_order
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

LARGEST_CLIP_BYTES = 48_000_000
"""Parquet writes a row in one piece, through several copies of it in memory; a clip with more than this in frames (some 5 minutes by default,
where one minute is usual) makes no stream row, so that memory stays below 500 MB."""


@dataclass(frozen=True)
class DatasetVideo:
    """A video that goes into the dataset."""

    video: Video
    split: Split
    sizes: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Sizes of objects, by key, that are known already; for others the storage is asked."""

    def size(self, storage: Storage, key: str) -> int | None:
        """Size of an object of the video, or None when it is not there."""
        if key in self.sizes:
            return self.sizes[key]
        stored = storage.stat(key)
        return None if stored is None else stored.size_bytes


class StreamWindow(Record):
    """What was said of one window of a clip, silence and failures included."""

    start_s: float
    end_s: float
    kind: CaptionKind
    outcome: Outcome
    text: str


class StreamClip(Record):
    """A row of the config `stream`, its images apart: a clip from its initial caption to its last delta."""

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
    model: str


@dataclass(frozen=True)
class Row:
    """One row to be: its fields, and whose pictures it holds."""

    record: SftExample | RlExample | StreamClip
    clip: int
    windows: tuple[int, ...]
    frame_sha256: tuple[tuple[str, ...], ...]
    """Per window, the frames that were captioned."""
    about_bytes: int
    """Size of the pictures, taken from the mean size of the video's frames."""

    @property
    def video_id(self) -> str:
        return self.record.video_id


@dataclass
class VideoRows:
    """All that one video gives to the dataset."""

    entry: DatasetVideo
    captions: tuple[Caption, ...] = ()
    rows: dict[Config, tuple[Row, ...]] = field(default_factory=dict)
    left_out: Counter[tuple[Config, str]] = field(default_factory=Counter)
    """How many pairs or clips made no row, by config and reason."""
    missing: list[str] = field(default_factory=list)
    """Why a config, or all of them, got nothing from this video although it should have."""


def read_rows(storage: Storage, entry: DatasetVideo) -> VideoRows:
    """The rows of a video. What cannot be read is told in `missing`, and the other configs go on."""
    found = VideoRows(entry)
    video_id = entry.video.video_id
    try:
        captions = _captions(storage, video_id)
        picture_bytes = _mean_frame_bytes(storage, entry, captions)
    except (ObjectMissing, ObjectUnreadable) as error:
        found.missing.append(str(error))
        return found
    found.captions = tuple(captions)
    pictures = _Pictures(video_id, {(caption.clip, caption.window): caption.frame_sha256 for caption in captions}, picture_bytes)
    parts: dict[Config, Callable[[], Iterator[Row]]] = {
        "sft": lambda: _sft_rows(storage, pictures, found),
        "rl": lambda: _rl_rows(storage, pictures, found),
        "stream": lambda: _stream_rows(storage, captions, pictures, found),
    }
    for config, rows in parts.items():
        try:
            found.rows[config] = tuple(rows())
        except (ObjectMissing, ObjectUnreadable, FramesUnusable) as error:
            found.missing.append(f"no {config} rows: {error}")
    return found


@dataclass(frozen=True)
class _Pictures:
    """What is known of a video's frames without opening them."""

    video_id: str
    captioned: dict[tuple[int, int], tuple[str, ...]]
    mean_bytes: float

    def row(self, record: SftExample | RlExample | StreamClip, clip: int, windows: tuple[int, ...]) -> Row:
        unknown = [window for window in windows if (clip, window) not in self.captioned]
        if unknown:
            raise FramesUnusable(self.video_id, f"its examples speak of window {unknown[0]} of clip {clip}, which has no caption")
        frames = tuple(self.captioned[clip, window] for window in windows)
        return Row(record, clip, windows, frames, round(self.mean_bytes * sum(map(len, frames))))


def _sft_rows(storage: Storage, pictures: _Pictures, found: VideoRows) -> Iterator[Row]:
    examples = read_record(storage, keys.sft_examples(pictures.video_id), SftExamples)
    found.left_out.update(("sft", pair.reason) for pair in examples.left_out)
    yield from (pictures.row(pair.example, pair.clip, (pair.window - 1, pair.window)) for pair in examples.examples)


def _rl_rows(storage: Storage, pictures: _Pictures, found: VideoRows) -> Iterator[Row]:
    examples = read_record(storage, keys.rl_examples(pictures.video_id), RlExamples)
    found.left_out.update(("rl", pair.reason) for pair in examples.left_out)
    yield from (pictures.row(pair.example, pair.clip, (pair.window - 1, pair.window)) for pair in examples.examples)


def _stream_rows(storage: Storage, captions: list[Caption], pictures: _Pictures, found: VideoRows) -> Iterator[Row]:
    clips = read_record(storage, keys.clips(pictures.video_id), Clips)
    for clip, chain in groupby(captions, key=lambda caption: caption.clip):
        said = list(chain)
        record = _stream_clip(found.entry.video, said, clips.window_duration_s)
        row = pictures.row(record, clip, tuple(caption.window for caption in said))
        if row.about_bytes > LARGEST_CLIP_BYTES:
            found.left_out[
                "stream", f"clip with more than {LARGEST_CLIP_BYTES // 1_000_000} MB of frames; a lower STREAMCAP_CLIP_MAX_S makes shorter clips"
            ] += 1
            continue
        yield row


def _stream_clip(video: Video, said: list[Caption], window_s: float) -> StreamClip:
    per_window = tuple(len(caption.frame_sha256) for caption in said)
    return StreamClip(
        video_id=video.video_id,
        clip=said[0].clip,
        start_time=said[0].start_s,
        end_time=said[-1].end_s,
        fps=float(per_window[0] / Fraction(str(window_s))),  # 1127 frames in 19.6 s are 57.5 a second, not a hair less
        source_fps=video.fps,
        window_duration=window_s,
        frames_per_window=per_window,
        windows=tuple(StreamWindow(**caption.model_dump(include=set(StreamWindow.model_fields))) for caption in said),
        captioner=said[0].captioner,
        model=said[0].model,
    )


def _captions(storage: Storage, video_id: str) -> list[Caption]:
    initials = read_record(storage, keys.initial_captions(video_id), Captions)
    deltas = read_record(storage, keys.delta_captions(video_id), Captions)
    return in_order(initials, deltas)


def _mean_frame_bytes(storage: Storage, entry: DatasetVideo, captions: list[Caption]) -> float:
    frames = sum(len(caption.frame_sha256) for caption in captions)
    if not frames:
        return 0.0
    key = keys.frames(entry.video.video_id)
    size_bytes = entry.size(storage, key)
    if size_bytes is None:
        raise ObjectMissing(key, storage.uri, "Materialize `frames` for this video, or use `streamcap run`.")
    return size_bytes / frames
