"""Frames of videos that were never filmed: as many clips and windows as are asked for, with frames of the size of real ones."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.photos import photos
from streamcap_dagster.records import Clip, Clips, Frame
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames

PER_WINDOW = 8
WINDOW_S = 2.0
_PICTURES = 64


@dataclass(frozen=True)
class Footage:
    """Videos of so many clips, each of so many windows of eight frames."""

    videos: int
    clips: int
    windows: int
    height: int = 384
    still_every: int = 0
    """Each so-manieth window shows what was on screen last; 0 lets every window move."""
    alike: bool = False
    """All videos show the same."""

    @property
    def video_ids(self) -> list[str]:
        return [f"v{number:03d}" for number in range(self.videos)]

    @property
    def all_windows(self) -> int:
        return self.videos * self.clips * self.windows


def store_footage(footage: Footage, storage: FolderStorage) -> float:
    """Write clips and frames of every video; returns the mean size of a frame in bytes."""
    pictures = list(photos(_PICTURES, footage.height * 16 // 9, footage.height))
    for number, video_id in enumerate(footage.video_ids):
        length_s = WINDOW_S * footage.windows
        spans = [(clip * length_s, (clip + 1) * length_s) for clip in range(footage.clips)]
        clips = [Clip(clip=clip, start_s=start_s, end_s=end_s, windows=footage.windows, reason="drawn") for clip, (start_s, end_s) in enumerate(spans)]
        write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=WINDOW_S, clips=tuple(clips)))
        with storage.staged(keys.frames(video_id)) as path:
            if footage.alike and number:
                path.hardlink_to(storage.root / keys.frames(footage.video_ids[0]))
            else:
                write_frames(path, _frames(footage, number, pictures), "drawn")
    return sum(map(len, pictures)) / len(pictures)


@contextmanager
def same_footage(footage: Footage, folder: str) -> Iterator[str]:
    """A fresh storage beside another that holds the same clips and frames and nothing else; gone after the block."""
    with TemporaryDirectory(dir=Path(folder).parent) as fresh:
        for key in (key for video_id in footage.video_ids for key in (keys.clips(video_id), keys.frames(video_id))):
            Path(fresh, key).parent.mkdir(exist_ok=True)
            Path(fresh, key).hardlink_to(Path(folder, key))
        yield fresh


def _frames(footage: Footage, number: int, pictures: list[bytes]) -> Iterator[Frame]:
    width = footage.height * 16 // 9
    for clip in range(footage.clips):
        at = 29 * number + 7 * clip
        for window in range(footage.windows):
            moves = not footage.still_every or window % footage.still_every != footage.still_every - 1
            for k in range(PER_WINDOW):
                at += moves
                jpeg = pictures[at % len(pictures)] + f"{number} {clip} {window} {k}".encode()  # bytes behind the end make each frame its own
                second = WINDOW_S * (clip * footage.windows + window + k / PER_WINDOW)
                yield Frame(clip, window, k, second, second, width, footage.height, hashlib.sha256(jpeg).hexdigest(), jpeg)
