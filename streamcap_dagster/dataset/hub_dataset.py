"""The Hugging Face dataset in `processed/dataset/`: shards named by what they hold, and the card that says which of them count.

The card is written last and replaces the old one in one piece, so a reader sees the whole old dataset or the whole new one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from streamcap_dagster.dataset.buckets import buckets
from streamcap_dagster.dataset.card import render_card
from streamcap_dagster.dataset.configs import CONFIGS
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.pictures import FrameFiles
from streamcap_dagster.dataset.rows import DatasetVideo, VideoRows, read_rows
from streamcap_dagster.dataset.shards import Shard, plan_shards, write_shard
from streamcap_dagster.dataset.splits import SPLITS, Split
from streamcap_dagster.errors import DatasetBusy, FramesUnusable
from streamcap_dagster.storage import Storage, keys

CARD = f"{keys.DATASET}/README.md"
SHARD_BYTES = 500_000_000

_LEASE = "hf_dataset"


@dataclass
class DatasetReport:
    """What the dataset holds now, what had to be written for it, and what it lacks."""

    contents: Contents = field(default_factory=Contents)
    shards: list[str] = field(default_factory=list)
    """Keys of all shards of the dataset."""
    written: list[str] = field(default_factory=list)
    """Keys of the shards that were not there yet."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Videos that lack rows that they should have, and why."""
    card_sha256: str = ""
    """Names the whole dataset: the card lists the shards, and their names say what is in them."""


def build_dataset(storage: Storage, entries: Sequence[DatasetVideo], shard_bytes: int = SHARD_BYTES) -> DatasetReport:
    """Make the dataset that of `entries`, whatever was there before. Shards that are there already are neither read nor written again.

    Memory holds the texts of one bucket of videos (about one shard) and two row groups. Raises DatasetBusy while another process is at it.
    """
    with storage.lease(_LEASE) as alone:
        if not alone:
            raise DatasetBusy(storage.uri)
        report = DatasetReport()
        for split, bucket in _buckets(storage, entries, shard_bytes):
            _add_bucket(storage, split, [read_rows(storage, entry) for entry in bucket], shard_bytes, report)
        card = render_card(report.contents).encode()
        report.card_sha256 = hashlib.sha256(card).hexdigest()
        storage.write(CARD, card)
        _drop_old_shards(storage, report)
    return report


def _buckets(storage: Storage, entries: Sequence[DatasetVideo], shard_bytes: int) -> Iterator[tuple[Split, list[DatasetVideo]]]:
    for split in SPLITS:
        of_split = {entry.video.video_id: entry for entry in entries if entry.split == split}
        weights = {video_id: _weight(storage, video_id) for video_id in of_split}
        for bucket in buckets(weights, shard_bytes):
            yield split, [of_split[video_id] for video_id in bucket]


def _weight(storage: Storage, video_id: str) -> int:
    """The most that a video can put into one config: pairs hold every frame twice, but those of a clip's ends."""
    frames, examples = storage.stat(keys.frames(video_id)), storage.stat(keys.sft_examples(video_id))
    return 2 * (frames.size_bytes if frames else 0) + (examples.size_bytes if examples else 0)


def _add_bucket(storage: Storage, split: Split, videos: list[VideoRows], shard_bytes: int, report: DatasetReport) -> None:
    """Write the shards of a bucket; a video whose frames turn out unusable is taken out and the bucket planned anew."""
    while True:
        try:
            shards = _write_bucket(storage, split, videos, shard_bytes, report)
            break
        except FramesUnusable as error:
            report.skipped[error.video_id] = str(error)
            videos = [video for video in videos if video.entry.video.video_id != error.video_id]
    for video in videos:
        report.contents.add_video(video)
        if video.missing:
            report.skipped[video.entry.video.video_id] = "; ".join(video.missing)
    for shard in shards:
        stored = storage.stat(shard.key)
        report.contents.add_shard(shard, stored.size_bytes if stored else 0)
        report.shards.append(shard.key)


def _write_bucket(storage: Storage, split: Split, videos: list[VideoRows], shard_bytes: int, report: DatasetReport) -> list[Shard]:
    shards: list[Shard] = []
    for config in CONFIGS:
        rows = (row for video in videos for row in video.rows.get(config, ()))
        shards += plan_shards(config, split, rows, shard_bytes)
    with FrameFiles(storage) as files:
        for shard in shards:
            if storage.stat(shard.key) is None:
                with storage.staged(shard.key) as path:
                    write_shard(path, shard, files)
                report.written.append(shard.key)
    return shards


def _drop_old_shards(storage: Storage, report: DatasetReport) -> None:
    current = set(report.shards)
    report.written = [key for key in report.written if key in current]
    for stored in list(storage.list(f"{keys.DATASET}/")):
        if stored.key.endswith(".parquet") and stored.key not in current:
            storage.delete(stored.key)
