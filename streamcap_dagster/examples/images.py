"""The frames that a video's examples refer to, as JPEG files beside the JSON files: the very bytes of its frames Parquet."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from streamcap_dagster.records import RlExamples, SftExamples
from streamcap_dagster.storage import Storage, Stored, keys
from streamcap_dagster.storage.checksums import crc32c_of
from streamcap_dagster.storage.frame_table import FramesFile, read_frames
from streamcap_dagster.storage.many import delete_all, side_by_side


@dataclass(frozen=True)
class Images:
    """What a video has beside the JSON files now."""

    size_bytes: int
    written: int
    """How many had to be written."""


def write_images(storage: Storage, video_id: str, frames: FramesFile, windows: Set[tuple[int, int]]) -> Images:
    """Make the images of a video those of `windows`, each a (clip, window).

    Images that are there already stay, those of other windows are deleted; with no windows the frames are not opened.
    """
    there = {stored.key: stored for stored in storage.list(keys.images(video_id))}
    wanted: dict[str, int] = {}

    def write_missing(item: tuple[str, bytes]) -> bool:
        key, jpeg = item
        missing = not _is_there(storage, there.get(key), jpeg)
        if missing:
            storage.write(key, jpeg)
        return missing

    def pictures() -> Iterator[tuple[str, bytes]]:
        for frame in read_frames(frames) if windows else ():
            if (frame.clip, frame.window) in windows:
                key = keys.images(video_id) + keys.image_name(frame.clip, frame.window, frame.k)
                wanted[key] = len(frame.jpeg)
                yield key, frame.jpeg

    written = sum(side_by_side(storage.lanes, write_missing, pictures()))
    delete_all(storage, there.keys() - wanted.keys())
    return Images(sum(wanted.values()), written)


def _is_there(storage: Storage, stored: Stored | None, jpeg: bytes) -> bool:
    """Whether an object is this picture already: by its checksum where the listing tells one."""
    if stored is None or stored.size_bytes != len(jpeg):
        return False
    return stored.crc32c == crc32c_of(jpeg) if stored.crc32c else storage.read(stored.key) == jpeg


def windows_of(*examples: SftExamples | RlExamples) -> set[tuple[int, int]]:
    """The (clip, window)s whose frames these examples refer to: both windows of each pair."""
    return {(pair.clip, window) for kind in examples for pair in kind.examples for window in (pair.window - 1, pair.window)}
