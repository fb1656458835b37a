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


class GcsStorageResource(StorageResource):
    """A prefix of a bucket of Google Cloud Storage, with application-default credentials or those of GOOGLE_APPLICATION_CREDENTIALS."""

    uri: str = Field(description="gs://bucket/prefix")
    cache: str = Field(description="folder on this machine for local copies of what is needed as a file")
    cache_gb: float = Field(description="most gigabytes that the local copies may take")
    connections: int = Field(description="requests that may be open at the same time")
    deadline_s: float = Field(description="how long a request that keeps failing is tried again")

    def open(self) -> Storage:
        from streamcap_dagster.storage.gcs import open_storage  # Google's client takes most of a second to import

        return open_storage(self.uri, Path(self.cache), self.cache_gb, self.connections, self.deadline_s)


def storage_at(place: str, cache: str, cache_gb: float, connections: int, deadline_s: float) -> Storage:
    """Another storage than the one that is worked on: a folder, or gs://bucket/prefix."""
    if "://" not in place:
        return FolderStorageResource(root=place).open()
    return GcsStorageResource(uri=place, cache=cache, cache_gb=cache_gb, connections=connections, deadline_s=deadline_s).open()
