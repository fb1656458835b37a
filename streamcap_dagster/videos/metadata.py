"""What people write down beside their videos: licence, credit, address and group, in the files that Hugging Face's VideoFolder has for that.

A metadata file names videos relative to its own folder. Nothing in one can keep a video from being used: what is wrong is said, and the rest holds.
"""

import csv
import json
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from pathlib import Path

from streamcap_dagster.errors import VideoUnreadable

METADATA_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_NAME = "file_name"
_SHOWN = 8
_LONGEST = 2000
"""Characters of a value; what is longer was not meant for a licence, a name or an address."""

Lend = Callable[[str], AbstractContextManager[Path]]
"""A file of the source, by uri, as a local path for as long as the block lasts."""


@dataclass(frozen=True)
class About:
    """What is known of a video that its bytes do not tell; each is empty where nobody said."""

    license: str = ""
    credit: str = ""
    url: str = ""
    group: str = ""
    """Videos of one group never end up in different splits."""


NOTHING = About()
COLUMNS = tuple(field.name for field in fields(About))


@dataclass(frozen=True)
class Described:
    """What is known of the videos of a source, by uri, and what is wrong with where it is written, a sentence each."""

    about: Mapping[str, About] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Folders whose metadata could not be read this time, each empty or ending in a slash: what was known of videos in them still holds."""

    def of(self, uri: str, before: About) -> About:
        """What is known of a video now, of which that was known before."""
        if uri not in self.about and uri.startswith(self.unread):
            return before
        return self.about.get(uri, NOTHING)


@dataclass(frozen=True)
class Broken:
    """A line that holds no row, and why."""

    why: str


Line = tuple[int, dict[str, object] | Broken]
"""A line's number, counted from 1, and what it holds."""


def is_metadata(uri: str) -> bool:
    return posixpath.basename(uri) in METADATA_NAMES


def describe(metadata: Mapping[str, str], videos: Collection[str], lend: Lend) -> Described:
    """What metadata files, by uri, say of these videos; with each goes why it cannot be read, empty where nothing is known against it.

    Where two speak of one video, the one in the deeper folder counts.
    """
    about: dict[str, About] = {}
    remarks: list[str] = []
    unread: list[str] = []
    for uri in sorted(metadata, key=lambda uri: (uri.count("/"), uri)):
        found = _Reading(uri, videos)
        try:
            if problem := metadata[uri].partition(". ")[0]:
                raise VideoUnreadable(uri, problem[0].lower() + problem[1:], "")
            with lend(uri) as path:
                found.take(read_lines(path))
        except (OSError, ValueError, VideoUnreadable) as error:  # ValueError as Arrow raises it
            unread.append(found.folder)
            remarks.append(f"{uri} cannot be read ({_why(error)}), so what was known of its videos stays as it was.")
            continue
        about |= found.about
        remarks += found.remarks()
    return Described(about, tuple(remarks), tuple(unread))


def about_from(row: Mapping[str, object]) -> About:
    """What a row of metadata says; a column that it lacks says nothing, and nor does a number in the place of a licence."""
    said = {column: plain_text(row.get(column)) for column in COLUMNS}
    return About(**said | ({"license": ""} if isinstance(row.get("license"), int | float) else {}))


def plain_text(value: object) -> str:
    """A value on one line; several are joined by commas."""
    if value is None or isinstance(value, dict):
        return ""
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return " ".join(words.encode("utf-8", "backslashreplace").decode().split()).replace("\0", "")[:_LONGEST]


def read_lines(path: Path) -> Iterator[Line]:
    """The rows of a CSV, JSON Lines or Parquet table, by the file's suffix; a line that is none is told as broken, and the next one goes on."""
    if path.suffix.lower() == ".parquet":
        yield from _parquet_lines(path)
        return
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        yield from _csv_lines(text) if path.suffix.lower() == ".csv" else _json_lines(text)


def _csv_lines(text: Iterable[str]) -> Iterator[Line]:
    table = csv.reader(text)
    columns: Sequence[str] = ()
    while True:
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield table.line_num, Broken(f"is no line of a CSV table ({error})")
            continue
        if cells and not columns:
            columns = [cell.strip() for cell in cells]
        elif len(cells) == len(columns):
            yield table.line_num, dict(zip(columns, cells, strict=True))
        elif cells:
            yield table.line_num, Broken(f"has {len(cells)} cells, and there are {len(columns)} columns")


def _json_lines(text: Iterable[str]) -> Iterator[Line]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield number, Broken("is not JSON")
            continue
        yield number, row if isinstance(row, dict) else Broken("is no JSON object")


def _parquet_lines(path: Path) -> Iterator[Line]:
    import pyarrow.parquet as pq  # which takes a while to import, and few have such a file

    batches = pq.ParquetFile(path).iter_batches()
    yield from enumerate((row for batch in batches for row in batch.to_pylist()), 1)


def _why(error: Exception) -> str:
    if isinstance(error, VideoUnreadable):
        return error.why
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error).partition("\n")[0].rstrip(".")


class _Reading:
    """One metadata file while it is read, and what turns out to be wrong with it."""

    def __init__(self, uri: str, videos: Collection[str]) -> None:
        self.folder = uri[: -len(posixpath.basename(uri))]
        self.about: dict[str, About] = {}
        self._uri = uri
        self._videos = videos
        self._columns: dict[str, None] = {}
        self._faults: dict[str, list[str]] = {}

    def take(self, lines: Iterable[Line]) -> None:
        for number, row in lines:
            if isinstance(row, Broken):
                self._fault("broken", f"line {number} {row.why}")
                continue
            self._columns |= dict.fromkeys(row)
            self._take_row(number, row)

    def _take_row(self, number: int, row: Mapping[str, object]) -> None:
        name = row.get(_NAME)
        if not isinstance(name, str) or not name.strip():
            if _NAME in row:
                self._fault("broken", f"line {number} names no file")
            return
        uri = _joined(self.folder, name)
        if uri not in self._videos:
            self._fault("unknown", name)
            return
        if uri in self.about:
            self._fault("twice", uri)
        self.about[uri] = about_from(row)

    def _fault(self, kind: str, words: str) -> None:
        self._faults.setdefault(kind, []).append(words)

    def remarks(self) -> Iterator[str]:
        """One sentence for each kind of fault."""
        if broken := self._faults.get("broken"):
            more = f", and so {'is' if len(broken) == 2 else 'are'} {len(broken) - 1} more" if len(broken) > 1 else ""
            yield f"{self._uri}: {broken[0]}; it is passed over{more}. Mend it, and the next scan reads it."
        if self._columns and _NAME not in self._columns:
            yield f"{self._uri} has no column {_NAME}, so nothing is taken from it; it has {_listed(self._columns)}."
            return
        if unknown := self._faults.get("unknown"):
            yield f"{self._uri} names {_files(len(unknown))} that no video of the source is, such as {unknown[0]!r}. Names are relative to its own folder."
        if twice := self._faults.get("twice"):
            yield f"{self._uri} speaks of {twice[0]!r} more than once; its last line counts."
        if self.about and "license" not in self._columns:
            yield f"{self._uri} has no column license, so the licence of its videos is unknown."
        if others := [column for column in self._columns if column not in (_NAME, *COLUMNS)]:
            yield f"{self._uri}: of its columns only {', '.join(COLUMNS)} are used, not {_listed(others)}."


def _joined(folder: str, name: str) -> str:
    """The uri of a file that is named relative to a folder; what leads out of the source is the uri of nothing."""
    return posixpath.normpath(posixpath.join(folder, name.strip().replace("\\", "/")))


def _listed(columns: Iterable[str]) -> str:
    names = [repr(column)[1:-1] or "''" for column in columns]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _files(count: int) -> str:
    return "a file" if count == 1 else f"{count:,} files"
