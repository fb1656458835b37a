"""Datasets to publish, each video in shards of its own, and a publisher that does not wait."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import SecretStr

from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.hub.huggingface import HubRepository
from streamcap_dagster.hub.publishing import Publisher, Wish
from streamcap_dagster.storage import Storage
from tests.dataset.corpus import HELLO, Said, store_video

REPO = "somebody/captions"
TOKEN = "hf_a_secret_that_nobody_may_see"
SMALL = 1
"""So few bytes to a shard that each video has its own."""


def build(storage: Storage, video_ids: Sequence[str], clips: Sequence[Sequence[Said]] = HELLO, captioner: str = "recorded") -> None:
    """Make the dataset that of these videos."""
    build_dataset(storage, [store_video(storage, video_id, clips, captioner) for video_id in video_ids], shard_bytes=SMALL)


def publisher(hub: Running, storage: Storage, say: Callable[[str], None] = lambda words: None, tries: int = 3, **wish: Any) -> Publisher:
    repository = HubRepository(REPO, SecretStr(TOKEN), hub.url)
    return Publisher(storage, repository, Wish(**wish), say, waits_s=(0.0,) * (tries - 1))


def shards(hub: Running) -> set[str]:
    return {path for path in hub.files(REPO) if path.endswith(".parquet")}
