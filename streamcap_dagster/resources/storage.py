"""Where everything is kept, as Dagster resources: typed config that opens a plain `Storage`. What storage is lives in `storage/`."""

from abc import abstractmethod
from pathlib import Path

import dagster as dg
from pydantic import Field

from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.folder import FolderStorage


class StorageResource(dg.ConfigurableResource[Storage]):
    """Lends the storage that every asset reads from and writes to."""

    @abstractmethod
    def open(self) -> Storage:
        """The storage; nothing is read or written yet."""


class FolderStorageResource(StorageResource):
    """A folder on this machine, made when missing."""

    root: str = Field(description="the folder; relative to where the process was started")

    def open(self) -> FolderStorage:
        return FolderStorage(Path(self.root))
