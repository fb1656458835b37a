"""The same IO manager over a bucket: typed values, read one at a time, through Dagster's own command and API."""

import gc
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.records import Clips
from streamcap_dagster.resources.io_manager import READERS, StreamcapIOManager
from streamcap_dagster.resources.storage import GcsStorageResource
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.gcs import BUCKET, gcs  # noqa: F401
from tests.media import make_video

VIDEOS = dg.StaticPartitionsDefinition(["cat", "dog", "owl"])


@pytest.fixture
def resource(gcs: Running, tmp_path: Path) -> GcsStorageResource:  # noqa: F811
    return GcsStorageResource(uri=f"gs://{BUCKET}/data", cache=str(tmp_path / "cache"), cache_gb=1e-6, connections=8, deadline_s=20)


@pytest.fixture
def storage(resource: GcsStorageResource) -> Storage:
    return resource.open()


def looking_at_clips(annotation: Any, look: Any) -> dg.AssetsDefinition:
    def looking(clips: Any) -> None:
        look(clips)

    looking.__annotations__["clips"] = annotation
    return dg.asset(partitions_def=VIDEOS, backfill_policy=dg.BackfillPolicy.single_run())(looking)


def test_the_values_of_several_videos_are_read_one_by_one_when_they_are_looked_at(resource: GcsStorageResource, storage: Storage, gcs: Running) -> None:  # noqa: F811
    for video_id in VIDEOS.get_partition_keys():
        write_record(storage, keys.clips(video_id), Clips(video_id=video_id, window_duration_s=2, clips=()))
    seen: list[object] = []

    def look(clips: Any) -> None:
        before = len(_objects_read(gcs))
        seen.extend([before, clips["dog"].video_id, len(_objects_read(gcs)) - before, list(clips)])

    dg.materialize(
        [dg.AssetSpec("clips", partitions_def=VIDEOS), looking_at_clips(Any, look)],
        selection="looking",
        resources={"io_manager": StreamcapIOManager(storage=resource)},
        instance=dg.DagsterInstance.ephemeral(),
        tags={"dagster/asset_partition_range_start": "cat", "dagster/asset_partition_range_end": "owl"},
    )

    assert seen == [0, "dog", 1, ["cat", "dog", "owl"]]


def _objects_read(gcs: Running) -> list[object]:  # noqa: F811
    return [row.name for row in gcs.journal.rows if row.method == "GET" and "/clips/" in row.name]


def test_a_video_stays_as_long_as_its_path(resource: GcsStorageResource, storage: Storage) -> None:
    """The cache is far too small for two of them."""
    for video_id in ("cat", "dog"):
        storage.write(keys.raw_video(video_id, ".mp4"), video_id.encode() * 1000)

    cat = READERS["raw_videos"](storage, "cat")
    READERS["raw_videos"](storage, "dog")
    gc.collect()
    with storage.local(keys.raw_video("dog", ".mp4")):
        pass

    assert (cat.suffix, cat.read_bytes()) == (".mp4", b"cat" * 1000)


@pytest.fixture
def project(tmp_path: Path, gcs: Running) -> Project:  # noqa: F811
    project = Project(tmp_path, {"STREAMCAP_STORAGE": f"gs://{BUCKET}/data", "STREAMCAP_CACHE": str(tmp_path / "cache"), "STORAGE_EMULATOR_HOST": gcs.url})
    make_video(project.source / "clock.mp4", seconds=5, size="160x120", fps="15", picture="testsrc2")
    return project


def test_the_dagster_command_makes_a_video_in_a_bucket_and_its_values_load(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gcs: Running,  # noqa: F811
) -> None:
    for select, more in ((["video_catalog"], ()), (PER_VIDEO_NAMES, ("--partition", "clock"))):
        done = project.materialize(select, *more)
        assert done.returncode == 0, done.stderr

    monkeypatch.setenv("STREAMCAP_CACHE", str(tmp_path / "another"))
    defs = build_definitions(read_settings(source=str(project.source), storage=f"gs://{BUCKET}/data"))
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        values = {name: defs.load_asset_value(name, partition_key="clock", instance=instance) for name in PER_VIDEO_NAMES}
        (event,) = instance.fetch_materializations(dg.AssetRecordsFilter(dg.AssetKey("clips"), asset_partitions=["clock"]), limit=1).records
        catalog = instance.get_latest_materialization_event(dg.AssetKey("video_catalog"))
    manifest = defs.load_asset_value("video_catalog")

    assert values["frames"].num_rows == 16
    assert values["raw_videos"].read_bytes() == (project.source / "clock.mp4").read_bytes()
    assert isinstance(manifest, pd.DataFrame)
    assert event.asset_materialization is not None
    assert str(event.asset_materialization.metadata["console"].value).endswith("/bucket/data/clips/clock.json")
    assert catalog is not None
    assert catalog.asset_materialization is not None
    assert str(catalog.asset_materialization.metadata["console"].value).endswith("/bucket/data/raw/manifest.csv")
    assert not [name for name in gcs.objects(BUCKET) if name.startswith("data/.streamcap/leases/") and name.endswith("clock")]
