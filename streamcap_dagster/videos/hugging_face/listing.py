"""Which videos a dataset holds at one commit and what is known of them, found out once and kept on this machine."""

import logging
import posixpath
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from streamcap_dagster.errors import SourceError
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.hugging_face.client import File, HubClient, read_card
from streamcap_dagster.videos.hugging_face.splits import Splits, splits_of
from streamcap_dagster.videos.hugging_face.tables import Table, TableRow, is_table, open_table, path_in_repository, read_rows
from streamcap_dagster.videos.metadata import NOTHING, About, about_from, describe, is_metadata, plain_text
from streamcap_dagster.videos.source import SUFFIXES, UNKNOWN_SIZE

_VERSION = 1
"""Of what is kept: counts up when the same dataset is listed otherwise."""
_CARD = "README.md"
_TABLES_AT_ONCE = 8
_SHOWN = 12

logger = logging.getLogger(__name__)


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


_KEPT = TypeAdapter(Listing)


def list_dataset(client: HubClient, sha: str, folder: Path) -> Listing:
    """The listing of a commit, from the folder where it is kept, or made and kept there in place of those of earlier commits."""
    about = sha256(f"{_VERSION} {client.endpoint} {client.address.repo} {client.address.subset}".encode()).hexdigest()[:32]
    path = folder / f"{about}-{sha}.json"
    try:
        return _KEPT.validate_json(path.read_bytes())
    except FileNotFoundError:
        pass
    except (OSError, ValidationError) as error:
        logger.warning("%s cannot be used (%s), so the dataset is listed again. That is all it costs.", path, type(error).__name__)
    listing = _listed(client, sha)
    _keep(path, _KEPT.dump_json(listing))
    for older in folder.glob(f"{about}-*.json"):
        if older != path:
            older.unlink(missing_ok=True)
    return listing


def _keep(path: Path, data: bytes) -> None:
    """Whole or not at all; where nothing can be kept the dataset is listed again the next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            coming = Path(folder) / path.name
            coming.write_bytes(data)
            coming.replace(path)
    except OSError as error:
        logger.warning("%s cannot be kept (%s), so the dataset is listed again the next time.", path, error.strerror)


def _listed(client: HubClient, sha: str) -> Listing:
    files = {file.path: file for file in client.files(sha)}
    card, remarks = _card(client, sha, files)
    splits = splits_of(client.address.uri, files, card, client.address.subset)
    making = _Making(client, sha, files, card)
    tables = making.tables(splits)
    if any(table.video for table in chain.from_iterable(tables.values())):
        items = making.of_tables(tables)
    else:
        items = making.of_files(splits)
        if not items and tables:
            raise _no_video_column(client.address.uri, next(chain.from_iterable(tables.values())))
    return Listing(sha, tuple(items), (*remarks, *making.remarks))


def _card(client: HubClient, sha: str, files: Mapping[str, File]) -> tuple[dict[str, Any], list[str]]:
    """What the YAML of the card says, and what is wrong with it."""
    if _CARD not in files:
        return {}, []
    try:
        return read_card(client.read(sha, _CARD, 0, files[_CARD].size_bytes).decode("utf-8", "replace")), []
    except ValueError as error:
        return {}, [f"{_CARD} of {client.address.uri} says nothing of licence and splits: {error}. Mend the lines between the first two ---."]


def _no_video_column(uri: str, table: Table) -> SourceError:
    columns = ", ".join(map(repr, table.columns[:_SHOWN])) + (f" and {len(table.columns) - _SHOWN} more" if len(table.columns) > _SHOWN else "")
    return SourceError(uri, f"no column of it holds videos, and no file of it is one; the columns of {table.file.path} are {columns}. Name the column `video`.")


class _Making:
    """A listing while it is made."""

    def __init__(self, client: HubClient, sha: str, files: Mapping[str, File], card: Mapping[str, object]) -> None:
        self.remarks: list[str] = []
        self._client = client
        self._sha = sha
        self._files = files
        self._by_default = About(license=_license_of(card), credit=client.address.repo, url=client.page)
        self._taken: set[str] = set()

    def tables(self, splits: Splits) -> dict[str, list[Table]]:
        """The Parquet files of each split, each in one split only. What is none is told."""
        split_of: dict[str, str] = {}
        for split, paths in splits.items():
            for path in paths:
                if is_table(path) and not _is_metadata_table(path):
                    split_of.setdefault(path, split)
        found: dict[str, list[Table]] = {}
        for table in side_by_side(_TABLES_AT_ONCE, self._open, split_of):
            if table is not None:
                found.setdefault(split_of[table.file.path], []).append(table)
        return found

    def _open(self, path: str) -> Table | None:
        try:
            return open_table(self._client, self._sha, self._files[path])
        except (ValueError, OSError) as error:
            self.remarks.append(f"{path} is passed over: it is no Parquet file ({_first_line(error)}). Upload it again.")
            return None

    def of_tables(self, tables: Mapping[str, Sequence[Table]]) -> list[Item]:
        """One item per row, in order of split, table and row."""
        items = []
        for split, some in tables.items():
            self.remarks += [f"{table.file.path} is passed over: no column of it holds videos." for table in some if not table.video]
            holding = [table for table in some if table.video]
            found = side_by_side(_TABLES_AT_ONCE, self._rows, holding)
            rows = ((table, row) for table, rows in zip(holding, found, strict=True) for row in rows)
            items += [self._item(table, row, f"{split}-{number:06d}") for number, (table, row) in enumerate(rows)]
        return items

    def _rows(self, table: Table) -> list[TableRow]:
        try:
            return list(read_rows(self._client, self._sha, table))
        except (ValueError, OSError) as error:
            self.remarks.append(f"{table.file.path} is passed over: its rows cannot be read ({_first_line(error)}). Upload it again.")
            return []

    def _item(self, table: Table, row: TableRow, numbered: str) -> Item:
        about = self._with_defaults(about_from(row.cells))
        file = self._files.get(path_in_repository(row.path, self._client.address.repo, table.file.path, self._files)) if row.path and not row.embedded else None
        uri = self._unique(_named(row, numbered), numbered)
        if file is not None:
            return Item(uri, file, problem=_problem(file), about=about)
        problem = ""
        if row.embedded is False:
            problem = f"Its row names {row.path!r}, which is no file of the dataset." if row.path else "Its row holds no video, and names none."
            problem += " Upload it, or leave it; the next scan looks again."
        return Item(uri, table.file, table.video, row.group, row.row, problem, about)

    def of_files(self, splits: Splits) -> list[Item]:
        """One item per file that is named like a video, with what metadata files say of it."""
        paths = dict.fromkeys(path for some in splits.values() for path in some if path.lower().endswith(SUFFIXES))
        written = describe(filter(is_metadata, self._files), paths, self._lent)
        self.remarks += written.remarks
        return [Item(path, self._files[path], problem=_problem(self._files[path]), about=self._with_defaults(written.of(path, NOTHING))) for path in paths]

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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _is_metadata_table(path: str) -> bool:
    return posixpath.basename(path) == "metadata.parquet"
