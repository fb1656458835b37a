"""Parquet shards: which rows each holds, what it is called, and how it is written."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streamcap_dagster.dataset.configs import PICTURES, Config, arrow_schema
from streamcap_dagster.dataset.names import hash_for
from streamcap_dagster.dataset.pictures import FrameFiles, with_pictures
from streamcap_dagster.dataset.rows import Row
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.storage import keys

ROW_GROUP_BYTES = 16_000_000
"""Pictures per row group. It bounds the memory of the writer, and of whoever reads a single row; the Hub's viewer refuses groups over 286 MB."""

IMAGES_PER_BATCH = 16
"""Pages end between batches and rows; with the default of 1024 pages, and the buffers to fill them, would be of 40 MB."""

LAYOUT = f"2 {ROW_GROUP_BYTES}"
"""Part of every shard's name: another one when the same rows are to be written in another way."""


@dataclass(frozen=True)
class Shard:
    """One Parquet file. Its name is a hash of all that goes into it, pictures included, so what has the name need not be written again."""

    config: Config
    split: Split
    rows: tuple[Row, ...]
    path: str
    """Relative to the folder of the dataset."""

    @property
    def key(self) -> str:
        return f"{keys.DATASET}/{self.path}"


def plan_shards(config: Config, split: Split, rows: Iterable[Row], shard_bytes: int) -> list[Shard]:
    """Divide rows, in order, into shards of about `shard_bytes` at most; none when there are no rows."""
    shards: list[Shard] = []
    waiting: list[Row] = []
    held = 0
    for row in rows:
        if waiting and held + row.about_bytes > shard_bytes:
            shards.append(_shard(config, split, waiting))
            waiting, held = [], 0
        waiting.append(row)
        held += row.about_bytes
    return [*shards, _shard(config, split, waiting)] if waiting else shards


def write_shard(path: Path, shard: Shard, files: FrameFiles) -> None:
    """Write a shard in row groups. Raises FramesUnusable for a video whose frames are not what was captioned."""
    schema = arrow_schema(shard.config)
    pictures = PICTURES[shard.config]
    plain = [f"{name}.list.element.{leaf}" for name in pictures for leaf in ("bytes", "path")]
    packed = [leaf for name in schema.names if name not in pictures for leaf in _leaves(name, schema.field(name).type)]
    with (
        pq.ParquetWriter(
            path,
            schema,
            compression={**dict.fromkeys(packed, "snappy"), **dict.fromkeys(plain, "none")},
            use_dictionary=packed,
            write_statistics=packed,
            write_batch_size=IMAGES_PER_BATCH,
        ) as writer,
        closing(_one_ahead(_tables(with_pictures(shard.rows, files), schema, pictures))) as tables,
    ):
        for table in tables:
            writer.write_table(table, row_group_size=table.num_rows)


def _shard(config: Config, split: Split, rows: list[Row]) -> Shard:
    name = hash_for(config, LAYOUT)
    for row in rows:
        name.add(row.frame_sha256, row.columns(PICTURES[config]))
    return Shard(config, split, tuple(rows), f"{config}/{split}-{name}.parquet")


Filled = tuple[Row, list[pa.BinaryArray]]


def _row_groups(rows: Iterable[Filled]) -> Iterator[list[Filled]]:
    """Groups of at most `ROW_GROUP_BYTES`, a larger row alone; a full group comes before the next row is read."""
    group: list[Filled] = []
    held = 0
    for row, windows in rows:
        size = sum(pc.sum(pc.binary_length(window)).as_py() or 0 for window in windows)
        if group and held + size > ROW_GROUP_BYTES:
            yield group
            group, held = [], 0
        group.append((row, windows))
        held += size
        del windows
        if held >= ROW_GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _tables(rows: Iterable[Filled], schema: pa.Schema, pictures: tuple[str, ...]) -> Iterator[pa.Table]:
    for group in _row_groups(rows):
        table = _table(group, schema, pictures)
        group.clear()  # the table has its own copy, and the writer makes another
        yield table
        del table  # before the next pictures are read


def _one_ahead(tables: Iterator[pa.Table]) -> Generator[pa.Table, None, None]:
    """The tables in order; while one is written, the next is made in a thread."""
    with ThreadPoolExecutor(1) as hand:
        coming = hand.submit(next, tables, None)
        while (table := coming.result()) is not None:
            coming = hand.submit(next, tables, None)
            yield table


def _table(group: list[Filled], schema: pa.Schema, pictures: tuple[str, ...]) -> pa.Table:
    records = [row.columns(pictures) for row, _ in group]
    columns = {name: pa.array([record[name] for record in records], schema.field(name).type) for name in schema.names if name not in pictures}
    for place, name in enumerate(pictures):
        columns[name] = _images([[windows[place]] if len(pictures) > 1 else windows for _, windows in group])
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _images(rows: list[list[pa.BinaryArray]]) -> pa.Array:
    """A column of image lists. `path` stays empty: a path that exists on the reader's machine would win over the bytes."""
    jpeg = pa.concat_arrays([window for windows in rows for window in windows])  # copied once
    counts = [sum(map(len, windows)) for windows in rows]
    offsets = pa.array([0, *accumulate(counts)], pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays([jpeg, pa.nulls(len(jpeg), pa.string())], names=["bytes", "path"]))


def _leaves(path: str, kind: pa.DataType) -> list[str]:
    """The names that Parquet gives to the innermost columns of a column."""
    if pa.types.is_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [leaf for part in kind for leaf in _leaves(f"{path}.{part.name}", part.type)]
    return [path]
