"""A folder of real videos that is scanned, and what was opened for it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from streamcap_dagster.records import Video
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.catalog import CatalogUpdate, update_catalog
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.videos.settling import EVERYTHING, Settled
from streamcap_dagster.videos.source import FolderSource


@dataclass
class Project:
    """A source folder, a storage, and which files were opened by the last scan."""

    folder: Path
    storage: FolderStorage
    read: list[str] = field(default_factory=list)

    def scan(self, workers: int = 2, settled: Settled = EVERYTHING) -> CatalogUpdate:
        self.read.clear()
        return update_catalog(FolderSource(self.folder), self.storage, workers=workers, on_video=lambda done, total, uri: None, settled=settled)

    def rows(self) -> dict[str, Video]:
        return read_manifest(self.storage)


def later(path: Path) -> None:
    """Give a file a modification time that it did not have before."""
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))
