"""Videos taken out of an instance's tables, however many at once."""

from pathlib import Path

import dagster as dg
import sqlalchemy as sql
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from streamcap_dagster.assets.wiping import count_traces, traces_of, wipe_traces

MANY = 1200


def test_a_thousand_videos_at_once_are_wiped_and_no_other(tmp_path: Path) -> None:
    """SQLite takes no condition of more than a thousand words."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for video_id in ("v0", f"v{MANY - 1}", "another"):
            instance.report_runless_asset_event(dg.AssetMaterialization("clips", partition=video_id))
        instance.report_runless_asset_event(dg.AssetMaterialization("video_catalog", metadata={"catalog": f"| v{MANY - 1} | ok |"}))
        traces = traces_of({f"v{number}": f"v{number}.mp4" for number in range(MANY)})

        assert count_traces(instance, traces) == 2
        wipe_traces(instance, traces)

        assert count_traces(instance, traces) == 0
        assert instance.get_materialized_partitions(dg.AssetKey("clips")) == {"another"}
        assert instance.get_latest_materialization_event(dg.AssetKey("video_catalog")) is None


def test_what_a_run_that_broke_off_had_planned_to_check_is_wiped_too(tmp_path: Path) -> None:
    videos = dg.StaticPartitionsDefinition(["life", "still"])
    look = dg.AssetCheckSpec("look", asset="say", partitions_def=videos)

    @dg.asset(partitions_def=videos, backfill_policy=dg.BackfillPolicy.single_run(), check_specs=[look])
    def say():
        raise RuntimeError("it broke off")

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        both = {"dagster/asset_partition_range_start": "life", "dagster/asset_partition_range_end": "still"}
        dg.materialize([say], instance=instance, tags=both, raise_on_error=False)
        assert "life" in planned(instance)
        wipe_traces(instance, traces_of({"life": "life.mp4"}))

        assert "life" not in planned(instance)


def planned(instance: dg.DagsterInstance) -> str:
    assert isinstance(instance.event_log_storage, SqlEventLogStorage)
    with instance.event_log_storage.index_connection() as connection:
        return " ".join(connection.execute(sql.select(AssetCheckExecutionsTable.c.evaluation_event)).scalars())
