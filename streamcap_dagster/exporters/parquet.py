"""Samples as Parquet files that describe themselves to `datasets`: images as the bytes they are, messages as JSON, so that no key is added to them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.exporters.exporter import Writer
from streamcap_dagster.exporters.target import SplitTarget

if TYPE_CHECKING:
    from datasets import Features

IMAGES = "images"
"""The column of pictures, as TRL wants it called."""

SHARD_BYTES = 500_000_000
ROW_GROUP_BYTES = 32_000_000
_IMAGES_PER_BATCH = 16
"""Pages end between batches; with the default of 1024 they would be of tens of megabytes."""


def parquet(features: "Callable[[], Features]") -> Writer:
    """Writes `<split>-00000.parquet` and so on; a sample is a dict by column, with the JPEG bytes of its pictures in `images`."""

    @contextmanager
    def writer(to: SplitTarget) -> Iterator[Callable[[dict[str, Any]], None]]:
        with ExitStack() as files:
            shards = _Shards(to, features().arrow_schema, files)
            yield shards.add
            shards.finish()

    return writer


class _Shards:
    """The files of a split: they all get their names when all are whole."""

    def __init__(self, to: SplitTarget, schema: pa.Schema, files: ExitStack) -> None:
        self._to = to
        self._schema = schema
        self._files = files
        self._paths: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._written_bytes = 0
        self._waiting: list[dict[str, Any]] = []
        self._waiting_bytes = 0

    def add(self, sample: dict[str, Any]) -> None:
        size = sum(map(len, sample[IMAGES]))
        if self._waiting and self._waiting_bytes + size > ROW_GROUP_BYTES:
            self._write_group()
        self._waiting.append(sample)
        self._waiting_bytes += size
        self._to.images += len(sample[IMAGES])

    def finish(self) -> None:
        """Write what waits. A split without a sample has no file: `datasets` cannot load one without a row."""
        if self._waiting:
            self._write_group()
        self._close()

    def _write_group(self) -> None:
        table = pa.table([_column([sample[field.name] for sample in self._waiting], field.type) for field in self._schema], schema=self._schema)
        self._room_for(self._waiting_bytes).write_table(table, row_group_size=len(self._waiting))
        self._waiting, self._waiting_bytes = [], 0

    def _room_for(self, size_bytes: int) -> pq.ParquetWriter:
        if self._written_bytes + size_bytes > SHARD_BYTES:
            self._close()
        if self._writer is None:
            self._paths.append(self._files.enter_context(self._to.staged(f"{self._to.split}-{len(self._paths):05d}.parquet")))
            plain: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}  # nearly all of it is JPEG
            self._writer = pq.ParquetWriter(self._paths[-1], self._schema, write_batch_size=_IMAGES_PER_BATCH, **plain)
        self._written_bytes += size_bytes
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._written_bytes = None, 0


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """The values of a column; `datasets` declares lists of pictures as structs, and lists of JSON as an extension over strings."""
    inner = kind.value_type if pa.types.is_list(kind) else None
    if isinstance(inner, pa.JsonType):
        texts = [json.dumps(value, ensure_ascii=False) for listed in values for value in listed]
        return pa.ListArray.from_arrays(_offsets(values), pa.ExtensionArray.from_storage(inner, pa.array(texts, pa.string())))
    if inner is not None and pa.types.is_struct(inner):
        jpeg = pa.array([image for images in values for image in images], pa.binary())
        paths = pa.nulls(len(jpeg), pa.string())  # a path that exists on the reader's machine would win over the bytes
        return pa.ListArray.from_arrays(_offsets(values), pa.StructArray.from_arrays([jpeg, paths], names=["bytes", "path"]))
    return pa.array(values, kind)


def _offsets(values: list[list[Any]]) -> pa.Array:
    return pa.array([0, *accumulate(map(len, values))], pa.int32())
