"""Two runs that want different things of one video in a bucket: each has its turn, and finds what the other left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamcap_dagster.assets import walk as walking
from streamcap_dagster.assets.walk import walk_videos
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.leases import turn_async
from streamcap_dagster.videos.source import FolderSource
from tests.assets.walking import Walked, asset, video

URI = "gs://bucket/data"


def test_a_run_that_waited_for_its_turn_replaces_what_the_other_made_meanwhile(gcs: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = asset("frames", words=lambda work: "frames of the first"), asset("frames", words=lambda work: "frames of another", also_from=_differently)
    asyncio.run(_walk([first], tmp_path))
    asked_again = Walked()

    @asynccontextmanager
    async def after_another_run(storage: Storage, name: str) -> AsyncIterator[None]:
        monkeypatch.setattr(walking, "turn_async", turn_async)
        await _walk([other], tmp_path)
        async with turn_async(storage, name):
            yield

    monkeypatch.setattr(walking, "turn_async", after_another_run)
    downstream = asset("captions", deps=("frames",), words=lambda work: "said of the first")
    asked_again = asyncio.run(_walk([first, downstream], tmp_path))

    assert asked_again.failures == []
    assert gcs.objects("bucket")["data/frames/cat.txt"] == b"frames of the first"


def _differently(work: object) -> dict[str, str]:
    return {"setting": "another"}


async def _walk(wanted: list[object], cache: Path) -> Walked:
    walked, storage = Walked(), open_storage(URI, cache, 1, 8, 30)
    settings = read_settings(source=str(cache), storage=URI, captioner="offline")
    await walk_videos([video()], wanted, Workshop(settings, FolderSource(cache), storage, OfflineCaptioner()), walked.results.append)  # type: ignore[arg-type]
    return walked
