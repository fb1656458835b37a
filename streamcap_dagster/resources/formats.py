"""The file formats of what users' own assets return: records as JSON, tables as Parquet, media as the file itself. Loading them runs no code of theirs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import Record
from streamcap_dagster.resources.held_path import held
from streamcap_dagster.storage import Storage, fix_of_missing
from streamcap_dagster.storage.documents import read_record, write_record


class Format(Protocol):
    """Keeps values of one kind under a key without its suffix, and loads them."""

    def write(self, storage: Storage, stem: str, value: Any) -> None: ...

    def read(self, storage: Storage, stem: str) -> Any: ...


@dataclass(frozen=True)
class Json:
    """A record, in one readable file."""

    kind: type[Record]

    def write(self, storage: Storage, stem: str, value: Record) -> None:
        write_record(storage, f"{stem}.json", value)

    def read(self, storage: Storage, stem: str) -> Record:
        return read_record(storage, f"{stem}.json", self.kind)


class Parquet:
    """A pyarrow Table."""

    def write(self, storage: Storage, stem: str, value: Any) -> None:
        with storage.staged(f"{stem}.parquet") as path:
            pq.write_table(value, path)

    def read(self, storage: Storage, stem: str) -> Any:
        with storage.open(f"{stem}.parquet") as file:
            return pq.read_table(file)


class Frame(Parquet):
    """A pandas DataFrame, kept as Parquet."""

    def write(self, storage: Storage, stem: str, value: Any) -> None:
        super().write(storage, stem, pa.Table.from_pandas(value))

    def read(self, storage: Storage, stem: str) -> Any:
        return super().read(storage, stem).to_pandas()


class Media:
    """A file of any kind, such as a video, under its own suffix; loaded as a path that stays as long as the object does."""

    def write(self, storage: Storage, stem: str, value: Path) -> None:
        with value.open("rb") as file:
            storage.write_from(f"{stem}{value.suffix}", file)
        for stored in list(storage.list(f"{stem}.")):
            if stored.key != f"{stem}{value.suffix}":
                storage.delete(stored.key)

    def read(self, storage: Storage, stem: str) -> Path:
        for stored in storage.list(f"{stem}."):
            return held(storage.local(stored.key))
        raise ObjectMissing(f"{stem}.*", storage.uri, fix_of_missing(stem))


def format_of(kind: Any) -> Format | None:
    """The format for values of a type; None for a type that has none."""
    if not isinstance(kind, type):
        return None
    if issubclass(kind, Record):
        return Json(kind)
    import pandas as pd  # half a second that every command would wait for

    formats: dict[type, Format] = {pa.Table: Parquet(), pd.DataFrame: Frame(), Path: Media()}
    return next((known for base, known in formats.items() if issubclass(kind, base)), None)
