"""The catalog's two tables: the manifest, which is kept for good, and the scan cache, which only saves work."""

import csv
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, keys

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


def read_manifest(storage: Storage) -> dict[str, Video]:
    """Every video by its id, in order of the file; empty when there is no manifest yet."""
    try:
        videos = [Video.model_validate(row) for row in _rows(storage, keys.MANIFEST)]
    except ValidationError as error:
        first = error.errors()[0]
        raise ObjectUnreadable(keys.MANIFEST, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return {video.video_id: video for video in videos}


def write_manifest(storage: Storage, videos: Iterable[Video]) -> bytes:
    """Store the manifest, one row per video in order of id, the same bytes for the same videos; returns them."""
    rows = (video.model_dump() for video in sorted(videos, key=lambda video: video.video_id))
    data = _table(tuple(Video.model_fields), rows)
    storage.write(keys.MANIFEST, data)
    return data


def read_seen(storage: Storage) -> dict[str, Seen]:
    """The scan cache by uri; empty when there is none, and when it cannot be read: it only saves work."""
    try:
        return {row["uri"]: _seen(row) for row in _rows(storage, keys.SCAN)}
    except (KeyError, TypeError, ValueError, ObjectUnreadable) as error:
        logger.warning("%s cannot be read (%s), so every file of the source is read again. That is all it costs.", keys.SCAN, error)
        return {}


def _seen(row: Mapping[str, str]) -> Seen:
    if None in row.values():
        raise ValueError(f"the row of {row['uri']!r} ends early")
    return Seen(int(row["size_bytes"]), row["version"], row["sha256"], row["probed_by"])


def write_seen(storage: Storage, seen: Mapping[str, Seen]) -> None:
    rows = ({"uri": uri, **vars(seen[uri])} for uri in sorted(seen))
    storage.write(keys.SCAN, _table(_SEEN_COLUMNS, rows))


def _rows(storage: Storage, key: str) -> Iterator[dict[str, str]]:
    try:
        text = storage.read(key).decode("utf-8")
    except ObjectMissing:
        return
    except UnicodeDecodeError as error:
        raise ObjectUnreadable(key, "it is not UTF-8 text") from error
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise ObjectUnreadable(key, f"it is not a CSV table ({error})") from error


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """All text is quoted, so that a file name with line ends, quotes or commas stays one cell for every reader."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
