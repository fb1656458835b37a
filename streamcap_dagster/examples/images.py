"""The frames that a video's examples refer to, as JPEG files beside the JSON files: the very bytes of its frames Parquet."""

from collections.abc import Set
from pathlib import Path

from streamcap_dagster.records import RlExamples, SftExamples
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.frame_table import read_frames


def write_images(storage: Storage, video_id: str, frames: Path, windows: Set[tuple[int, int]]) -> int:
    """Make the images of a video those of `windows`, each a (clip, window); returns how many had to be written.

    Images that are there already stay, those of other windows are deleted; with no windows the frames are not opened.
    """
    there = {stored.key: stored.size_bytes for stored in storage.list(keys.images(video_id))}
    wanted: set[str] = set()
    written = 0
    for frame in read_frames(frames) if windows else ():
        if (frame.clip, frame.window) not in windows:
            continue
        key = keys.images(video_id) + keys.image_name(frame.clip, frame.window, frame.k)
        wanted.add(key)
        if there.get(key) != len(frame.jpeg) or storage.read(key) != frame.jpeg:
            storage.write(key, frame.jpeg)
            written += 1
    for key in there.keys() - wanted:
        storage.delete(key)
    return written


def windows_of(*examples: SftExamples | RlExamples) -> set[tuple[int, int]]:
    """The (clip, window)s whose frames these examples refer to: both windows of each pair."""
    return {(pair.clip, window) for kind in examples for pair in kind.examples for window in (pair.window - 1, pair.window)}
