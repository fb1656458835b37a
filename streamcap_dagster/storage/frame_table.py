"""The layout of `frames/<video_id>.parquet`: one row per frame in time order, in small row groups.

Reading and writing hold one row group in memory, however long the video is and however large its frames. Readers take a path, or an open
file of a storage from which they fetch only what they need: the end, and each row group that they read, in one piece.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Frame

FramesFile = Path | BinaryIO
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


def read_windows(file: FramesFile, clip: int) -> Iterator[tuple[int, list[Frame]]]:
    """The windows of one clip in order, each with its frames."""
    yield from ((window, list(frames)) for window, frames in groupby(_frames(file, clip), key=lambda frame: frame.window))


@dataclass(frozen=True)
class WindowPictures:
    """The pictures of one window as Arrow read them; taking them from one table into another copies nothing in between."""

    window: int
    sha256: tuple[str, ...]
    jpeg: pa.BinaryArray


def read_pictures(file: FramesFile, clip: int) -> Iterator[WindowPictures]:
    """The windows of one clip in order."""
    for window, found in groupby(_pictures(file, clip), key=attrgetter("window")):
        parts = list(found)
        yield parts[0] if len(parts) == 1 else WindowPictures(window, sum((part.sha256 for part in parts), ()), pa.concat_arrays([part.jpeg for part in parts]))


def read_frames(file: FramesFile) -> Iterator[Frame]:
    """Every frame of a video in time order."""
    with _opened(file) as table:
        for group in range(table.num_row_groups):
            yield from (Frame(**row) for row in table.read_row_group(group).to_pylist())


def read_positions(file: FramesFile) -> pa.Table:
    """All columns but the pictures."""
    with _opened(file) as table:
        return table.read(columns=[name for name in SCHEMA.names if name != "jpeg"])


def read_rows(file: FramesFile, rows: Sequence[int]) -> Iterator[Frame]:
    """The frames in these rows, which ascend; only the row groups that hold one are read."""
    with _opened(file) as table:
        yield from _rows(table, rows)


def read_around(file: FramesFile, clip: int, window: int) -> Iterator[Frame]:
    """The frames of this window and of those that lie in the same row groups, in time order; nothing else is read."""
    with _opened(file) as table:
        for group in range(table.num_row_groups):
            if _may_hold(table.metadata.row_group(group), clip, window):
                yield from (Frame(**row) for row in table.read_row_group(group).to_pylist())


def read_spread(file: FramesFile, most: int) -> list[Frame]:
    """At most so many frames, evenly spread over the video."""
    with _opened(file) as table:
        count = table.metadata.num_rows
        shown = min(most, count)
        return list(_rows(table, [(2 * place + 1) * count // (2 * shown) for place in range(shown)]))


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


def _opened(file: FramesFile) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file, pre_buffer=not isinstance(file, Path))  # a row group in one piece, where each piece is a request
    except pa.ArrowInvalid as error:
        raise ObjectUnreadable(f"frames/{Path(getattr(file, 'name', '')).name}", str(error)) from error


def _may_hold(group: pq.RowGroupMetaData, clip: int, window: int) -> bool:
    """By what the file tells of the least and the largest numbers of a row group."""
    told = ((group.column(0).statistics, clip), (group.column(1).statistics, window))
    return all(statistics is None or statistics.min <= wanted <= statistics.max for statistics, wanted in told)


def _frames(file: FramesFile, clip: int) -> Iterator[Frame]:
    with _opened(file) as table:
        for group in _groups_of(table, clip):
            yield from (Frame(**row) for row in table.read_row_group(group).to_pylist() if row["clip"] == clip)


def _pictures(file: FramesFile, clip: int) -> Iterator[WindowPictures]:
    """A window that is in two row groups comes in two parts."""
    with _opened(file) as table:
        for group in _groups_of(table, clip):
            read = table.read_row_group(group, columns=["clip", "window", "sha256", "jpeg"]).combine_chunks()
            places = zip(read["clip"].to_pylist(), read["window"].to_pylist(), strict=True)
            for (of_clip, window), rows in groupby(enumerate(places), key=itemgetter(1)):
                if of_clip == clip:
                    (first, _), *others = rows
                    part = read.slice(first, 1 + len(others))
                    yield WindowPictures(window, tuple(part["sha256"].to_pylist()), part["jpeg"].chunk(0))


def _groups_of(table: pq.ParquetFile, clip: int) -> Iterator[int]:
    """The row groups that hold frames of a clip."""
    for group in range(table.num_row_groups):
        clips = table.metadata.row_group(group).column(0).statistics
        if clips is None or clips.min <= clip <= clips.max:
            yield group


def _rows(table: pq.ParquetFile, rows: Sequence[int]) -> Iterator[Frame]:
    first = 0
    for group in range(table.num_row_groups):
        behind = first + table.metadata.row_group(group).num_rows
        wanted = [row - first for row in rows if first <= row < behind]
        if wanted:
            yield from (Frame(**row) for row in table.read_row_group(group).take(wanted).to_pylist())
        first = behind
