"""The Hugging Face dataset in `processed/dataset/`: shards named by what they hold, and the card that says which of them count.

The card is written last and replaces the old one in one piece, so a reader sees the whole old dataset or the whole new one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from streamcap_dagster.dataset.background import Background
from streamcap_dagster.dataset.beside import is_beside, lay_beside
from streamcap_dagster.dataset.buckets import buckets
from streamcap_dagster.dataset.card import render_card
from streamcap_dagster.dataset.card_pictures import Album
from streamcap_dagster.dataset.checking import ReadBack, read_shard
from streamcap_dagster.dataset.configs import CONFIGS
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.pictures import FrameFiles
from streamcap_dagster.dataset.rows import DatasetVideo, VideoRows, read_rows
from streamcap_dagster.dataset.shards import Shard, plan_shards, write_shard
from streamcap_dagster.dataset.splits import SPLITS, Split
from streamcap_dagster.errors import FramesUnusable
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.many import delete_all, side_by_side

CARD = f"{keys.DATASET}/README.md"
SHARD_BYTES = 500_000_000

_LEASE = "hf_dataset"


@dataclass
class DatasetReport:
    """What the dataset holds now, what had to be written for it, and what it lacks."""

    contents: Contents = field(default_factory=Contents)
    shards: list[str] = field(default_factory=list)
    """Keys of all shards of the dataset."""
    beside: Album = field(default_factory=Album)
    """What lies beside the card."""
    written: list[str] = field(default_factory=list)
    """Keys of the shards that were not there yet."""
    size_bytes: dict[str, int] = field(default_factory=dict)
    """Size of every file of the dataset, by key."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Videos that lack rows that they should have, and why."""
    card_sha256: str = ""
    """Names the whole dataset: the card lists the shards, and their names say what is in them."""
    found: ReadBack = field(default_factory=ReadBack)
    """What reading the shards back told."""


def build_dataset(
    storage: Storage, entries: Sequence[DatasetVideo], shard_bytes: int = SHARD_BYTES, cadences_s: Sequence[float] = (), background: Background | None = None
) -> DatasetReport:
    """Make the dataset that of `entries`, whatever was there before. Shards that are there already are not written again, and of these only
    whose rows they hold is read back. `cadences_s` are the longer windows that the captions of a clip are merged to as well. `background` is for
    the card alone.

    Memory holds the texts of one bucket of videos (about one shard) and two row groups. Of two processes the second waits, also for one that
    was killed elsewhere, until its lease falls to others.
    """
    background = background or Background()
    with turn(storage, _LEASE):
        report = DatasetReport(size_bytes={stored.key: stored.size_bytes for stored in storage.list(f"{keys.DATASET}/")})
        for split, bucket in _buckets(storage, entries, shard_bytes):
            videos = list(side_by_side(storage.lanes, partial(read_rows, storage, cadences_s=cadences_s), bucket))
            _add_bucket(storage, split, videos, shard_bytes, report)
        report.beside = lay_beside(storage, report.contents, report.size_bytes)
        paid = background.paid([entry.video.video_id for entry in entries], report.contents.measures.calls)
        card = render_card(report.contents, report.beside, background, paid).encode()
        report.card_sha256 = hashlib.sha256(card).hexdigest()
        storage.write(CARD, card)
        report.size_bytes[CARD] = len(card)
        _drop_old(storage, report)
    return report


def _buckets(storage: Storage, entries: Sequence[DatasetVideo], shard_bytes: int) -> Iterator[tuple[Split, list[DatasetVideo]]]:
    for split in SPLITS:
        of_split = {entry.video.video_id: entry for entry in entries if entry.split == split}
        weights = dict(zip(of_split, side_by_side(storage.lanes, partial(_weight, storage), of_split.values()), strict=True))
        for bucket in buckets(weights, shard_bytes):
            yield split, [of_split[video_id] for video_id in bucket]


def _weight(storage: Storage, entry: DatasetVideo) -> int:
    """The most that a video can put into one config: pairs hold every frame twice, but those of a clip's ends."""
    video_id = entry.video.video_id
    frames, *texts = (entry.size(storage, key(video_id)) or 0 for key in (keys.frames, keys.sft_examples, keys.preference_examples))
    return 2 * frames + max(texts)


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
        report.contents.add_shard(shard, report.size_bytes[shard.key])
        report.shards.append(shard.key)
        report.found.judge(shard.path, partial(read_shard, storage, shard, report.found, closely=shard.key in report.written))


def _write_bucket(storage: Storage, split: Split, videos: list[VideoRows], shard_bytes: int, report: DatasetReport) -> list[Shard]:
    shards: list[Shard] = []
    for config in CONFIGS:
        rows = (row for video in videos for row in video.rows.get(config, ()))
        shards += plan_shards(config, split, rows, shard_bytes)
    missing = [shard for shard in shards if shard.key not in report.size_bytes]
    wanted = {row.video_id for shard in missing for row in shard.rows}
    with FrameFiles(storage, [video_id for video in videos if (video_id := video.entry.video.video_id) in wanted]) as files:
        for shard in missing:
            with storage.staged(shard.key) as path:
                write_shard(path, shard, files)
                size_bytes = path.stat().st_size
            report.size_bytes[shard.key] = size_bytes
            report.written.append(shard.key)
    return shards


def _drop_old(storage: Storage, report: DatasetReport) -> None:
    """Remove what no card speaks of any more; what a person put there stays."""
    current = {*report.shards, *report.beside.size_bytes}
    report.written = [key for key in report.written if key in current]
    old = [key for key in report.size_bytes if (_is_shard(key) or is_beside(key)) and key not in current]
    delete_all(storage, old)
    for key in old:
        del report.size_bytes[key]


def _is_shard(key: str) -> bool:
    return keys.SHARD.fullmatch(key.removeprefix(f"{keys.DATASET}/")) is not None
