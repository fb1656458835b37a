"""Which spans of a video are captioned, and why."""

import hashlib
from collections.abc import Container, Mapping
from functools import lru_cache
from pathlib import Path

import dagster as dg

from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.clips.policies import ManualSpan, choose_clips, read_manual_spans, with_marks
from streamcap_dagster.policies import ClipPolicy, Windowing
from streamcap_dagster.records import Clips
from streamcap_dagster.reviews.storing import ReviewUnusable, read_review
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import keys


def clips_of(work: VideoWork) -> Clips:
    """The clips that a video has under these settings. Without marks that cannot be read: for them the video fails when its clips are made."""
    try:
        marked = _marks_of(work)
    except ReviewUnusable:
        marked = ()
    return _chosen(work, marked)


def _chosen(work: VideoWork, marked: tuple[ManualSpan, ...]) -> Clips:
    return choose_clips(work.video, work.policy(Windowing), work.policy(ClipPolicy), with_marks(_spans_of(work), marked))


def _choose_clips(work: VideoWork) -> Made:
    chosen = _chosen(work, _marks_of(work))
    return work.store(keys.clips(work.video_id), chosen, {"clips": len(chosen.clips), "windows": sum(clip.windows for clip in chosen.clips)})


def _manual_selection(work: VideoWork) -> dict[str, str]:
    """The video's own rows of the selection file and its own marks, so that changing those of one video touches no other."""
    if work.settings.clip_policy != "manual":
        return {}
    try:
        spans = with_marks(_spans_of(work), _marks_of(work))
    except ReviewUnusable as error:
        return {"manual_spans": str(error)}
    return {"manual_spans": hashlib.sha256(repr(spans).encode()).hexdigest()}


def selection_file(settings: Settings) -> str:
    """The whole selection, in a hash."""
    if settings.clip_policy != "manual" or settings.clips_csv is None:
        return ""
    return hashlib.sha256(settings.clips_csv.read_bytes()).hexdigest() if settings.clips_csv.exists() else "missing"


def _spans_of(work: VideoWork) -> tuple[ManualSpan, ...]:
    path = work.settings.clips_csv
    if work.settings.clip_policy != "manual" or path is None:
        return ()
    return _selection(path, path.stat().st_mtime_ns if path.exists() else 0).get(work.video_id, ())


def _marks_of(work: VideoWork) -> tuple[ManualSpan, ...]:
    """Spans that people marked while they watched the video. Raises ReviewUnusable."""
    if work.settings.clip_policy != "manual" or work.video_id not in work.workshop.decided:
        return ()
    marks = read_review(work.storage, work.video_id).marks
    return tuple(ManualSpan(mark.start_s, mark.end_s, mark.keep) for mark in marks if mark.keep is not None)


def _marked_videos(workshop: Workshop) -> Mapping[str, str]:
    return workshop.decided if workshop.settings.clip_policy == "manual" else {}


def unknown_in_selection(settings: Settings, known: Container[str]) -> list[str]:
    """Ids that the selection file names and the catalog does not know: a misspelt one would be a silent hole."""
    if settings.clip_policy != "manual" or settings.clips_csv is None:
        return []
    return [video_id for video_id in read_manual_spans(settings.clips_csv) if video_id not in known]


@lru_cache(maxsize=2)
def _selection(path: Path, written_ns: int) -> dict[str, tuple[ManualSpan, ...]]:
    del written_ns  # part of the cache key: a changed file is read again
    return read_manual_spans(path)


def _show_clips(work: VideoWork) -> dict[str, dg.MetadataValue]:
    chosen = work.read(keys.clips(work.video_id), Clips)
    rows = [f"| {clip.clip} | {clip.start_s:.2f} | {clip.end_s:.2f} | {clip.windows} | {clip.reason} |" for clip in chosen.clips]
    left_over = [f"| – | {span.start_s:.2f} | {span.end_s:.2f} | – | left over: {span.reason} |" for span in chosen.left_over]
    table = "\n".join(["| clip | from s | to s | windows | why |", "|---|---|---|---|---|", *rows, *left_over])
    return {"spans": dg.MetadataValue.md(table), **({"skipped": dg.MetadataValue.text(chosen.skipped)} if chosen.skipped else {})}


clips = PerVideoAsset(
    name="clips",
    description=(
        "The spans of the video that are captioned, each a whole number of windows and at least two, with the reason for each and for what is left over. "
        "A video too short for two windows has none and is skipped. Costs nothing and takes no time."
    ),
    deps=("raw_videos",),
    group="source",
    kinds=frozenset({"json"}),
    version="1",
    reads=(Windowing, ClipPolicy),
    make=_choose_clips,
    also_from=_manual_selection,
    decided_by=selection_file,
    found_beside=_marked_videos,
    show=_show_clips,
)
