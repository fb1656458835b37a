"""Videos taken out of an instance's tables, however many at once."""

from pathlib import Path

import dagster as dg

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
