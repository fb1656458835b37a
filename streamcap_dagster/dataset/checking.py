"""What can be wrong with the files of all videos together: they are read back once they are written, pictures apart, and held against the videos."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.dataset.configs import PICTURES, arrow_schema
from streamcap_dagster.dataset.shards import Shard
from streamcap_dagster.dataset.splits import SPLITS, Split
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.storage import Storage

MOST_FAULTS = 100
"""Faults after which nobody goes on looking."""

_EXAMPLE = re.compile(rb'\{"video_id":"([^"\\]+)"')


@dataclass
class ReadBack:
    """What was found in files that were read back."""

    faults: list[str] = field(default_factory=list)
    """Where their rows are not those that the videos gave."""
    seen: dict[Split, set[str]] = field(default_factory=lambda: {split: set() for split in SPLITS})
    """The videos of each split, as the files tell it."""

    def add(self, split: Split, video_ids: Iterable[str]) -> None:
        self.seen[split].update(video_ids)

    def judge(self, name: str, look: Callable[[], Iterator[str]]) -> None:
        """Note what `look` finds wrong with a file; one that cannot be read is wrong."""
        try:
            for fault in look():
                if len(self.faults) >= MOST_FAULTS:
                    return
                self.faults.append(f"{name}: {fault}")
        except (StreamcapError, OSError, pa.ArrowException) as error:
            self.faults.append(f"{name}: it cannot be read back: {error}")


def split_faults(seen: Mapping[Split, Set[str]], groups: Mapping[str, str]) -> Iterator[str]:
    """Videos, or videos of one group, that are in more than one split; the group of a video_id is itself where it is not known."""
    first: dict[str, tuple[Split, str]] = {}
    for split in SPLITS:
        for video_id in sorted(seen.get(split, ())):
            where, other = first.setdefault(groups.get(video_id, video_id), (split, video_id))
            if where != split and other == video_id:
                yield f"video {video_id} is in {where} and in {split}"
            elif where != split:
                yield f"video {other} in {where} and video {video_id} in {split} are of one group"


class Said(NamedTuple):
    """What a video gave to a JSON file: how many rows, and a hash of them in order."""

    rows: int
    sha256: str


def said(lines: Iterable[bytes]) -> Said:
    digest, rows = hashlib.sha256(), 0
    for line in lines:
        digest.update(line + b"\n")
        rows += 1
    return Said(rows, digest.hexdigest())


def read_json(path: Path, expected: Mapping[str, Said], found: ReadBack, split: Split) -> Iterator[str]:
    """Faults of a JSON array of examples, one a line and one video after another, against what the videos gave. One line is in memory at a time."""
    left = dict(expected)
    with path.open("rb") as file:
        for video_id, lines in _by_video(file):
            wanted = left.pop(video_id, None)
            has = said(lines)
            if wanted is None:
                yield f"{has.rows} rows are of video {video_id}, which gave none or has had its rows before"
            elif has.rows != wanted.rows:
                yield f"{has.rows} rows are of video {video_id}, which gave {wanted.rows}"
            elif has != wanted:
                yield f"the rows of video {video_id} are not those that it gave"
            found.add(split, [video_id])
    yield from (f"video {video_id} gave {wanted.rows} rows, of which none is in it" for video_id, wanted in left.items() if wanted.rows)


def _by_video(file: Iterable[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The lines of each video on end."""
    lines = (line.strip().removesuffix(b",") for line in file)
    return groupby((line for line in lines if line not in (b"", b"[", b"]")), key=_video_of)


def _video_of(line: bytes) -> str:
    """A line that is no example is of a video that nobody knows."""
    example = _EXAMPLE.match(line)
    return example[1].decode(errors="replace") if example and line.endswith(b"}") else f"{line[:40]!r}, which is no example,"


def read_shard(storage: Storage, shard: Shard, found: ReadBack, closely: bool) -> Iterator[str]:
    """Faults of a shard against the rows that it was made for: whose they are, and closely also all they say. One row group is in memory at a time."""
    pictures = PICTURES[shard.config]
    columns = [name for name in arrow_schema(shard.config).names if name not in pictures] if closely else ["video_id"]
    with storage.open(shard.key) as file, pq.ParquetFile(file, pre_buffer=True) as table:
        if table.metadata.num_rows != len(shard.rows):
            yield f"it has {table.metadata.num_rows} rows, where the videos gave {len(shard.rows)}"
        groups = (table.read_row_group(group, columns=columns).to_pylist() for group in range(table.num_row_groups))
        for number, (row, has) in enumerate(zip(shard.rows, chain.from_iterable(groups), strict=False)):
            found.add(shard.split, [has["video_id"]])
            if has["video_id"] != row.video_id:
                yield f"row {number} is of video {has['video_id']}, not of {row.video_id}"
            elif closely and has != row.columns(pictures):
                yield f"row {number} is not the one that video {row.video_id} gave"
