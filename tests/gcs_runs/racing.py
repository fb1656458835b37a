"""A process that walks one video at the moment it is told to, as others do: `python -m tests.gcs_runs.racing FOLDER VOICE [--without-leases]`.

FOLDER is a project that has been run. Each line that comes in is a storage to walk the video into; each that goes out tells how that ended.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.walk import Finished, Result, Stopped, walk_videos
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.frames.worker_pool import DecodePool
from streamcap_dagster.records import Video
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.failures import Failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.gcs import GcsStorage, open_storage
from streamcap_dagster.videos.manifest import read_manifest
from streamcap_dagster.videos.source import FolderSource

CONNECTIONS, DEADLINE_S = 8, 30


class Voice(OfflineCaptioner):
    """Like any model, it answers the same question in its own words."""

    def __init__(self, voice: str) -> None:
        self._voice = voice

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        reply = await super().complete(request)
        if request.kind == "objectives":
            return reply
        return CaptionReply(json.dumps({"caption": f"{self._voice} sees window {request.place.window}.", "no_change": False}), "stop", self.model)


async def race(folder: Path, voice: str) -> None:
    video = read_manifest(FolderStorage(folder / "data"))["clock"]
    async with DecodePool(1) as decoding:
        print("ready", flush=True)
        while uri := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(json.dumps(await walked(video, folder, uri, voice, decoding)), flush=True)


async def walked(video: Video, folder: Path, uri: str, voice: str, decoding: DecodePool) -> Mapping[str, object]:
    results: list[Result] = []
    storage = open_storage(uri, folder / f"cache-{voice}", 1, CONNECTIONS, DEADLINE_S)
    settings = read_settings(source=str(folder / "videos"), storage=uri, captioner="offline", fps=1)
    workshop = Workshop(settings, FolderSource(folder / "videos"), storage, Voice(voice), decoding=decoding)
    await walk_videos([video], PER_VIDEO, workshop, results.append)
    return {
        "made": [result.asset.name for result in results if isinstance(result, Finished)],
        "failures": [result.reason for result in results if isinstance(result, Failure | Stopped)],
    }


if __name__ == "__main__":
    if "--without-leases" in sys.argv:
        GcsStorage.lease = lambda self, name: nullcontext(True)  # type: ignore[method-assign]
    asyncio.run(race(Path(sys.argv[1]), sys.argv[2]))
