"""What a shard holds, read a row group at a time: whose rows, who captioned them under which licence, and what is wrong with its pictures and texts."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.hub.texts import obeyed, personal, placeholders
from streamcap_dagster.licences import licence_id
from streamcap_dagster.records import rehearsed_by

MOST_FAULTS = 50
"""Of a shard; whoever has so many has more of the same."""

_ABOUT_VIDEOS = ("video_id", "sample_id", "source_sha256", "license", "credit", "source_url", "group", "split")
_ABOUT_CAPTIONS = ("captioner", "model", "prompt_version", "outcome", "kind", "role", "generator", "ranked_by", "path", "quality_flags")
_UNSPOKEN = frozenset((*_ABOUT_VIDEOS, *_ABOUT_CAPTIONS))
"""Names of texts that nobody said of a picture; credits may well hold an address."""
_UNTRAINED = frozenset({"objectives"})
"""Names of texts that no trainer shows its model: rewards are counted by them."""
_ROWS_AT_ONCE = 256
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"


@dataclass
class ShardFacts:
    """`rows` counts by video; of who captioned and under which licence the videos are named, None where the shard has no such column."""

    rows: Counter[str] = field(default_factory=Counter)
    rehearsed: dict[str, str] | None = field(default_factory=dict)
    """Videos captioned by something that sees nothing, and what that was."""
    unlicensed: set[str] | None = field(default_factory=set)
    """Videos without a known licence."""
    groups: dict[str, str] = field(default_factory=dict)
    """What the split of a video was decided by, where the rows tell it."""
    faults: list[str] = field(default_factory=list)
    said: dict[tuple[str, str], "Said"] = field(default_factory=dict)
    """What must not be in a text, by video and what it is: where it was said first."""


class Said(NamedTuple):
    """The place of a text. It is `exact` in a clip's chain; in a pair of windows the first may only repeat what was said long before."""

    exact: bool
    where: str


def read_facts(file: BinaryIO, closely: bool) -> ShardFacts:
    """Read a shard; `closely` looks at every picture and text. Raises pyarrow's errors for what is no whole Parquet file."""
    facts = ShardFacts()
    with pq.ParquetFile(file, pre_buffer=True) as table:
        schema = table.schema_arrow
        if "captioner" not in schema.names or "model" not in schema.names:
            facts.rehearsed = None
        if "license" not in schema.names:
            facts.unlicensed = None
        narrow = [name for name in ("video_id", "captioner", "model", "license", "group") if name in schema.names]
        for batch in table.iter_batches(_ROWS_AT_ONCE, columns=narrow):
            for row in batch.to_pylist():
                _count(facts, row)
        if closely:
            facts.faults = list(islice(_pictures_amiss(table, schema), MOST_FAULTS))
            for video_id, what, said in _texts_amiss(table, schema):
                facts.said.setdefault((video_id, what), said)
    return facts


def _count(facts: ShardFacts, row: Mapping[str, Any]) -> None:
    video_id = str(row.get("video_id"))
    facts.rows[video_id] += 1
    if row.get("group"):
        facts.groups[video_id] = row["group"]
    if facts.rehearsed is not None and (maker := rehearsed_by(row["captioner"] or "", row["model"] or "")):
        facts.rehearsed[video_id] = maker
    if facts.unlicensed is not None and not licence_id(row["license"] or ""):
        facts.unlicensed.add(video_id)


def _pictures_amiss(table: pq.ParquetFile, schema: pa.Schema) -> Iterator[str]:
    for group in range(table.num_row_groups):
        video_ids = table.read_row_group(group, columns=["video_id"]).column("video_id").to_pylist()
        for name in _columns_of_pictures(schema):
            yield from _picture_faults(name, video_ids, table.read_row_group(group, columns=[name]).column(name))


def _texts_amiss(table: pq.ParquetFile, schema: pa.Schema) -> Iterator[tuple[str, str, Said]]:
    """Video, what its text holds that it must not, and where."""
    texts = [name for name in schema.names if name not in (*_columns_of_pictures(schema), *_UNSPOKEN)]
    where = [name for name in ("video_id", "clip", "window", "start_time") if name in schema.names]
    for batch in table.iter_batches(_ROWS_AT_ONCE, columns=[*dict.fromkeys([*where, *texts])]):
        for row in batch.to_pylist():
            for column, window, text in ((name, *said) for name in texts for said in _said(row[name], None)):
                for what in (*placeholders(text), *personal(text), *(() if column in _UNTRAINED else obeyed(text))):
                    yield row["video_id"], what, Said(window is not None, _where(row, window))


def _columns_of_pictures(schema: pa.Schema) -> list[str]:
    return [column.name for column in schema if _holds_pictures(column.type)]


def _holds_pictures(kind: pa.DataType) -> bool:
    """Whether it is an image, or a list of them, as `datasets` stores it."""
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    return pa.types.is_struct(kind) and {part.name for part in kind} == {"bytes", "path"}


def _picture_faults(name: str, video_ids: list[str], column: pa.ChunkedArray) -> Iterator[str]:
    row = 0
    for chunk in column.chunks:
        for place in range(len(chunk)):
            held = chunk[place].as_py()
            for number, picture in enumerate(held if isinstance(held, list) else [held]):
                if why := _why_unusable((picture or {}).get("bytes")):
                    yield f"video {video_ids[row]}: picture {number + 1} of {name} in row {row + 1} of its group does not open: {why}"
            row += 1


def _why_unusable(data: bytes | None) -> str:
    """Empty for a picture that opens and is whole."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "it has no bytes"
    try:
        with Image.open(io.BytesIO(data)) as picture:
            kind = picture.format
            picture.verify()
    except UnidentifiedImageError:
        return "it is no picture"
    except Exception as error:  # noqa: BLE001 -- Pillow raises whatever its decoders do, and the fault is told
        return str(error)
    return "it is cut short" if kind == "JPEG" and _JPEG_END not in data[data.rfind(_JPEG_SCAN) :] else ""


def _said(value: Any, window: int | None) -> Iterator[tuple[int | None, str]]:
    """Every text in a value, with the number of the window where it is one of a clip's chain."""
    if isinstance(value, str):
        yield window, value
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _said(one, number if isinstance(one, dict) and "outcome" in one else window)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in _UNSPOKEN:
                yield from _said(one, window)


def _where(row: Mapping[str, Any], window: int | None) -> str:
    number = row.get("window") if window is None else window
    if number is not None:
        return f"window {number} of clip {row['clip']}" if "clip" in row else f"window {number}"
    return f"the window at {row['start_time']:g} s" if isinstance(row.get("start_time"), float) else "a row"
