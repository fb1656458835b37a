"""Where the videos come from, as Dagster resources that open a plain `VideoSource`."""

from abc import abstractmethod
from pathlib import Path

import dagster as dg
from pydantic import Field

from streamcap_dagster.videos.source import FolderSource, VideoSource


class VideoSourceResource(dg.ConfigurableResource[VideoSource]):
    """Lends the source that `video_catalog` lists and `raw_videos` fetches from."""

    @abstractmethod
    def open(self) -> VideoSource:
        """The source; nothing is listed yet."""


class FolderSourceResource(VideoSourceResource):
    """A folder on this machine, with all its subfolders."""

    root: str = Field(description="the folder; relative to where the process was started")

    def open(self) -> FolderSource:
        return FolderSource(Path(self.root))
