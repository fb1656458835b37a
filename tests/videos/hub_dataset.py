"""A dataset on a local Hub with videos in it, for tests."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.records import Video
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.catalog import CatalogUpdate, update_catalog
from streamcap_dagster.videos.hf_source import HfSource
from streamcap_dagster.videos.hugging_face.address import read_hub_address
from streamcap_dagster.videos.hugging_face.client import HubClient
from streamcap_dagster.videos.manifest import read_manifest

REPO = "somebody/clips"
DEADLINE_S = 5
EMBEDDED = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def use(hub: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Hub's client in this process, which read where the Hub is when it was imported, find this one."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")


def table_of(rows: Sequence[Mapping[str, object]], kind: pa.DataType = EMBEDDED, rows_a_group: int = 100) -> bytes:
    """Parquet of these rows; their column `video` is of that type."""
    columns = {name: pa.array([row.get(name) for row in rows], kind if name == "video" else None) for row in rows for name in row}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=rows_a_group, compression="none", use_dictionary=False)
    return file.getvalue()


def embedded(data: bytes | None, path: str | None = None, **more: object) -> dict[str, object]:
    """A row with the bytes of its video in it."""
    return {"video": {"bytes": data, "path": path}, **more}


@dataclass
class HubDataset:
    """A dataset of an emulated Hub as a source, and a storage for what is known of it."""

    hub: Running
    root: Path
    address: str = f"hf://{REPO}"
    cache_bytes: int = 10**9

    @property
    def source(self) -> HfSource:
        """A new one, as in a new process: it remembers nothing, but the cache stays."""
        client = HubClient(read_hub_address(self.address, "STREAMCAP_SOURCE"), DEADLINE_S, self.hub.url)
        return HfSource(client, FileCache(self.root / "cache", self.cache_bytes))

    @property
    def storage(self) -> FolderStorage:
        return FolderStorage(self.root / "storage")

    def uris(self) -> list[str]:
        return [file.uri for file in self.source.scan()]

    def bytes_of(self, uri: str) -> bytes:
        with self.source.local(uri) as path:
            return path.read_bytes()

    def catalog(self) -> CatalogUpdate:
        return update_catalog(self.source, self.storage, workers=2, on_video=lambda done, total, uri: None)

    def rows(self) -> dict[str, Video]:
        return read_manifest(self.storage)

    def downloads(self, suffix: str = "") -> int:
        """How many parts of files were fetched."""
        return sum(row.kind == "download" and row.path.endswith(suffix) for row in self.hub.journal.rows)

    def downloaded_bytes(self) -> int:
        return sum(row.answered_bytes for row in self.hub.journal.rows if row.kind == "download")
