"""How videos are put together into runs of this process."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.partitions import videos as partitions
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import Project
from tests.media import make_video


def test_videos_far_apart_are_one_run_that_speaks_of_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    for name in "abcde":
        make_video(project.source / f"{name}.mp4", seconds=1, size="160x120", fps="10", picture=f"color=0x{ord(name):02x}0000")
    for name in ("DAGSTER_HOME", "STREAMCAP_SOURCE", "STREAMCAP_STORAGE"):
        monkeypatch.setenv(name, project.env[name])
    with open_instance() as instance:
        graph = Graph(build_definitions(read_settings()), instance)
        graph.make(["video_catalog"])
        (project.source / "c.mp4").write_bytes(b"other bytes, so that it fails")

        graph.make_videos(["raw_videos"], ["a", "c", "e"])

        assert len(instance.get_runs(filters=dg.RunsFilter(job_name="__ASSET_JOB"))) == 2  # the catalog and this one
        assert set(instance.get_dynamic_partitions("videos")) == set("abcde")
        with partition_loading_context(dynamic_partitions_store=instance):
            known = get_and_update_asset_status_cache_value(instance, dg.AssetKey("raw_videos"), partitions)
            assert known is not None
            assert set(known.deserialize_materialized_partition_subsets(partitions).get_partition_keys()) == {"a", "e"}
            assert set(known.deserialize_failed_partition_subsets(partitions).get_partition_keys()) == {"c"}
