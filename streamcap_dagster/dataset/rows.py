"""The rows that one video gives to each config, without their pictures: read from its captions and examples, nothing decoded."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from streamcap_dagster.dataset.configs import Config
from streamcap_dagster.dataset.preference import Preference, preference
from streamcap_dagster.dataset.provenance import Origin, Provenance, clip_provenance, origin_of, pair_provenance
from streamcap_dagster.dataset.quality_columns import QualityColumns, quality_columns
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.dataset.stream import StreamClip, stream_clip
from streamcap_dagster.errors import FramesUnusable, ObjectMissing, ObjectUnreadable
from streamcap_dagster.quality.drift import drifts_of
from streamcap_dagster.quality.measuring import measure
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.records import Caption, Captions, Clips, PreferenceExamples, RlExample, RlExamples, SftExample, SftExamples, Video, in_order
from streamcap_dagster.reviews.reviewed import DROPPED, apply, is_dropped, is_edited, reviewed_of
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

LARGEST_CLIP_BYTES = 48_000_000
"""Parquet writes a row in one piece, through several copies of it in memory; a clip with more than this in frames (some 5 minutes by default,
where one minute is usual) makes no stream row, so that memory stays below 500 MB."""

TOO_LARGE = f"clip with more than {LARGEST_CLIP_BYTES // 1_000_000} MB of frames; a lower STREAMCAP_CLIP_MAX_S makes shorter clips"


@dataclass(frozen=True)
class DatasetVideo:
    """A video that goes into the dataset."""

    video: Video
    split: Split
    sizes: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Sizes of objects, by key, that are known already; for others the storage is asked."""
    group: str = ""
    """What the split was decided by."""

    @property
    def origin(self) -> Origin:
        return origin_of(self.video, self.group, self.split)

    def size(self, storage: Storage, key: str) -> int | None:
        """Size of an object of the video, or None when it is not there."""
        if key in self.sizes:
            return self.sizes[key]
        stored = storage.stat(key)
        return None if stored is None else stored.size_bytes


RowRecord = SftExample | RlExample | Preference | StreamClip


@dataclass(frozen=True)
class Row:
    """One row to be: its columns, and whose pictures it holds."""

    record: RowRecord
    provenance: Provenance
    clip: int
    windows: tuple[int, ...]
    frame_sha256: tuple[tuple[str, ...], ...]
    """Per window, the frames that were captioned."""
    about_bytes: int
    """Size of the pictures, taken from the mean size of the video's frames."""

    @property
    def video_id(self) -> str:
        return self.record.video_id

    def columns(self, pictures: Iterable[str]) -> dict[str, Any]:
        """All columns but those of `pictures`, as JSON and Parquet give them back."""
        told = {**self.record.model_dump(mode="json"), **self.provenance.model_dump(mode="json")}
        return {name: value for name, value in told.items() if name not in pictures}


@dataclass
class VideoRows:
    """All that one video gives to the dataset."""

    entry: DatasetVideo
    captions: tuple[Caption, ...] = ()
    quality: CaptionQuality | None = None
    rows: dict[Config, tuple[Row, ...]] = field(default_factory=dict)
    left_out: Counter[tuple[Config, str]] = field(default_factory=Counter)
    """How many pairs or clips made no row, by config and reason."""
    missing: list[str] = field(default_factory=list)
    """Why a config, or all of them, got nothing from this video although it should have."""


def read_rows(storage: Storage, entry: DatasetVideo, cadences_s: Sequence[float] = ()) -> VideoRows:
    """The rows of a video. What cannot be read is told in `missing`, and the other configs go on."""
    found = VideoRows(entry)
    video_id = entry.video.video_id
    try:
        captions = _captions(storage, video_id)
        found.quality = _quality(storage, video_id, captions)
        picture_bytes = _mean_frame_bytes(storage, entry, captions)
    except (ObjectMissing, ObjectUnreadable) as error:
        found.missing.append(str(error))
        return found
    found.captions = tuple(captions)
    chains = {clip: tuple(chain) for clip, chain in groupby(captions, key=lambda caption: caption.clip)}
    quality = {(window.clip, window.window): quality_columns(window) for window in found.quality.windows}
    window_s = cache(lambda: read_record(storage, keys.clips(video_id), Clips).window_duration_s)
    said = _Said(entry.video, entry.origin, chains, quality, picture_bytes, window_s)
    parts: dict[Config, Callable[[], Iterator[Row]]] = {
        "sft": lambda: _sft_rows(storage, said, found),
        "rl": lambda: _rl_rows(storage, said, found),
        "stream": lambda: _stream_rows(said, cadences_s, found),
        "preference": lambda: _preference_rows(storage, said, found),
    }
    for config, rows in parts.items():
        try:
            found.rows[config] = tuple(rows())
        except (ObjectMissing, ObjectUnreadable, FramesUnusable) as error:
            found.missing.append(f"no {config} rows: {error}")
    return found


@dataclass(frozen=True)
class _Said:
    """What is known of a video's windows without opening its frames."""

    video: Video
    origin: Origin
    chains: Mapping[int, tuple[Caption, ...]]
    """The captions of each clip in order."""
    quality: Mapping[tuple[int, int], QualityColumns]
    """Of each caption, by clip and window."""
    mean_frame_bytes: float
    window_s: Callable[[], float]

    def pair_row(self, record: RowRecord, clip: int, window: int, suffix: str = "") -> Row:
        """A row with the pictures of a window and of the one before it."""
        said = self.up_to(clip, window)
        return self._row(record, pair_provenance(self.origin, self.video.video_id, said, self.quality_of(said[-1]), suffix), said[-2:])

    def clip_row(self, record: RowRecord, clip: int) -> Row:
        said = self.chains[clip]
        return self._row(record, clip_provenance(self.origin, self.video.video_id, said), said)

    def quality_of(self, caption: Caption) -> QualityColumns:
        """Raises ObjectUnreadable for a caption that was not measured."""
        measured = self.quality.get((caption.clip, caption.window))
        if measured is None:
            raise ObjectUnreadable(keys.caption_quality(self.video.video_id), f"it tells nothing of window {caption.window} of clip {caption.clip}")
        return measured

    def up_to(self, clip: int, window: int) -> tuple[Caption, ...]:
        """The captions of a segment from its first to those of `window - 1` and `window`. Raises FramesUnusable when one of these is missing."""
        chain = self.chains.get(clip, ())
        places = {caption.window: place for place, caption in enumerate(chain)}
        if unknown := [wanted for wanted in (window - 1, window) if wanted not in places]:
            raise FramesUnusable(self.video.video_id, f"its examples speak of window {unknown[0]} of clip {clip}, which has no caption")
        segment = chain[places[window]].segment
        return tuple(caption for caption in chain[: places[window] + 1] if caption.segment == segment)

    def _row(self, record: RowRecord, provenance: Provenance, pictured: Sequence[Caption]) -> Row:
        frames = tuple(caption.frame_sha256 for caption in pictured)
        about_bytes = round(self.mean_frame_bytes * sum(map(len, frames)))
        return Row(record, provenance, pictured[0].clip, tuple(caption.window for caption in pictured), frames, about_bytes)


def _sft_rows(storage: Storage, said: _Said, found: VideoRows) -> Iterator[Row]:
    examples = read_record(storage, keys.sft_examples(said.video.video_id), SftExamples)
    found.left_out.update(("sft", pair.reason) for pair in examples.left_out)
    yield from (said.pair_row(pair.example, pair.clip, pair.window) for pair in examples.examples)


def _rl_rows(storage: Storage, said: _Said, found: VideoRows) -> Iterator[Row]:
    examples = read_record(storage, keys.rl_examples(said.video.video_id), RlExamples)
    found.left_out.update(("rl", pair.reason) for pair in examples.left_out)
    yield from (said.pair_row(pair.example, pair.clip, pair.window) for pair in examples.examples)


def _preference_rows(storage: Storage, said: _Said, found: VideoRows) -> Iterator[Row]:
    """None where no preferences were made: a dataset is whole without them."""
    try:
        examples = read_record(storage, keys.preference_examples(said.video.video_id), PreferenceExamples)
    except ObjectMissing:
        return
    found.left_out.update(("preference", pair.reason) for pair in examples.left_out)
    paired = set[tuple[int, int]]()
    for pair in examples.examples:
        place = pair.clip, pair.window
        first = said.up_to(*place)[-2]
        yield said.pair_row(preference(said.video, pair, first, said.window_s()), *place, suffix="/length" if place in paired else "")
        paired.add(place)


def _stream_rows(said: _Said, cadences_s: Sequence[float], found: VideoRows) -> Iterator[Row]:
    window_s = said.window_s()
    for clip, chain in said.chains.items():
        if all(map(is_dropped, chain)):
            found.left_out["stream", DROPPED] += 1
            continue
        row = said.clip_row(stream_clip(said.video, chain, [said.quality_of(caption) for caption in chain], window_s, cadences_s), clip)
        if row.about_bytes > LARGEST_CLIP_BYTES:
            found.left_out["stream", TOO_LARGE] += 1
            continue
        yield row


def _captions(storage: Storage, video_id: str) -> list[Caption]:
    initials = read_record(storage, keys.initial_captions(video_id), Captions)
    deltas = read_record(storage, keys.delta_captions(video_id), Captions)
    reviewed = reviewed_of(storage, video_id)
    return in_order(apply(initials, reviewed), apply(deltas, reviewed))


def _quality(storage: Storage, video_id: str, captions: Sequence[Caption]) -> CaptionQuality:
    """As it was measured; where people have changed captions they are measured anew, for it is of the texts that rows have."""
    quality = read_record(storage, keys.caption_quality(video_id), CaptionQuality)
    windows = measure(captions) if any(map(is_edited, captions)) else quality.windows
    kept = [caption.model_copy(update={"text": ""}) if is_dropped(caption) else caption for caption in captions]
    return quality.model_copy(update={"windows": windows, "drifts": drifts_of(kept)})


def _mean_frame_bytes(storage: Storage, entry: DatasetVideo, captions: list[Caption]) -> float:
    frames = sum(len(caption.frame_sha256) for caption in captions)
    if not frames:
        return 0.0
    key = keys.frames(entry.video.video_id)
    size_bytes = entry.size(storage, key)
    if size_bytes is None:
        raise ObjectMissing(key, storage.uri, "Materialize `frames` for this video, or use `streamcap run`.")
    return size_bytes / frames
