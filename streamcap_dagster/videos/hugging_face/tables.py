"""Tables of a dataset: which rows there are, read without the bytes of their videos, and those bytes."""

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamcap_dagster.videos.hugging_face.client import PART_BYTES, File, HubClient
from streamcap_dagster.videos.hugging_face.ranges import RangeFile
from streamcap_dagster.videos.metadata import COLUMNS, About, about_from, plain_text

VIDEO = "video"
_IDS = ("id", "video_id")
_TABLES = (".parquet",)


@dataclass(frozen=True)
class TableRow:
    """A row as far as it was read."""

    group: int
    """Row group of the table's file."""
    row: int
    """Its place in the group."""
    id: str
    """Empty where no column gives one."""
    path: str
    """What the row calls its video's file; empty where it does not."""
    embedded: bool | None
    """Whether the table holds the video's bytes; None where only reading them tells."""
    about: About
    """What it says of the video."""


@dataclass(frozen=True)
class Table:
    """A table as far as it was read; `video` is the column that holds videos, empty where none does, and then there are no rows."""

    columns: tuple[str, ...]
    video: str
    rows: tuple[TableRow, ...] = ()


def is_table(path: str) -> bool:
    return path.lower().endswith(_TABLES)


def read_table(client: HubClient, sha: str, file: File) -> Table:
    """Every row in order; of the videos only the names of their files are fetched. Raises ValueError or OSError (Arrow's) when it is no Parquet file."""
    parquet = _parquet(client, sha, file)
    columns, video = tuple(parquet.schema_arrow.names), _video_column(parquet.schema_arrow)
    return Table(columns, video, tuple(_rows(parquet, video)) if video else ())


def _rows(parquet: Any, video: str) -> Iterator[TableRow]:
    import pyarrow as pa

    kind = parquet.schema_arrow.field(video).type
    is_path = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    has_path = pa.types.is_struct(kind) and kind.get_field_index("path") >= 0
    bytes_column = "" if is_path else f"{video}.bytes" if pa.types.is_struct(kind) else video
    wanted = [name for name in (*_IDS, *COLUMNS) if name in parquet.schema_arrow.names and name != video]
    labels = {name: names for name, names in _labels(parquet.schema_arrow).items() if name in COLUMNS}
    wanted += [f"{video}.path"] if has_path else [video] if is_path else []
    for group in range(parquet.num_row_groups):
        embedded = _embedded(parquet, group, bytes_column)
        count = parquet.metadata.row_group(group).num_rows
        rows = parquet.read_row_group(group, columns=wanted).to_pylist() if wanted else [{}] * count
        for number, row in enumerate(rows):
            named = row.get(video)
            path = named.get("path") if isinstance(named, dict) else named
            identity = next((words for name in _IDS if name in wanted and (words := plain_text(row.get(name)))), "")
            said = row | {name: _label(row.get(name), names) for name, names in labels.items()}
            yield TableRow(group, number, identity, plain_text(path), embedded, about_from(said))


def read_videos(client: HubClient, sha: str, file: File, column: str, group: int) -> Iterator[memoryview | None]:
    """The bytes of each video of a row group, one at a time and as Arrow holds them; None where a row holds none."""
    parquet = _parquet(client, sha, file, buffer_bytes=PART_BYTES)
    for batch in parquet.iter_batches(batch_size=1, row_groups=[group], columns=[column], use_threads=False):
        for video in batch.column(0):
            yield _held(video)


def _held(video: Any) -> memoryview | None:
    import pyarrow as pa

    if isinstance(video, pa.StructScalar):
        if not video.is_valid or video.type.get_field_index("bytes") < 0:
            return None
        video = video["bytes"]
    return memoryview(video.as_buffer()) if video.is_valid else None


def _parquet(client: HubClient, sha: str, file: File, buffer_bytes: int = 0) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.PythonFile(RangeFile(client, sha, file), mode="r"), buffer_size=buffer_bytes)


def _video_column(schema: Any) -> str:
    """The column `video`, or the only one that the dataset says holds videos, if a video can be in it."""
    names = [VIDEO] if VIDEO in schema.names else _said_to_be_videos(schema)
    return names[0] if len(names) == 1 and _can_hold_videos(schema.field(names[0]).type) else ""


def _said_to_be_videos(schema: Any) -> list[str]:
    return [name for name, feature in _features(schema).items() if feature.get("_type") == "Video" and name in schema.names]


def _labels(schema: Any) -> dict[str, list[object]]:
    """The words that the numbers of a column stand for, by column."""
    names = {name: feature.get("names") for name, feature in _features(schema).items() if feature.get("_type") == "ClassLabel"}
    return {name: words for name, words in names.items() if isinstance(words, list)}


def _label(value: object, words: Sequence[object]) -> object:
    return words[value] if isinstance(value, int) and 0 <= value < len(words) else None


def _features(schema: Any) -> dict[str, dict[str, Any]]:
    """What the `datasets` library knows of the columns; empty where it did not write the table."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _can_hold_videos(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0 or kind.get_field_index("path") >= 0)
    return any(bool(test(kind)) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string, pa.types.is_large_string))


def _embedded(parquet: Any, group: int, leaf: str) -> bool | None:
    """Whether all, or none, of a row group's videos are in the table, as far as its statistics tell."""
    facts = parquet.metadata.row_group(group)
    columns = {facts.column(number).path_in_schema: facts.column(number) for number in range(facts.num_columns)}
    if leaf not in columns:
        return False
    known = columns[leaf].statistics
    if known is None or not known.has_null_count:
        return None
    return True if known.null_count == 0 else False if known.null_count == facts.num_rows else None


def path_in_repository(named: str, repo: str, table: str, files: Mapping[str, File]) -> str:
    """The file of the dataset that a row names: from the top, or from the table's own folder; empty where there is none of that name."""
    name = named.replace("\\", "/")
    if name.startswith(f"hf://datasets/{repo}"):
        name = name.removeprefix(f"hf://datasets/{repo}").partition("/")[2]
    for path in (posixpath.normpath(name), posixpath.normpath(posixpath.join(posixpath.dirname(table), name))):
        if path in files:
            return path
    return ""
