"""`streamcap report`: captions with their pictures as one file to send."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.files import written_whole
from streamcap_dagster.cli.pages import check_page
from streamcap_dagster.errors import SettingError
from streamcap_dagster.records import Video
from streamcap_dagster.review_page.report import Written, write_report
from streamcap_dagster.review_page.summaries import Summary, summarize
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.wiring import source_for, storage_for

MOST_VIDEOS = 20
"""In a report for which nobody named any; those with the most flagged windows, where there are more."""


def report(settings: Settings, out: Path, named: Sequence[str], with_video: bool) -> int:
    """Write the report; returns the exit status. Raises SettingError for a file that cannot be written, and for videos that are not there."""
    check_page(out, "--out", (".html", ".htm"))
    began = time.monotonic()
    console, storage = Console(), storage_for(settings).open()
    usable = {video_id: video for video_id, video in read_manifest(storage).items() if video.status == "ok"}
    chosen = _chosen(storage, usable, named, settings)
    with written_whole(out) as file:
        written = write_report(storage, source_for(settings).open(), chosen, file, with_video, left_out=len(usable) - len(chosen))
    told = f"{escape(str(out))}: {told_count(len(chosen), 'video')}, {told_count(written.windows, 'window')}, {_told(written)}"
    console.print(f"{told}; {out.stat().st_size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s", highlight=False, soft_wrap=True)
    for trouble in written.troubles:
        console.print(f"Without its pictures: {escape(trouble)}", highlight=False, soft_wrap=True)
    if written.films_left_out:
        console.print(f"Too large to be sent along, or gone: {', '.join(written.films_left_out)}. Their frames are in it.", highlight=False, soft_wrap=True)
    if len(chosen) < len(usable) and not named:
        left = told_count(len(usable) - len(chosen), "video")
        console.print(f"Not in it: {left} with fewer flagged windows. Name others with --videos.", highlight=False, soft_wrap=True)
    return 0


def _chosen(storage: Storage, usable: dict[str, Video], named: Sequence[str], settings: Settings) -> list[tuple[Video, Summary]]:
    wanted = list(dict.fromkeys(video_id for names in named for video_id in names.split(",") if video_id))
    for video_id in wanted:
        if video_id not in usable:
            raise SettingError("--videos", video_id, "the catalog has no such video, or it cannot be used; `streamcap status` lists them")
    if not usable:
        raise SettingError("STREAMCAP_STORAGE", settings.storage, "it holds no videos to report on; `streamcap run` takes them in and captions them")
    videos = [usable[video_id] for video_id in wanted] or list(usable.values())
    summed_up = list(zip(videos, side_by_side(storage.lanes, lambda video: summarize(storage, video), videos), strict=True))
    if wanted or len(videos) <= MOST_VIDEOS:
        return summed_up
    most = sorted(summed_up, key=lambda one: -one[1].flagged)[:MOST_VIDEOS]
    return sorted(most, key=lambda one: one[0].video_id)


def _told(written: Written) -> str:
    films = f", {told_count(written.films, 'whole video')}" if written.films else ""
    return f"{told_count(written.stills, 'picture')}{films}"
