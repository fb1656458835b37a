"""Where the videos come from, as Dagster resources that open a plain `VideoSource`."""

from abc import abstractmethod
from math import inf
from pathlib import Path

import dagster as dg
from pydantic import Field

from streamcap_dagster.videos.source import FolderSource, VideoSource


class VideoSourceResource(dg.ConfigurableResource[VideoSource]):
    """Lends the source that `video_catalog` lists and `raw_videos` fetches from."""

    @abstractmethod
    def open(self, patience_s: float = inf) -> VideoSource:
        """The source; nothing is listed yet. One that is behind a network tries a request that keeps failing again for `patience_s` at most."""


class FolderSourceResource(VideoSourceResource):
    """A folder on this machine, with all its subfolders."""

    root: str = Field(description="the folder; relative to where the process was started")

    def open(self, patience_s: float = inf) -> FolderSource:
        del patience_s
        return FolderSource(Path(self.root))


class GcsSourceResource(VideoSourceResource):
    """A prefix of a bucket of Google Cloud Storage, with application-default credentials or those of GOOGLE_APPLICATION_CREDENTIALS."""

    uri: str = Field(description="gs://bucket/prefix")
    cache: str = Field(description="folder on this machine for local copies of the videos")
    cache_gb: float = Field(description="most gigabytes that the local copies may take")
    connections: int = Field(description="requests that may be open at the same time")
    deadline_s: float = Field(description="how long a request that keeps failing is tried again")

    def open(self, patience_s: float = inf) -> VideoSource:
        from streamcap_dagster.videos.gcs_source import open_gcs_source  # Google's client takes most of a second to import

        return open_gcs_source(self.uri, Path(self.cache), self.cache_gb, self.connections, min(self.deadline_s, patience_s))


class HfSourceResource(VideoSourceResource):
    """A dataset of the Hugging Face Hub, with HF_TOKEN or what `hf auth login` has kept, and without either where it is public."""

    uri: str = Field(description="hf://owner/name, hf://owner/name:split or hf://owner/name:split@revision")
    cache: str = Field(description="folder on this machine for local copies of the videos")
    cache_gb: float = Field(description="most gigabytes that the local copies may take")
    deadline_s: float = Field(description="how long a request that keeps failing is tried again")

    def open(self, patience_s: float = inf) -> VideoSource:
        from streamcap_dagster.videos.hf_source import open_hf_source  # the Hub's client takes most of a second to import

        return open_hf_source(self.uri, Path(self.cache), self.cache_gb, min(self.deadline_s, patience_s))
