"""Questions about videos that are captioned already, asked beside the dataset: each video in its turn, with its own kept answers, and nothing else stays.

What is asked goes the way of every walk: paced, retried, within the budget, kept as it arrives, and finished when somebody ends it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamcap_dagster.assets.per_video import walk_in_background
from streamcap_dagster.assets.progress import Progress
from streamcap_dagster.assets.walk import Stopped
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.overlay import tried_out
from streamcap_dagster.videos.source import VideoSource

T = TypeVar("T")


@dataclass(frozen=True)
class Aside(Generic[T]):
    """What came of it, by video_id."""

    found: dict[str, T]
    troubles: dict[str, str]
    """Why there is nothing of a video."""
    stopped: str = ""
    """Why not all were asked about, such as a budget."""


def ask_aside(
    videos: Sequence[Video],
    name: str,
    ask: Callable[[VideoWork], Awaitable[T]],
    settings: Settings,
    source: VideoSource,
    storage: Storage,
    captioner: Captioner,
    progress: Progress,
    keeps: tuple[str, ...] = (),
) -> Aside[T]:
    """Do something with each video that asks the captioner, which is closed at the end.

    Only answers reach the storage, and what is written under keys that begin with one of `keeps`.
    """
    found: dict[str, T] = {}
    aside = Aside(found, {})

    async def make(work: VideoWork) -> Made:
        found[work.video_id] = await ask(work)
        return Made((), "", {})

    asset = PerVideoAsset(name=name, description="", deps=(), group="", kinds=frozenset(), version="", make=make)
    with (
        tried_out(storage, through=(keys.CALLS, *keeps)) as scratch,
        closing(walk_in_background(videos, [asset], settings, source, scratch, captioner, progress)) as walk,
    ):
        for result in walk:
            if isinstance(result, Failure):
                aside.troubles[result.video_id] = result.reason
            elif isinstance(result, Stopped):
                unfinished = dict.fromkeys(result.unfinished, "it was stopped before this video was done")
                aside = Aside(found, {**aside.troubles, **unfinished}, result.reason)
    return aside
