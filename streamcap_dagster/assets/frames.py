"""The stills that the captioner sees."""

import asyncio
import base64

import dagster as dg

from streamcap_dagster.assets.videos import raw_video_key
from streamcap_dagster.assets.work import NOTICE, Made, PerVideoAsset, VideoWork, made_of
from streamcap_dagster.errors import SourceChanged
from streamcap_dagster.frames.contact_sheet import contact_sheet, small_contact_sheet
from streamcap_dagster.frames.sampling import SamplingJob
from streamcap_dagster.policies import Sampling, Windowing
from streamcap_dagster.records import Clips
from streamcap_dagster.storage import keys
from streamcap_dagster.videos.copying import hash_file


async def _sample_frames(work: VideoWork) -> Made:
    assert work.workshop.decoding is not None, "a walk that makes frames has a pool to decode in"
    clips = work.read(keys.clips(work.video_id), Clips)
    with work.storage.local(raw_video_key(work)) as video, work.staged(keys.frames(work.video_id)) as table:
        if work.settings.link == "hard" and await asyncio.to_thread(hash_file, video) != work.video.sha256:
            raise SourceChanged(work.video_id, work.video.uri)  # a hard link shares its bytes with the source, where anyone may write
        job = SamplingJob(work.video, video, clips, work.policy(Windowing), work.policy(Sampling), table.path)
        report = await work.workshop.decoding.run(job)
        await asyncio.to_thread(table.seal)
    await asyncio.to_thread(_write_contact_sheet, work)
    notes = {"decoder": report.decoder, **({NOTICE: report.notice} if report.notice else {})}
    return made_of([table], {"frames": report.frames}, **notes)


def _write_contact_sheet(work: VideoWork) -> None:
    with work.storage.local(keys.frames(work.video_id)) as table:
        work.storage.write(keys.contact_sheet(work.video_id), contact_sheet(table, columns=6, rows=4, height=180))


def _show_frames(work: VideoWork) -> dict[str, dg.MetadataValue]:
    with work.storage.local(keys.frames(work.video_id)) as table:
        picture = base64.b64encode(small_contact_sheet(table)).decode()
    return {
        "contact_sheet": dg.MetadataValue.md(f"![frames of {work.video_id}](data:image/jpeg;base64,{picture})"),
        "larger_contact_sheet": dg.MetadataValue.path(f"{work.storage.uri}/{keys.contact_sheet(work.video_id)}"),
    }


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
)
