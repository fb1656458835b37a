"""The catalog's two tables: the manifest, which is kept for good, and the scan cache, which only saves work."""

import csv
import hashlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import attrgetter

from pydantic import TypeAdapter, ValidationError

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys

_VIDEOS = TypeAdapter(tuple[Video, ...])
_AT_ONCE = 1000
"""Rows that are made into videos at a time: more would be in memory twice."""
_SEEN_COLUMNS = ("uri", "size_bytes", "version", "sha256", "probed_by")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """How a file looked when its row in the manifest was made; while it looks the same to the same probe, the row holds."""

    size_bytes: int
    version: str
    """See `SourceFile.version`."""
    sha256: str
    probed_by: str
    """What looked into it; see `probe.probed_by`."""


@dataclass(frozen=True)
class Rows:
    """The manifest as text: every row by its video id, in order of the file, each looked into only when its video is asked for."""

    columns: tuple[str, ...]
    cells: Mapping[str, Sequence[str]]

    def digest(self, video_id: str) -> str:
        """Another one when any cell of the row is another."""
        row = "\0".join(self.cells[video_id]).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(row, digest_size=12, person=self._person).hexdigest()

    def video(self, video_id: str) -> Video:
        """Raises ObjectUnreadable when the row is none of a video."""
        return _videos([dict(zip(self.columns, self.cells[video_id], strict=True))])[0]

    @cached_property
    def _person(self) -> bytes:
        return hashlib.blake2b("\0".join(self.columns).encode(), digest_size=16).digest()


def read_rows(storage: Storage) -> Rows:
    """The manifest for whoever needs few of its videos as records. Raises ObjectUnreadable when it is no such table."""
    columns, table = _manifest(storage)
    return Rows(columns, {row[columns.index("video_id")]: row for row in table})


def holds_more_than(storage: Storage, videos: int) -> bool:
    """Whether the manifest has more rows than that; a file name with a line end in it counts for two."""
    try:
        return storage.read(keys.MANIFEST).count(b"\n") > videos + 1
    except ObjectMissing:
        return False


def read_manifest(storage: Storage) -> dict[str, Video]:
    """Every video by its id, in order of the file; empty when there is no manifest yet."""
    columns, table = _manifest(storage)
    found: dict[str, Video] = {}
    while some := list(islice(table, _AT_ONCE)):
        for video in _videos([dict(zip(columns, cells, strict=True)) for cells in some]):
            found[video.video_id] = video
    return found


def _manifest(storage: Storage) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """Its columns, and its rows one after another."""
    table = _cells(storage, keys.MANIFEST)
    columns = tuple(next(table, ()))

    def rows() -> Iterator[list[str]]:
        for row in table:
            if len(row) != len(columns) or "video_id" not in columns:
                raise ObjectUnreadable(keys.MANIFEST, f"{' '.join(row[:1])!r}: a row has {len(row)} cells, and there are {len(columns)} columns")
            yield row

    return columns, rows()


def _videos(rows: Sequence[Mapping[str, str]]) -> tuple[Video, ...]:
    try:
        videos = _VIDEOS.validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        raise ObjectUnreadable(keys.MANIFEST, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}") from error
    given = set(rows[0]) if rows else set()
    for video in videos:  # of very many videos these sets, which are all the same, are half of what they take in memory
        object.__setattr__(video, "__pydantic_fields_set__", given)
    return videos


def write_manifest(storage: Storage, videos: Iterable[Video]) -> bytes:
    """Store the manifest, one row per video in order of id, the same bytes for the same videos; returns them."""
    cells = attrgetter(*Video.model_fields)
    data = _table(tuple(Video.model_fields), (cells(video) for video in sorted(videos, key=attrgetter("video_id"))))
    storage.write(keys.MANIFEST, data)
    return data


def read_seen(storage: Storage) -> dict[str, Seen]:
    """The scan cache by uri; empty when there is none, and when it cannot be read: it only saves work."""
    try:
        table = _cells(storage, keys.SCAN)
        if (columns := tuple(next(table, _SEEN_COLUMNS))) != _SEEN_COLUMNS:
            raise ValueError(f"its columns are {', '.join(columns)}")
        return {uri: Seen(int(size_bytes), version, sha256, probed_by) for uri, size_bytes, version, sha256, probed_by in table}
    except (ValueError, ObjectUnreadable) as error:
        logger.warning("%s cannot be read (%s), so every file of the source is read again. That is all it costs.", keys.SCAN, error)
        return {}


def write_seen(storage: Storage, seen: Mapping[str, Seen]) -> None:
    rows = ((uri, seen[uri].size_bytes, seen[uri].version, seen[uri].sha256, seen[uri].probed_by) for uri in sorted(seen))
    storage.write(keys.SCAN, _table(_SEEN_COLUMNS, rows))


def _cells(storage: Storage, key: str) -> Iterator[list[str]]:
    """The rows of a table, its columns first; nothing when there is no table. An empty line is no row."""
    try:
        data = storage.read(key)
    except ObjectMissing:
        return
    try:
        yield from filter(None, csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")))
    except UnicodeDecodeError as error:
        raise ObjectUnreadable(key, "it is not UTF-8 text") from error
    except csv.Error as error:
        raise ObjectUnreadable(key, f"it is not a CSV table ({error})") from error


def _table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """All text is quoted, so that a file name with line ends, quotes or commas stays one cell for every reader."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
