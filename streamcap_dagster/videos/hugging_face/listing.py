"""Which videos a dataset holds at one commit and what is known of them, found out once and kept on this machine."""

import posixpath
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from streamcap_dagster.errors import SourceError
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.hugging_face.client import File, HubClient, read_card
from streamcap_dagster.videos.hugging_face.notes import Notes
from streamcap_dagster.videos.hugging_face.splits import Splits, splits_of
from streamcap_dagster.videos.hugging_face.tables import Table, TableRow, is_table, path_in_repository, read_table
from streamcap_dagster.videos.metadata import NOTHING, About, Described, describe, is_metadata, plain_text
from streamcap_dagster.videos.source import SUFFIXES, UNKNOWN_SIZE

_VERSION = 3
"""Of what is kept: counts up when the same dataset is listed otherwise."""
_CARD = "README.md"
_TABLES_AT_ONCE = 8
_SHOWN = 12


@dataclass(frozen=True)
class Item:
    """A video of the dataset."""

    uri: str
    """What it is called here: its id, or its path, with the suffix of a video."""
    file: File
    """The file of the repository that it is, or is in."""
    column: str = ""
    """Of a table, that which holds it; empty where it is a file by itself."""
    group: int = 0
    row: int = 0
    problem: str = ""
    about: About = NOTHING
    """NOTHING where what is written of it could not be read: else at least the dataset's own page is known."""

    @property
    def version(self) -> str:
        """Another one when its bytes may be."""
        return f"{self.file.oid}#{self.group}.{self.row}" if self.column else self.file.oid

    @property
    def size_bytes(self) -> int:
        """UNKNOWN_SIZE where it is in a table."""
        return UNKNOWN_SIZE if self.column else self.file.size_bytes


@dataclass(frozen=True)
class Listing:
    """A dataset at one commit. The items are in the order of the dataset, each uri once."""

    sha: str
    items: tuple[Item, ...]
    remarks: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Folders whose metadata could not be read, as in Described."""
    unread_tables: bool = False
    """Whether a table could not be read, so that it may hold videos which are no items."""


_LISTING = TypeAdapter(Listing)
_TABLE = TypeAdapter(Table)


def list_dataset(client: HubClient, sha: str, notes: Notes) -> Listing:
    """The listing of a commit as it was noted, or made and noted in place of those of earlier commits. A table that was read before is not read again."""
    prefix = sha256(f"{_VERSION} {client.endpoint} {client.address.repo} {client.address.subset}".encode()).hexdigest()[:32]
    name = f"{prefix}-{sha}"
    listing = notes.read(name, _LISTING)
    if listing is None:
        listing = _listed(client, sha, notes)
        notes.keep(name, _LISTING, listing)
        notes.drop_others(f"{prefix}-", name)
    return listing


def _listed(client: HubClient, sha: str, notes: Notes) -> Listing:
    files = {file.path: file for file in client.files(sha)}
    card, remarks = _card(client, sha, files)
    splits = splits_of(client.address.uri, files, card, client.address.subset)
    making = _Making(client, sha, files, card, notes)
    tables = making.tables(splits)
    if any(table.video for found in tables.values() for table in found.values()):
        items = making.of_tables(tables)
    else:
        items = making.of_files(splits)
        if not items and tables:
            raise _no_video_column(client.address.uri, *next(iter(next(iter(tables.values())).items())))
    return Listing(sha, tuple(items), (*remarks, *making.remarks), making.unread, bool(making.unreadable))


def _card(client: HubClient, sha: str, files: Mapping[str, File]) -> tuple[dict[str, Any], list[str]]:
    """What the YAML of the card says, and what is wrong with it."""
    if _CARD not in files:
        return {}, []
    try:
        return read_card(client.read(sha, _CARD, 0, files[_CARD].size_bytes).decode("utf-8", "replace")), []
    except ValueError as error:
        return {}, [f"{_CARD} of {client.address.uri} says nothing of licence and splits: {error}. Mend the lines between the first two ---."]


def _no_video_column(uri: str, path: str, table: Table) -> SourceError:
    columns = ", ".join(map(repr, table.columns[:_SHOWN])) + (f" and {len(table.columns) - _SHOWN} more" if len(table.columns) > _SHOWN else "")
    return SourceError(uri, f"no column of it holds videos, and no file of it is one; the columns of {path} are {columns}. Name the column `video`.")


def _cannot_count(uri: str, path: str, split: str) -> SourceError:
    why = f"{path} cannot be read as Parquet, and rows of the split {split} without an id or file are called by their number, which counts those of that table"
    return SourceError(uri, f"{why}. Upload it again, or add a column `id`.")


class _Making:
    """A listing while it is made."""

    def __init__(self, client: HubClient, sha: str, files: Mapping[str, File], card: Mapping[str, object], notes: Notes) -> None:
        self.remarks: list[str] = []
        self.unread: tuple[str, ...] = ()
        self.unreadable: dict[str, str] = {}
        """By split, a table of it that cannot be read."""
        self._client = client
        self._sha = sha
        self._files = files
        self._notes = notes
        self._by_default = About(license=_license_of(card), credit=client.address.repo, url=client.page)
        self._taken: set[str] = set()

    def tables(self, splits: Splits) -> dict[str, dict[str, Table]]:
        """The Parquet files of each split by path, each in one split only. What is none is told."""
        split_of: dict[str, str] = {}
        for split, paths in splits.items():
            for path in paths:
                if is_table(path) and not is_metadata(path):
                    split_of.setdefault(path, split)
        found: dict[str, dict[str, Table]] = {}
        for path, table in zip(split_of, side_by_side(_TABLES_AT_ONCE, self._table, split_of), strict=True):
            if table is None:
                self.unreadable.setdefault(split_of[path], path)
            else:
                found.setdefault(split_of[path], {})[path] = table
        return found

    def _table(self, path: str) -> Table | None:
        file = self._files[path]
        name = f"table-{_VERSION}-{file.oid}"
        table = self._notes.read(name, _TABLE)
        if table is None:
            try:
                table = read_table(self._client, self._sha, file)
            except (ValueError, OSError) as error:
                why = str(error).partition("\n")[0].rstrip(". ")
                self.remarks.append(f"{path} is passed over: it cannot be read as Parquet ({why}). Upload it again.")
                return None
            self._notes.keep(name, _TABLE, table)
        return table

    def of_tables(self, tables: Mapping[str, Mapping[str, Table]]) -> list[Item]:
        """One item per row, in order of split, table and row. Raises SourceError where rows are called by numbers that a broken table would shift."""
        items: list[Item] = []
        for split, some in tables.items():
            self.remarks += [f"{path} is passed over: no column of it holds videos." for path, table in some.items() if not table.video]
            rows = ((path, table.video, row) for path, table in some.items() for row in table.rows)
            for number, (path, column, row) in enumerate(rows):
                numbered = f"{split}-{number:06d}"
                items.append(self._item(self._files[path], column, row, numbered))
                if split in self.unreadable and numbered in items[-1].uri:
                    raise _cannot_count(self._client.address.uri, self.unreadable[split], split)
        return items

    def _item(self, table: File, column: str, row: TableRow, numbered: str) -> Item:
        about, uri = self._with_defaults(row.about), self._unique(_named(row, numbered), numbered)
        named = "" if row.embedded or not row.path else path_in_repository(row.path, self._client.address.repo, table.path, self._files)
        if named:
            return Item(uri, self._files[named], problem=_problem(self._files[named]), about=about)
        problem = ""
        if row.embedded is False:
            problem = f"Its row names {row.path!r}, which is no file of the dataset." if row.path else "Its row holds no video, and names none."
            problem += " Upload it, or leave it; the next scan looks again."
        return Item(uri, table, column, row.group, row.row, problem, about)

    def of_files(self, splits: Splits) -> list[Item]:
        """One item per file that is named like a video, with what metadata files say of it."""
        paths = dict.fromkeys(path for some in splits.values() for path in some if path.lower().endswith(SUFFIXES))
        written = describe(dict.fromkeys(filter(is_metadata, self._files), ""), paths, self._lent)
        self.remarks += written.remarks
        self.unread = written.unread
        return [Item(path, self._files[path], problem=_problem(self._files[path]), about=self._about(path, written)) for path in paths]

    def _about(self, path: str, written: Described) -> About:
        known = path in written.about or not path.startswith(written.unread)
        return self._with_defaults(written.of(path, NOTHING)) if known else NOTHING

    @contextmanager
    def _lent(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / posixpath.basename(path)
            local.write_bytes(self._client.read(self._sha, path, 0, self._files[path].size_bytes))
            yield local

    def _with_defaults(self, said: About) -> About:
        """What a row says, and what the dataset says where it says nothing."""
        return About(**{name: value or getattr(self._by_default, name) for name, value in asdict(said).items()})

    def _unique(self, uri: str, numbered: str) -> str:
        if uri in self._taken:
            stem, suffix = posixpath.splitext(uri)
            uri = f"{stem}-{numbered}{suffix}"
        self._taken.add(uri)
        return uri


def _named(row: TableRow, numbered: str) -> str:
    """By its id, else by its file, else by its number; always with the suffix of a video."""
    suffix = posixpath.splitext(row.path)[1].lower()
    path = posixpath.normpath(row.path.replace("\\", "/")).lstrip("/.") if row.path and "://" not in row.path else posixpath.basename(row.path)
    name = row.id or path or numbered
    return name if name.lower().endswith(SUFFIXES) else name + (suffix if suffix in SUFFIXES else SUFFIXES[0])


def _problem(file: File) -> str:
    return "" if file.size_bytes else "It is empty. Upload it again; the next scan looks again."


def _license_of(card: Mapping[str, object]) -> str:
    """The card's licence by its name: `other` says nothing, and the name beside it does."""
    license_id = plain_text(card.get("license"))
    return plain_text(card.get("license_name")) or license_id if license_id in ("", "other") else license_id
