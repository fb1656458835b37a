"""Walks without videos: assets that store a few words, videos that are only rows, and what a walk tells."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamcap_dagster.assets.progress import Happening
from streamcap_dagster.assets.walk import SOURCE, Finished, Result, Stopped, walk_videos
from streamcap_dagster.assets.work import Made, PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.receipts import StoredObject
from streamcap_dagster.videos.source import FolderSource


def video(video_id: str = "cat", words: str = "a cat", **more: Any) -> Video:
    """A row of the manifest whose file says these words."""
    facts = {"uri": f"{video_id}.mp4", "sha256": hashlib.sha256(words.encode()).hexdigest(), "size_bytes": len(words), "status": "ok"}
    return Video.model_validate({"video_id": video_id, **facts, **more})


def settings(storage: Storage, **more: Any) -> Settings:
    return read_settings(source="nowhere", storage=storage.uri, captioner="offline", **more)


def workshop(storage: Storage, told: Callable[[Happening], None] = lambda happening: None, **more: Any) -> Workshop:
    return Workshop(settings(storage, **more), FolderSource(storage.root / "nowhere"), storage, OfflineCaptioner(), told)  # type: ignore[attr-defined]


def put(work: VideoWork, name: str, words: str) -> Made:
    """Store words as an asset."""
    key = f"{name}/{work.video_id}.txt"
    work.storage.write(key, words.encode())
    return Made((StoredObject(key=key, size_bytes=len(words.encode())),), hashlib.sha256(words.encode()).hexdigest(), {"words": len(words.split())})


def asset(
    name: str,
    deps: tuple[str, ...] = (SOURCE,),
    words: Callable[[VideoWork], str] = lambda work: "some words",
    make: Any = None,
    **more: Any,
) -> PerVideoAsset:
    """An asset that holds what `words` says, unless it is given its own `make`."""

    def store(work: VideoWork) -> Made:
        return put(work, name, words(work))

    return PerVideoAsset(name=name, description=name, deps=deps, group="frames", kinds=frozenset(), version="1", make=make or store, **more)


@dataclass
class Walked:
    """What a walk emitted, in order."""

    results: list[Result] = field(default_factory=list)

    @property
    def finished(self) -> list[tuple[str, str]]:
        return [(result.work.video_id, result.asset.name) for result in self.results if isinstance(result, Finished)]

    @property
    def made(self) -> list[str]:
        return [result.asset.name for result in self.results if isinstance(result, Finished) and not result.reused]

    @property
    def reused(self) -> list[str]:
        return [result.asset.name for result in self.results if isinstance(result, Finished) and result.reused]

    @property
    def failures(self) -> list[Failure]:
        return [result for result in self.results if isinstance(result, Failure)]

    @property
    def stopped(self) -> list[Stopped]:
        return [result for result in self.results if isinstance(result, Stopped)]


async def walk_async(wanted: Sequence[PerVideoAsset], where: Workshop, videos: Sequence[Video] = (video(),)) -> Walked:
    walked = Walked()
    await walk_videos(videos, wanted, where, walked.results.append)
    return walked


def walk(wanted: Sequence[PerVideoAsset], where: Workshop, videos: Sequence[Video] = (video(),)) -> Walked:
    return asyncio.run(walk_async(wanted, where, videos))
