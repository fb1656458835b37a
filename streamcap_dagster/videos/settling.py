"""Which files of a source may still be being written, as far as their versions tell."""

import time
from dataclasses import dataclass

from streamcap_dagster.videos.source import SourceFile

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Settled:
    """What counts as written completely: without anything said, every file."""

    until: int | None = None
    """Files of later moments have not settled."""
    quiet_s: float = 0.0
    """A file of a folder has settled when it did not change for so long. What is in a bucket or a dataset is whole, and its moment not in nanoseconds."""

    def takes(self, file: SourceFile) -> bool:
        """Whether a file has settled. A time far in the future, as a camera with a wrong clock leaves it, keeps none out."""
        if self.until is not None and file.moment > self.until:
            return False
        return abs(time.time_ns() - file.moment) >= self.quiet_s * _NANOSECONDS


EVERYTHING = Settled()
