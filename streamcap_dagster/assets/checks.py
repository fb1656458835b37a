"""The checks of the per-video assets: how one is made before a receipt vouches for an asset, and its Dagster face.

What is looked for lives with each step (`frames/checking.py`, `captions/checking.py`). A check that finds a fault makes its video fail at
that asset: Dagster's own blocking would hold up every other video of the run. What a result is about is a class that Dagster keeps to itself.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from streamcap_dagster.assets.work import PerVideoAsset, VideoWork
from streamcap_dagster.errors import RunStopped, StreamcapError
from streamcap_dagster.partitions import videos
from streamcap_dagster.storage.receipts import Receipt

warnings.filterwarnings("ignore", category=dg.PreviewWarning, message=".*partitions_def on an AssetCheckSpec.*")

NAMED = 3
"""Faults that a failure's sentence names."""
SHOWN = 20
"""Faults that a result lists."""
_COUNTED = 100
"""Faults after which nobody goes on looking."""


@dataclass(frozen=True)
class Checked:
    """What came of the check of an asset of a video: it passed when there is no fault."""

    video_id: str
    asset: PerVideoAsset
    faults: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """What the asset holds, in numbers."""
    reused: bool = False
    """Whether it passed when it was made, of which its receipt tells, and nobody looked again."""


class CheckFailed(StreamcapError):
    """An asset of a video is not what it should be, so nothing is made from it."""

    def __init__(self, video_id: str, asset: PerVideoAsset, faults: Sequence[str]) -> None:
        assert asset.check is not None, "only what has a check can fail it"
        self.faults = tuple(faults)
        named = "; ".join(self.faults[:NAMED])
        more = f" (and {'at least ' if len(faults) >= _COUNTED else ''}{len(faults) - NAMED} more)" if len(faults) > NAMED else ""
        super().__init__(f"video {video_id}: {asset.name} did not pass the check {asset.check.name}: {named}{more}. {asset.check.fix}")


def is_checked(asset: PerVideoAsset, receipt: Receipt) -> bool:
    """Whether an asset has passed its check as it is today; also when it has none."""
    return receipt.checked == asset.checks_version or asset.check is None


def pass_check(asset: PerVideoAsset, work: VideoWork) -> None:
    """Look for faults in an asset that is stored. Raises CheckFailed when there are any; what cannot be read is one."""
    if asset.check is None:
        return
    try:
        faults = list(islice(asset.check.faults(work), _COUNTED))
    except RunStopped:
        raise
    except StreamcapError as error:
        faults = [str(error).removesuffix(".")]
    if faults:
        raise CheckFailed(work.video_id, asset, faults)


def check_specs(assets: Sequence[PerVideoAsset]) -> list[dg.AssetCheckSpec]:
    """The checks as Dagster lists them: one result per video and check."""
    return [
        dg.AssetCheckSpec(asset.check.name, asset=asset.name, description=asset.check.description, blocking=True, partitions_def=videos)
        for asset in assets
        if asset.check is not None
    ]


def check_key(asset: PerVideoAsset) -> dg.AssetCheckKey | None:
    """The name of an asset's check in Dagster; None when it has none."""
    return dg.AssetCheckKey(dg.AssetKey(asset.name), asset.check.name) if asset.check is not None else None


def evaluation(checked: Checked, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    """The event for one video, written by hand because Dagster's own knows one partition a run.

    It names the latest materialization of the video: without, or with another, the result would be passed over as one of something older.
    """
    assert checked.asset.check is not None, "only what has a check is checked"
    shown = checked.faults[:SHOWN]
    return dg.AssetCheckEvaluation(
        dg.AssetKey(checked.asset.name),
        checked.asset.check.name,
        passed=not checked.faults,
        partition=checked.video_id,
        blocking=True,
        description="; ".join(checked.faults[:NAMED]) or None,
        metadata={
            "reused": dg.MetadataValue.bool(checked.reused),
            **{name: dg.MetadataValue.int(count) for name, count in checked.counts.items()},
            **({"faults": dg.MetadataValue.json(list(shown))} if shown else {}),
        },
        target_materialization_data=_latest(checked, instance),
    )


def _latest(checked: Checked, instance: dg.DagsterInstance) -> AssetCheckEvaluationTargetMaterializationData | None:
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(checked.asset.name), asset_partitions=[checked.video_id])
    for record in instance.fetch_materializations(wanted, limit=1).records:
        return AssetCheckEvaluationTargetMaterializationData(storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp)
    return None
