"""The JPEG bytes that belong to rows, read once per clip from the frames of its video and checked against what was captioned."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import pyarrow as pa

from streamcap_dagster.dataset.rows import Row
from streamcap_dagster.errors import FramesUnusable, ObjectMissing, ObjectUnreadable, StreamcapError
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.frame_table import WindowPictures, read_pictures
from streamcap_dagster.storage.many import side_by_side

_HELD = 64
"""Videos whose frames are at hand at once."""


class FrameFiles:
    """The frames of videos as local files: of a few at a time, fetched side by side, for each may keep a file open. Let go when the block ends.

    Whole files, because a shard takes nearly all of their rows, and three configs take them.
    """

    def __init__(self, storage: Storage, video_ids: Sequence[str]) -> None:
        """`video_ids` come in the order in which their windows are going to be wanted, once or several times."""
        self._storage = storage
        self._video_ids = video_ids
        self._held = ExitStack()
        self._found: dict[str, Path | StreamcapError | OSError] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._held.close()

    def windows(self, video_id: str, clip: int) -> Iterator[WindowPictures]:
        """The windows of a clip in order. Raises FramesUnusable when they cannot be read."""
        try:
            yield from read_pictures(self._path(video_id), clip)
        except (ObjectMissing, ObjectUnreadable, pa.ArrowException, OSError) as error:
            raise FramesUnusable(video_id, f"they cannot be read: {error}") from error

    def _path(self, video_id: str) -> Path:
        if video_id not in self._found:
            self._hold_from(self._video_ids.index(video_id))
        found = self._found[video_id]
        if isinstance(found, Path):
            return found
        raise found

    def _hold_from(self, first: int) -> None:
        """Hold the files of some videos, and none of those before."""
        self._held.close()
        self._found.clear()
        for _ in side_by_side(self._storage.lanes, self._hold, self._video_ids[first : first + _HELD]):
            pass

    def _hold(self, video_id: str) -> None:
        """What is wrong with a video is told when its windows are wanted."""
        file = self._storage.local(keys.frames(video_id))
        try:
            path = file.__enter__()
        except (StreamcapError, OSError) as error:
            self._found[video_id] = error
            return
        with self._lock:
            self._held.push(file)
            self._found[video_id] = path


def with_pictures(rows: Iterable[Row], files: FrameFiles) -> Iterator[tuple[Row, list[pa.BinaryArray]]]:
    """Each row with the JPEGs of each of its windows. Rows come in order of video, clip and window; several may be of the same windows."""
    for (video_id, clip), of_clip in groupby(rows, key=lambda row: (row.video_id, row.clip)):
        windows = files.windows(video_id, clip)
        kept: dict[int, WindowPictures] = {}
        together = tuple(of_clip)
        for row, following in zip(together, (*together[1:], None), strict=True):
            _read_up_to(row, windows, kept)
            yield row, _taken(row, following, kept)


def _read_up_to(row: Row, windows: Iterator[WindowPictures], kept: dict[int, WindowPictures]) -> None:
    while row.windows[-1] not in kept:
        pictures = next(windows, None)
        if pictures is None:
            raise FramesUnusable(row.video_id, f"window {row.windows[-1]} of clip {row.clip} has a caption but no frames")
        if pictures.window >= row.windows[0]:
            kept[pictures.window] = pictures


def _taken(row: Row, following: Row | None, kept: dict[int, WindowPictures]) -> list[pa.BinaryArray]:
    """The pictures of a row; of what was kept, only that stays with which the row that follows in the clip may begin."""
    pictures = [_checked(row, place, kept.get(window)) for place, window in enumerate(row.windows)]
    for window in [window for window in kept if following is None or window < following.windows[0]]:
        del kept[window]
    return pictures


def _checked(row: Row, place: int, pictures: WindowPictures | None) -> pa.BinaryArray:
    if pictures is None or pictures.sha256 != row.frame_sha256[place]:
        raise FramesUnusable(row.video_id, f"window {row.windows[place]} of clip {row.clip} has other frames than those that were captioned")
    return pictures.jpeg
