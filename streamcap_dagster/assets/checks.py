"""The checks of the per-video assets: how one is made before a receipt vouches for an asset, and its Dagster face.

What is looked for lives with each step (`frames/checking.py`, `captions/checking.py`). A check that finds a fault makes its video fail at
that asset: Dagster's own blocking would hold up every other video of the run. Findings of quality are results of their own that make nothing fail.
What a result is about is a class that Dagster keeps to itself.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from streamcap_dagster.assets.work import PerVideoAsset, VideoWork
from streamcap_dagster.errors import RunStopped, StreamcapError
from streamcap_dagster.partitions import videos
from streamcap_dagster.quality.verdicts import Judged
from streamcap_dagster.storage.receipts import Receipt

warnings.filterwarnings("ignore", category=dg.PreviewWarning, message=".*partitions_def on an AssetCheckSpec.*")

NAMED = 3
"""Faults that a failure's sentence names."""
SHOWN = 20
"""Faults that a result lists."""
_COUNTED = 100
"""Faults after which nobody goes on looking."""

Target = AssetCheckEvaluationTargetMaterializationData | None


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
    return [spec for asset in assets for spec in _specs(asset)]


def _specs(asset: PerVideoAsset) -> Iterator[dg.AssetCheckSpec]:
    if asset.check is not None:
        yield dg.AssetCheckSpec(asset.check.name, asset=asset.name, description=asset.check.description, blocking=True, partitions_def=videos)
    for metric in asset.findings.metrics if asset.findings is not None else ():
        about = f"Whether many of the video's captions {metric.about}. Holds up nothing: it is there to be looked at."
        yield dg.AssetCheckSpec(metric.name, asset=asset.name, description=about, partitions_def=videos)


def check_keys(asset: PerVideoAsset) -> frozenset[dg.AssetCheckKey]:
    """The names of an asset's checks in Dagster."""
    return frozenset(spec.key for spec in _specs(asset))


def evaluations(checked: Checked, instance: dg.DagsterInstance) -> Iterator[dg.AssetCheckEvaluation]:
    """The events for one video, written by hand because Dagster's own know one partition a run.

    They name the latest materialization of the video: without, or with another, a result would be passed over as one of something older.
    """
    if checked.asset.check is None and checked.asset.findings is None:
        return
    target = _latest(checked, instance)
    if checked.asset.check is not None:
        yield _of_check(checked, target)
    if checked.asset.findings is not None and not checked.faults:
        yield from (_of_finding(checked, judged, target) for judged in checked.asset.findings.judge(checked.counts))


def _of_finding(checked: Checked, judged: Judged, target: Target) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        dg.AssetKey(checked.asset.name),
        judged.metric.name,
        passed=judged.verdict == "ok",
        partition=checked.video_id,
        severity=dg.AssetCheckSeverity.ERROR if judged.verdict == "error" else dg.AssetCheckSeverity.WARN,
        description=judged.told,
        metadata={"value": dg.MetadataValue.float(judged.value), "of": dg.MetadataValue.int(judged.of), "reused": dg.MetadataValue.bool(checked.reused)},
        target_materialization_data=target,
    )


def _of_check(checked: Checked, target: Target) -> dg.AssetCheckEvaluation:
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
        target_materialization_data=target,
    )


def _latest(checked: Checked, instance: dg.DagsterInstance) -> Target:
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(checked.asset.name), asset_partitions=[checked.video_id])
    for record in instance.fetch_materializations(wanted, limit=1).records:
        return AssetCheckEvaluationTargetMaterializationData(storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp)
    return None
