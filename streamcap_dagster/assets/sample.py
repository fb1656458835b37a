"""Videos captioned anew beside the dataset, to see what a change would do to it: their paid answers are kept as always, and nothing else stays."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.diff import Diff
from streamcap_dagster.assets.per_video import walk_in_background
from streamcap_dagster.assets.progress import Progress
from streamcap_dagster.assets.walk import Stopped
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.comparison import Comparison, Said, compare
from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.frames.stills import first_stills
from streamcap_dagster.records import Caption, Captions, Video, in_order
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.overlay import tried_out
from streamcap_dagster.videos.source import VideoSource

_WALKED = tuple(asset for asset in PER_VIDEO if asset.name in ("raw_videos", "clips", "frames", "initial_captions", "delta_captions", "objectives"))
"""Whatever is asked about, so that a later run has nothing left to ask."""
_STILL_HEIGHT = 120


@dataclass(frozen=True)
class SampledVideo:
    """What is said of a video now, and what would be."""

    video: Video
    comparison: Comparison = field(default_factory=lambda: Comparison(()))
    stills: Mapping[float, bytes] = field(default_factory=dict)
    """A JPEG of the first frame of each window that changed, by the second it starts at."""
    trouble: str = ""
    """Why it could not be captioned anew."""


@dataclass(frozen=True)
class Sample:
    videos: tuple[SampledVideo, ...]
    stopped: str = ""
    """Why not all were captioned, such as a budget."""

    @property
    def comparison(self) -> Comparison:
        """All videos together."""
        return Comparison(tuple(said for sampled in self.videos for said in sampled.comparison.windows))


def comparable(diff: Diff) -> list[Video]:
    """The stale videos that have captions, all of which would be made anew or might come out otherwise."""
    touched = {video.video_id for group in diff.groups if "delta_captions" in (*group.why.anew, *group.why.follows) for video in group.videos}
    return [video for video in diff.stale if video.video_id in touched]


def draw(videos: Sequence[Video], count: int, seed: int) -> list[Video]:
    """So many of them by chance, in their order: the same for the same seed, and mostly the same when others come or go."""
    drawn = sorted(videos, key=lambda video: hashlib.sha256(f"{seed}/{video.video_id}".encode()).digest())[:count]
    return sorted(drawn, key=lambda video: video.video_id)


def is_busy(storage: Storage, video: Video) -> bool:
    """Whether another process has the video's turn."""
    with storage.lease(video.video_id) as held:
        return not held


def recaption(videos: Sequence[Video], settings: Settings, source: VideoSource, storage: Storage, captioner: Captioner, progress: Progress) -> Sample:
    """Caption videos under these settings, each in its turn, and compare with what is stored of them. Only answers are stored."""
    before, troubles, stopped = dict[str, list[Caption]](), dict[str, str](), ""
    for video in videos:
        try:
            before[video.video_id] = _said(storage, video)
        except StreamcapError as error:
            troubles[video.video_id] = str(error)
    with tried_out(storage, through=(keys.CALLS,)) as scratch:
        walked = [video for video in videos if video.video_id in before]
        with closing(walk_in_background(walked, _WALKED, settings, source, scratch, captioner, progress)) as walk:
            for result in walk:
                if isinstance(result, Failure):
                    troubles[result.video_id] = result.reason
                elif isinstance(result, Stopped):
                    stopped = result.reason
                    troubles |= dict.fromkeys(result.unfinished, "the sample stopped before it was done")
        return Sample(tuple(_sampled(scratch, video, before, troubles) for video in videos), stopped)


def _sampled(scratch: Storage, video: Video, before: Mapping[str, Sequence[Caption]], troubles: Mapping[str, str]) -> SampledVideo:
    if trouble := troubles.get(video.video_id):
        return SampledVideo(video, trouble=trouble)
    comparison = compare(before[video.video_id], _said(scratch, video))
    return SampledVideo(video, comparison, _stills(scratch, video, comparison.changed))


def _said(storage: Storage, video: Video) -> list[Caption]:
    made = (_captions(storage, key(video.video_id)) for key in (keys.initial_captions, keys.delta_captions))
    return in_order(*made)


def _captions(storage: Storage, key: str) -> Captions:
    return read_record(storage, key, Captions)


def _stills(storage: Storage, video: Video, changed: Sequence[Said]) -> dict[float, bytes]:
    with storage.local(keys.frames(video.video_id)) as frames:
        return first_stills(frames, {said.span[0] for said in changed}, _STILL_HEIGHT)
