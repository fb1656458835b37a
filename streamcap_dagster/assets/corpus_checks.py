"""The checks of the assets of all videos together, as Dagster lists them: what must hold before anything is made of what was built."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from streamcap_dagster.partitions import Materialized
from streamcap_dagster.quality.thresholds import POOR, Metric, of_videos
from streamcap_dagster.quality.verdicts import judge
from streamcap_dagster.records import SPOKEN
from streamcap_dagster.settings import Settings

NAMED = 50
NAMED_IN_A_FAILURE = 3
FEW = 20
"""Of fewer windows, or videos, a share says nothing that would justify an error: one of three is a third."""
VERSION = "1"
"""Raised when the checks find what they did not find before; what had passed is then built once more."""
ROWS = "rows_equal_videos"
SPLITS_APART = "splits_are_disjoint"
OUTCOMES = "few_windows_and_videos_failed"
_FIXES = {
    ROWS: "Materialize it again: it is written anew. If that comes to the same, report this.",
    SPLITS_APART: "Materialize it again: it is written anew. If that comes to the same, report this.",
    OUTCOMES: "`streamcap status` tells which failed and why; run these again, or raise STREAMCAP_MAX_FAILED_SHARE if the data is good enough.",
}
"""The checks that hold up whatever would be made of an asset, and what to do about each."""
_JUDGED = (*of_videos(), POOR)


def corpus_checks(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks that go with `materialize`."""
    return [
        dg.AssetCheckSpec("every_video_is_in", asset=asset, description="Warns of videos that are in the catalog but not in here, with the reason."),
        dg.AssetCheckSpec(
            ROWS, asset=asset, blocking=True, description="The rows that were written, read back, are those that the videos gave: no more, no less."
        ),
        dg.AssetCheckSpec(SPLITS_APART, asset=asset, blocking=True, description="No video, and no two of one group, are in two splits of what was written."),
    ]


def outcome_check(asset: str) -> dg.AssetCheckSpec:
    """The check that goes with `few_failed`."""
    return dg.AssetCheckSpec(
        OUTCOMES,
        asset=asset,
        blocking=True,
        description=(
            "The shares of windows without a usable caption (blocked, truncated, …) and of videos that failed and so are not in. Warns beyond "
            "STREAMCAP_WARN_FAILED_SHARE; beyond STREAMCAP_MAX_FAILED_SHARE it is an error, and nothing is made of the dataset, "
            f"unless there are fewer than {FEW}."
        ),
    )


def quality_checks(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks that go with `quality_of`. They hold up publishing alone, which looks for itself."""
    return [dg.AssetCheckSpec(metric.name, asset=asset, description=_about(metric)) for metric in _JUDGED]


def _about(metric: Metric) -> str:
    what = "videos" if metric is POOR else "captions"
    return f"Whether many of the {what} {metric.about}. With an error the dataset is not published, unless a reason is given that its card then tells."


def quality_of(counts: Mapping[str, int], poor: Sequence[str]) -> list[dg.AssetCheckResult]:
    """A result for every metric, also where there is nothing to judge; `poor` are the videos with a finding that is an error."""
    found = {judged.metric.name: judged for judged in judge(counts, "dataset")}
    results = []
    for metric in _JUDGED:
        judged = found.get(metric.name)
        named = {"videos": dg.MetadataValue.json(list(poor[:NAMED]))} if metric is POOR else {}
        results.append(
            dg.AssetCheckResult(
                check_name=metric.name,
                passed=judged is None or judged.verdict == "ok",
                severity=dg.AssetCheckSeverity.ERROR if judged is not None and judged.verdict == "error" else dg.AssetCheckSeverity.WARN,
                description=judged.told if judged is not None else "there is nothing to judge",
                metadata={"value": dg.MetadataValue.float(judged.value), "of": dg.MetadataValue.int(judged.of), **named} if judged is not None else {},
            )
        )
    return results


def every_video_is_in(left_out: Mapping[str, str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="every_video_is_in",
        passed=not left_out,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(reason.rstrip(".") for reason in list(left_out.values())[:NAMED]) or "every video of the catalog is in",
        metadata={"left_out": dg.MetadataValue.json(dict(left_out))},
    )


def no_fault(name: str, faults: Sequence[str], reused: bool) -> dg.AssetCheckResult:
    """Passed when there are no faults; of what is reused there were none when it was built, or it would have been built again."""
    return dg.AssetCheckResult(
        check_name=name,
        passed=not faults,
        description="; ".join(faults[:NAMED]) or ("as when it was built" if reused else "read back and found so"),
        metadata={"faults": dg.MetadataValue.int(len(faults))},
    )


def few_failed(outcomes: Mapping[str, int], videos: int, failed: Sequence[str], settings: Settings) -> dg.AssetCheckResult:
    """How many of the windows of `videos` videos, and of these and the failed ones, came to nothing, against the two thresholds of the settings."""
    windows, walked = sum(outcomes.values()), videos + len(failed)
    lost = sum(count for outcome, count in outcomes.items() if outcome not in SPOKEN)
    shares = {"windows": lost / max(1, windows), "videos": len(failed) / max(1, walked)}
    worst = max(shares.values())
    telling = [shares[what] for what, count in (("windows", windows), ("videos", walked)) if count >= FEW]
    told = f"{lost} of {windows} windows have no usable caption ({shares['windows']:.1%}) and {len(failed)} of {walked} videos failed ({shares['videos']:.1%})"
    allowed = f"STREAMCAP_WARN_FAILED_SHARE={settings.warn_failed_share:g}, STREAMCAP_MAX_FAILED_SHARE={settings.max_failed_share:g}"
    return dg.AssetCheckResult(
        check_name=OUTCOMES,
        passed=worst <= settings.warn_failed_share,
        severity=dg.AssetCheckSeverity.ERROR if max(telling, default=0.0) > settings.max_failed_share else dg.AssetCheckSeverity.WARN,
        description=f"{told}, with {allowed}",
        metadata={
            "windows_lost_share": dg.MetadataValue.float(round(shares["windows"], 6)),
            "videos_failed_share": dg.MetadataValue.float(round(shares["videos"], 6)),
            "outcomes": dg.MetadataValue.json(dict(sorted(outcomes.items()))),
            "failed": dg.MetadataValue.json(list(failed[:NAMED])),
        },
    )


def forbids(check: dg.AssetCheckResult) -> bool:
    """Whether nothing may be made of what was checked. What was found of the quality of captions is for whoever publishes to weigh."""
    return not check.passed and check.severity == dg.AssetCheckSeverity.ERROR and check.check_name in _FIXES


def unless_blocked(asset: str, result: Materialized) -> Iterator[Materialized]:
    """The result of an asset, and after it a failure when a check forbids that anything is made of it: in words, where Dagster names checks alone."""
    yield result
    for check in result.check_results or ():
        if forbids(check):
            faults = "; ".join((check.description or "").split("; ")[:NAMED_IN_A_FAILURE])
            sentence = f"{asset} did not pass the check {check.check_name}: {faults}. {_FIXES[check.check_name or '']}"
            raise dg.Failure(sentence, metadata={"check": dg.MetadataValue.text(check.check_name or "")}, allow_retries=False)
