"""What the project's own assets stored, as typed values: which reader belongs to which asset."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from streamcap_dagster.dataset.grouping.records import VideoGroups
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.records import Captions, Clips, FrameHashes, Objectives, PreferenceExamples, Record, RlExamples, SftExamples
from streamcap_dagster.resources.held_path import held
from streamcap_dagster.reviews.reviewed import Reviewed
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

if TYPE_CHECKING:
    import pandas as pd

Reader = Callable[[Storage, str], Any]
"""Reads the value of an asset; the second argument is the partition, empty for an asset of the whole corpus."""


def _record(key: Callable[[str], str], kind: type[Record]) -> Reader:
    return lambda storage, video_id: read_record(storage, key(video_id), kind)


def _raw_video(storage: Storage, video_id: str) -> Path:
    """The file as a path: for a video in a folder the very file, for one in a bucket a local copy that stays as long as the path does."""
    for stored in storage.list(keys.raw_video(video_id, ".")):
        return held(storage.local(stored.key))
    raise ObjectMissing(keys.raw_video(video_id, ".*"), storage.uri, "Make it by materializing `raw_videos` for this video, or with `streamcap run`.")


def _frames(storage: Storage, video_id: str) -> Any:
    """A pyarrow Table with a row per frame."""
    with storage.local(keys.frames(video_id)) as path:
        return pq.read_table(path)


def _subtitles(storage: Storage, video_id: str) -> str:
    return storage.read(keys.subtitles(video_id, ".vtt")).decode()


def _manifest(storage: Storage, whole: str) -> "pd.DataFrame":
    import pandas as pd  # half a second that every command would wait for

    del whole
    return pd.read_csv(io.BytesIO(storage.read(keys.MANIFEST)), keep_default_na=False)


def _groups(storage: Storage, whole: str) -> VideoGroups:
    del whole
    return read_record(storage, keys.GROUPS, VideoGroups)


def _json_rows(key: str) -> Reader:
    def read(storage: Storage, whole: str) -> "pd.DataFrame":
        import pandas as pd

        del whole
        return pd.read_json(io.BytesIO(storage.read(key)), orient="records", dtype=False)

    return read


def _dataset(storage: Storage, whole: str) -> str:
    """The place to give to `datasets.load_dataset`."""
    del whole
    return f"{storage.uri}/{keys.DATASET}"


READERS: dict[str, Reader] = {
    "video_catalog": _manifest,
    "raw_videos": _raw_video,
    "clips": _record(keys.clips, Clips),
    "frames": _frames,
    "frame_hashes": _record(keys.frame_hashes, FrameHashes),
    "initial_captions": _record(keys.initial_captions, Captions),
    "delta_captions": _record(keys.delta_captions, Captions),
    "caption_quality": _record(keys.caption_quality, CaptionQuality),
    "objectives": _record(keys.objectives, Objectives),
    "reviews": _record(keys.reviewed, Reviewed),
    "caption_files": _subtitles,
    "sft_examples": _record(keys.sft_examples, SftExamples),
    "rl_examples": _record(keys.rl_examples, RlExamples),
    "preference_examples": _record(keys.preference_examples, PreferenceExamples),
    "video_groups": _groups,
    "train_json": _json_rows(keys.TRAIN_JSON),
    "rl_json": _json_rows(keys.RL_JSON),
    "hf_dataset": _dataset,
}
