"""Dagster backfills over videos, launched without its webserver: the only file that builds one from Dagster's inner parts."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id

from streamcap_dagster.assets import PER_VIDEO

LAUNCHED_BY = "streamcap/launched_by"
"""Tag of a backfill, and of its runs: what launched it, such as `nightly_backfill`."""
THEN = "streamcap/then"
"""Tag of a backfill: what is to be built once it has ended."""
DATASET = "dataset"


def launch_backfill(instance: dg.DagsterInstance, graph: BaseAssetGraph[Any], video_ids: Sequence[str], title: str, tags: Mapping[str, str]) -> str:
    """Ask Dagster's daemon to walk these videos through all per-video assets, in runs of a chunk each; returns the backfill's id.

    `graph` is that of the loaded definitions. It is a row in the instance's storage and nothing more: it waits there for a daemon.
    """
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=graph,
        partition_names=list(video_ids),
        asset_selection=[dg.AssetKey(asset.name) for asset in PER_VIDEO],
        backfill_timestamp=time.time(),
        tags=dict(tags),
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=title,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return str(backfill.backfill_id)
