"""The videos themselves, for formats that refer to them by path."""

from pathlib import PurePosixPath
from typing import Literal, get_args

from streamcap_dagster.errors import ObjectMissing, SettingError
from streamcap_dagster.exporters.rows import Row
from streamcap_dagster.exporters.target import SplitTarget
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage

Videos = Literal["copy", "refer"]
OPTION = {"videos": "copy (into the folder; the default) or refer (to where the dataset's storage, a folder, has them)"}


def checked(videos: str) -> Videos:
    """Raises SettingError for what is neither."""
    known: dict[str, Videos] = {name: name for name in get_args(Videos)}
    if videos not in known:
        raise SettingError("--set videos", videos, f"it is {' or '.join(known)}")
    return known[videos]


def video_path(to: SplitTarget, row: Row, videos: Videos) -> str:
    """Where the video of a row is: copied into the folder, once, and then relative to it, or where it lies already.

    A copy has part of the hash of its bytes in its name, so that other bytes have another.
    """
    if row.video_id not in to.videos:
        key = _raw_video(to.source, row.video_id)
        to.videos[row.video_id] = _referred(to.source, key) if videos == "refer" else _copied(to, row, key)
    return to.videos[row.video_id]


def _raw_video(storage: Storage, video_id: str) -> str:
    for stored in storage.list(keys.raw_video(video_id, ".")):
        return stored.key
    fix = "This format needs the video itself: make it by materializing `raw_videos` for this video, or with `streamcap run`."
    raise ObjectMissing(keys.raw_video(video_id, ".*"), storage.uri, fix)


def _copied(to: SplitTarget, row: Row, key: str) -> str:
    name = f"videos/{to.split}/{row.video_id}-{row.source_sha256[:12]}{PurePosixPath(key).suffix}"
    to.copy(name, key)
    return name


def _referred(storage: Storage, key: str) -> str:
    if not isinstance(storage, FolderStorage):
        raise SettingError("--set videos", "refer", f"a trainer cannot open what lies in {storage.uri}; copy the videos, or copy all to a folder first")
    return str((storage.root / key).resolve())
