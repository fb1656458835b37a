"""The frames of a video, one window at a time: between two windows nothing is open or held, so that many chains can wait at once."""

from collections import defaultdict
from pathlib import Path
from typing import Protocol

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Clip, Frame
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.frame_table import read_positions, read_rows


class FrameSource(Protocol):
    """Where a chain gets the frames of its windows from."""

    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        """The frames of a window in time order."""


class WindowFrames:
    """Knows in which rows of `frames/<video_id>.parquet` each window lies. May be read from several threads."""

    def __init__(self, video_id: str, path: Path) -> None:
        self._video_id = video_id
        self._path = path
        self._rows: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        positions = read_positions(path)
        for row, place in enumerate(zip(positions["clip"].to_pylist(), positions["window"].to_pylist(), strict=True)):
            self._rows[place].append(row)

    def read(self, clip: Clip, window: int) -> tuple[Frame, ...]:
        """The frames of a window in time order. Raises ObjectUnreadable when there are none."""
        rows = self._rows.get((clip.clip, window))
        if not rows:
            raise ObjectUnreadable(keys.frames(self._video_id), f"clip {clip.clip} has no frames for window {window} of its {clip.windows}")
        return tuple(read_rows(self._path, rows))
