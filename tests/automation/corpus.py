"""Three cataloged videos with nothing made yet, and what `due_videos` does about them in an instance of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from streamcap_dagster.assets.due_videos import DueVideosConfig
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.wiring import build_definitions


@dataclass
class Corpus:
    """A source and a storage under one folder, and an instance."""

    root: Path
    instance: dg.DagsterInstance

    @cached_property
    def definitions(self) -> dg.Definitions:
        folders = {"source": str(self.root / "videos"), "storage": str(self.root / "data")}
        return build_definitions(read_settings(**folders, decoder="ffmpeg", captioner="offline"))

    @property
    def storage(self) -> FolderStorage:
        return FolderStorage(self.root / "data")

    def make(self, *names: str, tags: Mapping[str, str] | None = None, config: DueVideosConfig | None = None) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        run_config = dg.RunConfig(ops={"due_videos": config}) if config else {}
        selection = [dg.AssetKey(name) for name in names]
        return job.execute_in_process(run_config, instance=self.instance, asset_selection=selection, tags=dict(tags or {}))

    def due(self, *, tags: Mapping[str, str] | None = None, **config: Any) -> dict[str, Any]:
        """What a run of `due_videos` reports, as plain values by name."""
        run = self.make("due_videos", tags=tags, config=DueVideosConfig(**config))
        (event,) = run.asset_materializations_for_node("due_videos")
        return {name: value.value for name, value in event.metadata.items()}

    def backfills(self) -> Sequence[PartitionBackfill]:
        """Every backfill of the instance, the newest first."""
        return self.instance.get_backfills()

    def end(self, status: BulkActionStatus = BulkActionStatus.COMPLETED_FAILED) -> None:
        """End the newest backfill, as the daemon would."""
        self.instance.update_backfill(self.backfills()[0].with_status(status))


def videos_in(backfill: PartitionBackfill) -> set[str]:
    data = backfill.asset_backfill_data
    assert data is not None
    return {key for subset in data.target_subset.partitions_subsets_by_asset_key.values() for key in subset.get_partition_keys()}
