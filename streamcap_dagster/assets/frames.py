"""The stills that the captioner sees, and the hashes by which copies of a video are found."""

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg

from streamcap_dagster.assets.videos import raw_video_key
from streamcap_dagster.assets.work import NOTICE, Made, PerVideoAsset, VideoCheck, VideoWork, made_of
from streamcap_dagster.errors import SourceChanged
from streamcap_dagster.frames.checking import frame_faults
from streamcap_dagster.frames.contact_sheet import contact_sheet, small_contact_sheet
from streamcap_dagster.frames.hashing import HashingJob, hash_frames
from streamcap_dagster.frames.sampling import SamplingJob
from streamcap_dagster.policies import Sampling, Windowing, frames_per_window
from streamcap_dagster.records import Clips
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.frame_table import FramesFile
from streamcap_dagster.storage.off_loop import in_threads
from streamcap_dagster.videos.copying import hash_file


async def _sample_frames(work: VideoWork) -> Made:
    assert work.workshop.decoding is not None, "a walk that makes frames has a pool to decode in"
    clips = await asyncio.to_thread(work.read, keys.clips(work.video_id), Clips)
    async with in_threads(work.storage.local(raw_video_key(work))) as video, in_threads(work.staged(keys.frames(work.video_id))) as table:
        if work.settings.link == "hard" and await work.workshop.by_hand(hash_file, video) != work.video.sha256:
            raise SourceChanged(work.video_id, work.video.uri)  # a hard link shares its bytes with the source, where anyone may write
        job = SamplingJob(work.video, video, clips, work.policy(Windowing), work.policy(Sampling), table.path)
        report = await work.workshop.decoding.run(job)
        shown = await work.workshop.by_hand(_sheets, work, table.path)
    notes = {"decoder": report.decoder, **({NOTICE: report.notice} if report.notice else {})}
    return replace(made_of([table], {"frames": report.frames}, **notes), shown=shown)


def _sheets(work: VideoWork, table: Path) -> dict[str, dg.MetadataValue]:
    """Write the contact sheet of frames that are here as a file; returns what is shown of them."""
    work.storage.write(keys.contact_sheet(work.video_id), contact_sheet(table, columns=6, rows=4, height=180))
    return _shown(work, table)


def _show_frames(work: VideoWork) -> dict[str, dg.MetadataValue]:
    with work.storage.open(keys.frames(work.video_id)) as table:
        return _shown(work, table)


def _shown(work: VideoWork, table: FramesFile) -> dict[str, dg.MetadataValue]:
    picture = base64.b64encode(small_contact_sheet(table)).decode()
    larger = keys.contact_sheet(work.video_id)
    link = work.storage.link(larger)
    return {
        "contact_sheet": dg.MetadataValue.md(f"![frames of {work.video_id}](data:image/jpeg;base64,{picture})"),
        "larger_contact_sheet": dg.MetadataValue.url(link) if link else dg.MetadataValue.path(f"{work.storage.uri}/{larger}"),
    }


def _faults(work: VideoWork) -> Iterator[str]:
    clips = work.read(keys.clips(work.video_id), Clips)
    per_window = frames_per_window(work.policy(Sampling), work.policy(Windowing))
    yield from frame_faults(work.video, clips, work.local(keys.frames(work.video_id)), per_window)


frames_fit = VideoCheck(
    name="frames_fit_their_windows",
    description=(
        "Every window of every clip has all its frames, in order and none shown later than its time; clips lie inside the video; every JPEG opens. "
        "A video that does not pass fails here, and nothing is made from its frames."
    ),
    version="1",
    faults=_faults,
    fix="Run it again and they are made anew; if that comes to the same, choose another STREAMCAP_DECODER for it and report this with the video.",
)

frames = PerVideoAsset(
    name="frames",
    description=(
        "JPEG stills of every window, each the picture on screen at its time by presentation timestamp, in one Parquet file per video. "
        "Costs about 30 kB per frame at 384 pixels of height; takes about as long as decoding the video once on one core."
    ),
    deps=("raw_videos", "clips"),
    group="frames",
    kinds=frozenset({"parquet", "jpeg"}),
    version="1",
    reads=(Windowing, Sampling),
    make=_sample_frames,
    show=_show_frames,
    check=frames_fit,
)


async def _hash_frames(work: VideoWork) -> Made:
    """In the processes that decode, so that the loop is left to the captioner's answers."""
    assert work.workshop.decoding is not None, "a walk that hashes frames has a pool to decode in"
    path = await work.workshop.by_hand(work.local, keys.frames(work.video_id))
    hashes = await work.workshop.decoding.do(hash_frames, HashingJob(work.video_id, path), work.video_id)
    plain = sum(picture.plain for picture in hashes.hashes)
    return await work.workshop.by_hand(work.store, keys.frame_hashes(work.video_id), hashes, {"pictures": len(hashes.hashes), "plain": plain})


frame_hashes = PerVideoAsset(
    name="frame_hashes",
    description=(
        "Perceptual hashes of about one frame a second, of the whole picture without black bars and of parts of it, by which `video_groups` finds "
        "copies of a video: re-encoded, resized, cropped, with bars, trimmed. Takes about 13 seconds per hour of video on one core, and 0.8 MB."
    ),
    deps=("frames",),
    group="frames",
    kinds=frozenset({"json"}),
    version="1",
    make=_hash_frames,
)
