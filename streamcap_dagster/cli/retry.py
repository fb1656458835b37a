"""`streamcap retry`: videos that failed, tried again now as if it were the first time."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.markup import escape

from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.cli.backfill import Manner, look_at_source, run_backfill
from streamcap_dagster.cli.backfill_plan import Wanted
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.errors import SettingError, SourceError, StreamcapError
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.videos.forgetting import CATALOG_TURN
from streamcap_dagster.videos.manifest import read_manifest, read_seen, write_seen
from streamcap_dagster.wiring import storage_for

_WHAT_HELPS = {
    "failed": "Its file was looked at again just now; replace it, then try again",
    "removed": "Its file is not at the source any more; put it back, then try again",
    "forgotten": "It was taken down; `streamcap forget --undo` brings it back",
}


class NotUsable(StreamcapError):
    """A video that is to be tried again is one that nothing can be made of."""

    def __init__(self, video: Video) -> None:
        reason = f" ({video.reason.rstrip('.')})" if video.reason else ""
        super().__init__(f"video {video.video_id} cannot be tried again: the catalog lists it as {video.status}{reason}. {_WHAT_HELPS[video.status]}.")


def retry_videos(settings: Settings, video_ids: Sequence[str], manner: Manner) -> int:
    """Forget how often these videos failed and make them now; returns the exit status. Their files are looked at first, unusable ones again."""
    storage = storage_for(settings).open()
    unusable = _unusable(storage, video_ids)
    _forget_looks(storage, unusable)
    console = Console(stderr=manner.as_json)
    with open_instance() as instance:
        try:
            look_at_source(console, settings, instance)
        except SourceError as error:
            if unusable:
                raise
            console.print(f"[yellow]not looked at the source[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    for video in _unusable(storage, video_ids):
        raise NotUsable(video)

    def unpark(workshop: Workshop) -> None:
        for video_id in video_ids:
            workshop.storage.delete(keys.failure(video_id))

    return run_backfill(settings, Wanted(only=tuple(video_ids)), replace(manner, by="streamcap retry"), unpark)


def _unusable(storage: Storage, video_ids: Sequence[str]) -> list[Video]:
    """Those of the videos that the catalog does not list as usable. Raises SettingError for one that it does not know."""
    manifest = read_manifest(storage)
    for video_id in video_ids:
        if video_id not in manifest:
            raise SettingError("VIDEO_ID", video_id, "the catalog has no such video; `streamcap status` lists them")
    return [manifest[video_id] for video_id in dict.fromkeys(video_ids) if manifest[video_id].status != "ok"]


def _forget_looks(storage: Storage, videos: Sequence[Video]) -> None:
    """Make the next look at the source open these files, though they have not changed."""
    if not videos:
        return
    with turn(storage, CATALOG_TURN):
        uris = {video.uri for video in videos}
        write_seen(storage, {uri: seen for uri, seen in read_seen(storage).items() if uri not in uris})
