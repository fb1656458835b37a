"""What a shard is called: a hash of all its rows, pictures included, so that a file can be held against its own name."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from streamcap_dagster.dataset.configs import PICTURES, Config, arrow_schema

_DIGITS = 16
_FEATURES = b"huggingface"


class ShardHash:
    """Takes in the rows of a shard in order."""

    def __init__(self, layout: str, features: bytes) -> None:
        self._hash = hashlib.sha256(f"{layout} ".encode() + features)

    def add(self, frame_sha256: Sequence[Sequence[str]], columns: Mapping[str, Any]) -> None:
        """A row: the hashes of its pictures, window by window, and all its other columns as JSON has them."""
        self._hash.update(f"\n{json.dumps(frame_sha256)} {json.dumps(columns, sort_keys=True)}".encode())

    def __str__(self) -> str:
        return self._hash.hexdigest()[:_DIGITS]


def hash_for(config: Config, layout: str) -> ShardHash:
    return ShardHash(layout, arrow_schema(config).metadata[_FEATURES])


def hash_in(file: BinaryIO, config: Config, layout: str) -> str:
    """The hash of the rows that a shard has, whatever it is called. One row group is in memory at a time. Raises pyarrow's errors for no whole file."""
    with pq.ParquetFile(file, pre_buffer=True) as table:
        found = ShardHash(layout, table.schema_arrow.metadata[_FEATURES])
        for group in range(table.num_row_groups):
            for batch in table.iter_batches(1, row_groups=[group]):
                (row,) = batch.to_pylist()
                found.add(list(_windows(row, config)), {name: value for name, value in row.items() if name not in PICTURES[config]})
    return str(found)


def _windows(row: Mapping[str, Any], config: Config) -> Iterator[list[str]]:
    """The hashes of the pictures of each window."""
    columns = PICTURES[config]
    if len(columns) > 1:
        yield from ([_sha256(picture) for picture in row[name]] for name in columns)
        return
    pictures = iter(row[columns[0]])
    yield from ([_sha256(next(pictures)) for _ in range(count)] for count in row["frames_per_window"])


def _sha256(picture: Mapping[str, Any]) -> str:
    return hashlib.sha256(picture["bytes"] or b"").hexdigest()
