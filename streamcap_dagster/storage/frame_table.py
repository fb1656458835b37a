"""The layout of `frames/<video_id>.parquet`: one row per frame in time order, in small row groups.

Reading and writing hold one row group in memory, however long the video is and however large its frames.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Frame

ROWS_PER_GROUP = 64
BYTES_PER_GROUP = 8 << 20
"""A row group is closed when either is reached."""
SCHEMA = pa.schema(
    [
        ("clip", pa.int32()),
        ("window", pa.int32()),
        ("k", pa.int32()),
        ("target_s", pa.float64()),
        ("pts_s", pa.float64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("sha256", pa.string()),
        ("jpeg", pa.binary()),
    ]
)


def write_frames(path: Path, frames: Iterable[Frame], decoder: str) -> int:
    """Write frames, which come in time order, to a Parquet file; returns how many. `decoder` is kept in the file's metadata."""
    schema = SCHEMA.with_metadata({"streamcap.decoder": decoder})
    written = 0
    with pq.ParquetWriter(path, schema, compression={"jpeg": "none"}, use_dictionary=False) as writer:
        for group in _groups(frames):
            columns = {name: [getattr(frame, name) for frame in group] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema))
            written += len(group)
    return written


def read_windows(path: Path, clip: int) -> Iterator[tuple[int, list[Frame]]]:
    """The windows of one clip in order, each with its frames."""
    yield from ((window, list(frames)) for window, frames in groupby(_frames(path, clip), key=lambda frame: frame.window))


def read_frames(path: Path) -> Iterator[Frame]:
    """Every frame of a video in time order."""
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_PER_GROUP):
            yield from (Frame(**row) for row in batch.to_pylist())


def read_positions(path: Path) -> pa.Table:
    """All columns but the pictures."""
    with _opened(path) as file:
        return file.read(columns=[name for name in SCHEMA.names if name != "jpeg"])


def count_frames(path: Path) -> int:
    with _opened(path) as file:
        count: int = file.metadata.num_rows
        return count


def read_rows(path: Path, rows: Sequence[int]) -> Iterator[Frame]:
    """The frames in these rows, which ascend; only the row groups that hold one are read."""
    with _opened(path) as file:
        first = 0
        for group in range(file.num_row_groups):
            behind = first + file.metadata.row_group(group).num_rows
            wanted = [row - first for row in rows if first <= row < behind]
            if wanted:
                yield from (Frame(**row) for row in file.read_row_group(group).take(wanted).to_pylist())
            first = behind


def _groups(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    group: list[Frame] = []
    size_bytes = 0
    for frame in frames:
        group.append(frame)
        size_bytes += len(frame.jpeg)
        if len(group) == ROWS_PER_GROUP or size_bytes >= BYTES_PER_GROUP:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ObjectUnreadable(f"frames/{path.name}", str(error)) from error


def _frames(path: Path, clip: int) -> Iterator[Frame]:
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            clips = file.metadata.row_group(group).column(0).statistics
            if clips is not None and not clips.min <= clip <= clips.max:
                continue
            yield from (Frame(**row) for row in file.read_row_group(group).to_pylist() if row["clip"] == clip)
