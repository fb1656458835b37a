"""A bucket with videos under a prefix, for tests."""

from dataclasses import dataclass
from pathlib import Path

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.records import Video
from streamcap_dagster.storage.address import GcsAddress
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.videos.catalog import CatalogUpdate, update_catalog
from streamcap_dagster.videos.gcs_source import GcsSource
from streamcap_dagster.videos.manifest import read_manifest
from tests.gcs import BUCKET

PREFIX = "incoming/"
DEADLINE_S = 10


@dataclass
class Incoming:
    """The prefix `incoming/` of the bucket as a source, and a storage for what is known of it."""

    gcs: Running
    root: Path
    prefix: str = PREFIX

    @property
    def bucket(self) -> Bucket:
        return Bucket(BUCKET, 8, DEADLINE_S)

    @property
    def source(self) -> GcsSource:
        """A new one, as in a new process: it remembers nothing, but the cache stays."""
        return GcsSource(GcsAddress(BUCKET, self.prefix), self.bucket, FileCache(self.root / "cache", 10**9))

    @property
    def storage(self) -> FolderStorage:
        return FolderStorage(self.root / "storage")

    def put(self, **videos: bytes) -> None:
        """Upload videos by their stem."""
        for stem, data in videos.items():
            self.bucket.write(f"{PREFIX}{stem}.mp4", data)

    def put_names(self, *names: str) -> None:
        """Upload something under names as they are in the bucket."""
        for name in names:
            self.bucket.write(name, b"bytes")

    def remove(self, *stems: str) -> None:
        for stem in stems:
            self.bucket.delete(f"{PREFIX}{stem}.mp4")

    def uris(self) -> list[str]:
        return [file.uri for file in self.source.scan()]

    def catalog(self) -> CatalogUpdate:
        return update_catalog(self.source, self.storage, workers=2, on_video=lambda done, total, uri: None)

    def rows(self) -> dict[str, Video]:
        return read_manifest(self.storage)

    def downloads(self) -> list[str]:
        """Names of the objects that were fetched, once for each time."""
        return [row.name for row in self.gcs.journal.rows if row.kind == "download"]
