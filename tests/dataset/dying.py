"""A process that makes the dataset and kills itself at a named point: `python -m tests.dataset.dying ROOT POINT`."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_video

POINTS = ("in the second shard", "before the card", "after the card")


class DyingStorage(FolderStorage):
    """A folder whose process dies at one point of writing the dataset."""

    def __init__(self, root: Path, point: str) -> None:
        super().__init__(root)
        self.point = point
        self.shards = 0

    def write(self, key: str, data: bytes) -> None:
        self._die(key == CARD and self.point == "before the card")
        super().write(key, data)

    def delete(self, key: str) -> None:
        self._die(self.point == "after the card")
        super().delete(key)

    @contextmanager
    def staged(self, key: str) -> Iterator[Path]:
        with super().staged(key) as path:
            yield path
            self.shards += key.startswith("processed/dataset/") and key.endswith(".parquet")
            self._die(self.shards == 2 and self.point == "in the second shard")

    def _die(self, now: bool) -> None:
        if now:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    storage = DyingStorage(Path(sys.argv[1]), sys.argv[2])
    build_dataset(storage, [store_video(storage, video_id) for video_id in "abc"])
