"""What captioning would still take, video by video: exactly where frames exist, at most as much where not. Makes and writes nothing."""

import asyncio
import os
from collections.abc import Callable, Sequence

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.clips import clips_of
from streamcap_dagster.assets.standing import standing_of
from streamcap_dagster.assets.work import R, VideoWork, Workshop
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.estimate import VideoEstimate
from streamcap_dagster.captions.estimate.counting import MadeBefore, Planner, count_video
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.policies import ChainPolicy, Sampling, Windowing, frames_per_window
from streamcap_dagster.records import Captions, Objectives, Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.off_loop import in_threads

_AT_ONCE = 2 * (os.cpu_count() or 1)
"""Videos that are counted at the same time: the gate decodes in threads, and a video is held in memory by its answers."""


def unwatched(done: int, total: int) -> None:
    """For whoever does not look at the counting."""
    del done, total


async def estimate_videos(videos: Sequence[Video], workshop: Workshop, on_videos: Callable[[int, int], None] = unwatched) -> tuple[VideoEstimate, ...]:
    """What each of these videos would take, in their order; `on_videos` is told how many of how many are counted."""
    settings, places, done = workshop.settings, asyncio.Semaphore(_AT_ONCE), 0
    per_window = frames_per_window(settings.policy(Sampling), settings.policy(Windowing))
    planner = Planner(workshop.captioner, settings.policy(ChainPolicy), per_window)

    async def estimate(video: Video) -> VideoEstimate:
        nonlocal done
        async with places:
            estimated = await _estimate(VideoWork(video, workshop), planner)
        done += 1
        on_videos(done, len(videos))
        return estimated

    return tuple(await asyncio.gather(*map(estimate, videos)))


async def _estimate(work: VideoWork, planner: Planner) -> VideoEstimate:
    standing = await asyncio.to_thread(standing_of, work.video, PER_VIDEO, work.workshop, None)
    up_to_date = {name for name, state in standing.assets.items() if state == "made"}
    trouble = standing.reason if standing.state == "failed" else ""
    if "frames" in up_to_date:
        try:
            return await _count(work, up_to_date)
        except (StreamcapError, OSError) as error:
            trouble = str(error)
    return await planner.plan(work.video.duration_s, clips_of(work), trouble)


async def _count(work: VideoWork, up_to_date: set[str]) -> VideoEstimate:
    calls = await asyncio.to_thread(CallStore, work.storage, work.video_id)
    made = await asyncio.to_thread(_made_before, work, up_to_date)
    async with in_threads(work.storage.local(keys.frames(work.video_id))) as frames:
        return await count_video(work.video.duration_s, clips_of(work), frames, work.workshop.captioner, calls.get, work.policy(ChainPolicy), made)


def _made_before(work: VideoWork, up_to_date: set[str]) -> MadeBefore:
    def read(name: str, key: str, kind: type[R]) -> R | None:
        return work.read(key, kind) if name in up_to_date else None

    return MadeBefore(
        read("initial_captions", keys.initial_captions(work.video_id), Captions),
        read("delta_captions", keys.delta_captions(work.video_id), Captions),
        read("objectives", keys.objectives(work.video_id), Objectives),
    )
