"""What assets of users may return: each kind under its own suffix, the same in a folder and in a bucket."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.resources.io_manager import StreamcapIOManager
from streamcap_dagster.resources.storage import FolderStorageResource, GcsStorageResource, StorageResource

VIDEOS = dg.StaticPartitionsDefinition(["cat", "dog"])
BOTH = {"dagster/asset_partition_range_start": "cat", "dagster/asset_partition_range_end": "dog"}


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, gcs: Running) -> StorageResource:
    if request.param == "folder":
        return FolderStorageResource(root=str(tmp_path / "data"))
    return GcsStorageResource(uri="gs://bucket/data", cache=str(tmp_path / "cache"), cache_gb=1, connections=8, deadline_s=20)


def returned(storage: StorageResource, value: Callable[[str], Any], annotation: Any) -> dict[str, Any]:
    """What a downstream asset is given of what an asset of two videos returned, each as `value` makes it."""
    seen: dict[str, Any] = {}

    def own(context: dg.AssetExecutionContext) -> Any:
        return {video_id: value(video_id) for video_id in context.partition_keys}

    def looking(context: dg.AssetExecutionContext, own: Any) -> None:
        seen[context.partition_key] = own.read_bytes() if isinstance(own, Path) else own

    looking.__annotations__["own"] = annotation
    several = {"partitions_def": VIDEOS, "backfill_policy": dg.BackfillPolicy.single_run()}
    assets = [dg.asset(**several)(own), dg.asset(partitions_def=VIDEOS)(looking)]  # type: ignore[call-overload]
    how: dict[str, Any] = {"resources": {"io_manager": StreamcapIOManager(storage=storage)}, "instance": dg.DagsterInstance.ephemeral()}
    dg.materialize(assets, selection="own", tags=BOTH, **how)
    for video_id in VIDEOS.get_partition_keys():
        dg.materialize(assets, selection="looking", partition_key=video_id, **how)
    return seen


def keys_of(storage: StorageResource) -> list[str]:
    return [stored.key for stored in storage.open().list("")]


def test_a_table_is_kept_as_parquet(storage: StorageResource) -> None:
    seen = returned(storage, lambda video_id: pa.table({"video_id": [video_id], "points": [3]}), pa.Table)

    assert seen["dog"].to_pylist() == [{"video_id": "dog", "points": 3}]
    assert keys_of(storage) == ["own/cat.parquet", "own/dog.parquet"]


def test_a_data_frame_is_kept_as_parquet_and_loaded_as_one(storage: StorageResource) -> None:
    seen = returned(storage, lambda video_id: pd.DataFrame({"video_id": [video_id]}, index=[7]), pd.DataFrame)

    pd.testing.assert_frame_equal(seen["cat"], pd.DataFrame({"video_id": ["cat"]}, index=[7]))
    assert keys_of(storage) == ["own/cat.parquet", "own/dog.parquet"]


def test_the_file_at_a_path_is_kept_under_its_suffix_and_loaded_as_a_path(storage: StorageResource, tmp_path: Path) -> None:
    def still(video_id: str) -> Path:
        path = tmp_path / f"{video_id}-anything.png"
        path.write_bytes(video_id.encode())
        return path

    assert returned(storage, still, Path) == {"cat": b"cat", "dog": b"dog"}
    assert keys_of(storage) == ["own/cat.png", "own/dog.png"]


def test_a_file_of_another_kind_replaces_the_one_before(storage: StorageResource, tmp_path: Path) -> None:
    for name in ("sound.wav", "sound.ogg"):
        (tmp_path / name).write_bytes(name.encode())
        seen = returned(storage, lambda video_id, name=name: tmp_path / name, Path)  # type: ignore[misc]

    assert seen["cat"] == b"sound.ogg"
    assert keys_of(storage) == ["own/cat.ogg", "own/dog.ogg"]
