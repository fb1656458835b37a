"""Datasets to publish, each video in shards of its own, and a publisher that does not wait."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from streamcap_dagster.assets import publishing
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.hub.publishing import Publisher, Wish
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipt, Receipts, read_receipts, write_receipts
from tests.dataset.corpus import HELLO, Said, store_video

REPO = "somebody/captions"
TOKEN = "hf_a_secret_that_nobody_may_see"
ONE_VIDEO_EACH = 1
"""So few bytes to a shard that no two videos share one."""
MEASURED = {"measured": 3}
"""What is counted of any dataset whose quality was measured."""


def build(storage: Storage, video_ids: Sequence[str], clips: Sequence[Sequence[Said]] = HELLO, captioner: str = "recorded", licence: str = "") -> None:
    """Make the dataset that of these videos."""
    stored = [store_video(storage, video_id, clips, captioner) for video_id in video_ids]
    lay(storage, [replace(entry, video=entry.video.model_copy(update={"license": licence})) for entry in stored])


def lay(storage: Storage, entries: Sequence[DatasetVideo]) -> None:
    build_dataset(storage, entries, shard_bytes=ONE_VIDEO_EACH)
    vouch(storage)


def vouch(storage: Storage) -> None:
    """The receipt that the asset leaves once its checks were passed."""
    card = hashlib.sha256(storage.read(CARD)).hexdigest()
    receipt = Receipt(asset="hf_dataset", fingerprint="", content_hash=card, objects=(), counts=MEASURED, checked="1")
    write_receipts(storage, Receipts(owner="_hf_dataset", receipts=(receipt,)))


def found(storage: FolderStorage, **counts: int) -> None:
    """What was counted of the dataset when it was built."""
    receipt = read_receipts(storage, "_hf_dataset").of("hf_dataset")
    assert receipt is not None
    write_receipts(storage, Receipts(owner="_hf_dataset", receipts=(receipt.model_copy(update={"counts": MEASURED | counts}),)))


def publisher(hub: Running | str, storage: Storage, say: Callable[[str], None] = print, tries: int = 3, **wish: Any) -> Publisher:
    resource = HubResource(repo=REPO, token=TOKEN, endpoint=hub if isinstance(hub, str) else hub.url)
    return replace(publishing.publisher(storage, resource, Wish(**wish), say), waits_s=(0.0,) * (tries - 1))


def shards(hub: Running) -> set[str]:
    return {path for path in hub.files(REPO) if path.endswith(".parquet")}


def commits(hub: Running) -> list[str]:
    """The titles of all commits but the first, which is not ours, newest first."""
    return [commit.title for commit in hub.repository(REPO).history("main")][:-1]


def dataset_folder(storage: FolderStorage) -> Path:
    return storage.root / "processed/dataset"


def dataset_files(storage: FolderStorage) -> dict[str, bytes]:
    folder = dataset_folder(storage)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def a_shard(storage: FolderStorage, config: str = "sft") -> Path:
    return min(dataset_folder(storage).glob(f"{config}/*.parquet"))


def rewrite(shard: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Put other values into the rows of a shard, under its old name."""
    table = pq.read_table(shard)
    pq.write_table(pa.Table.from_pylist([change(row) for row in table.to_pylist()], schema=table.schema), shard)
