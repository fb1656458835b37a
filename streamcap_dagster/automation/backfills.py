"""Dagster backfills over videos, launched and looked at without its webserver: the only file that knows Dagster's inner parts for it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._core.utils import make_new_backfill_id

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.partitions import videos_of

LAUNCHED_BY = "streamcap/launched_by"
"""Tag of a backfill, and of its runs: what launched it, such as `nightly_backfill`."""
THEN = "streamcap/then"
"""Tag of a backfill: what is to be built once it has ended."""
DATASET = "dataset"
NOT_ENDED = list(NOT_FINISHED_STATUSES)
"""How a run stands that is under way, or still to begin."""
_RUNS_LOOKED_AT = 50


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


@dataclass(frozen=True)
class DagsterBackfills:
    """The backfills of an instance, as `due_videos` sees them."""

    walked: dg.AssetsDefinition
    """The per-video assets."""

    def underway(self, instance: dg.DagsterInstance) -> frozenset[str]:
        """The videos that a backfill of all per-video assets has still to walk, whoever launched it. One that is being canceled walks none."""
        every = {dg.AssetKey(asset.name) for asset in PER_VIDEO}
        keys: set[str] = set()
        with partition_loading_context(dynamic_partitions_store=instance):
            for backfill in instance.get_backfills(filters=BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])):
                data = backfill.asset_backfill_data
                if data is not None and every <= data.target_subset.asset_keys:
                    left = data.get_targeted_partitions_without_materialization_status()
                    keys.update(*(subset.get_partition_keys() for subset in left.partitions_subsets_by_asset_key.values()))
        return frozenset(video_id for key in keys for video_id in videos_of(key))

    def launch(self, instance: dg.DagsterInstance, video_ids: Sequence[str], title: str, launched_by: str) -> str:
        """One backfill of these videos, after whose end the dataset follows; returns its id."""
        graph = AssetGraph.from_assets([self.walked])
        return launch_backfill(instance, graph, video_ids, title, {LAUNCHED_BY: launched_by, THEN: DATASET})


def ended_of(instance: dg.DagsterInstance, backfill_ids: Sequence[str]) -> list[str]:
    """Those of some backfills that are over, in whatever way, in their order. One that goes on is not read, only its state is asked for."""
    asked = BulkActionsFilter(backfill_ids=backfill_ids, statuses=BULK_ACTION_TERMINAL_STATUSES)
    over = {backfill.backfill_id for backfill in instance.get_backfills(filters=asked)} if backfill_ids else set()
    return [backfill_id for backfill_id in backfill_ids if backfill_id in over]


def newer_than(instance: dg.DagsterInstance, known: str) -> Iterator[PartitionBackfill]:
    """The backfills that came after a known one, newest first: in the order in which the instance got them, not of any clock."""
    before: str | None = None
    while page := instance.get_backfills(cursor=before, limit=1):  # one at a time, for one of 100,000 videos is 14 MB
        before = page[0].backfill_id
        if before == known:
            return
        yield page[0]


@dataclass(frozen=True)
class BackfillState:
    """How a backfill stands."""

    status: str
    """In Dagster's word for it, such as REQUESTED or COMPLETED_FAILED."""
    ended: bool
    error: str = ""
    """What kept the daemon from going on with it."""


def state_of(instance: dg.DagsterInstance, backfill_id: str) -> BackfillState | None:
    """How a backfill stands; None when the instance does not know it."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is None:
        return None
    error = backfill.error.message.strip() if backfill.error is not None else ""
    return BackfillState(backfill.status.value, backfill.status in BULK_ACTION_TERMINAL_STATUSES, error)


def cancel_backfill(instance: dg.DagsterInstance, backfill_id: str) -> None:
    """Ask the daemon to launch no more runs of a backfill and to end those under way, as Dagster's pages do."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is not None and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
        instance.update_backfill(backfill._replace(status=BulkActionStatus.CANCELING))


def runs_of(backfill_id: str, *statuses: dg.DagsterRunStatus) -> dg.RunsFilter:
    """The runs of a backfill, or those of them that stand so."""
    return dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill_id}, statuses=statuses)


def made_anything(instance: dg.DagsterInstance, backfill_id: str) -> bool:
    """Whether a backfill made, or found made, any asset of any video. Looks at its newest runs only, and says yes where that cannot tell."""
    runs = instance.get_run_records(filters=dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill_id}), limit=_RUNS_LOOKED_AT)
    if len(runs) == _RUNS_LOOKED_AT or any(run.dagster_run.status == dg.DagsterRunStatus.SUCCESS for run in runs):
        return True
    of_type = dg.DagsterEventType.ASSET_MATERIALIZATION
    return any(instance.get_records_for_run(run.dagster_run.run_id, of_type=of_type, limit=1).records for run in runs)
