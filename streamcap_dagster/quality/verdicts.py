"""Whether captions are good enough: what is counted of each video, added up for a dataset, held against the thresholds.

All that is known of a video for this is in a few whole numbers, which its receipt keeps and which can be added up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from streamcap_dagster.quality.records import CaptionQuality, Drift, PairingAudit
from streamcap_dagster.quality.thresholds import DRIFT, METRICS, PAIRING, POOR, SHIFT, SILENCE, Metric, Verdict

Of = Literal["video", "dataset"]

POOR_COUNT = "poor"
"""The count that is 1 of a video with a finding that is an error."""
MEASURED_COUNT = "measured"
"""The count that is 1 of a video whose captions were measured."""
FEWEST = 20
"""Of fewer captions or windows a share says nothing that would justify an error: one of three is a third. A video that is in error had as many."""

_FINE = 1000
"""Whole numbers stand for thousandths."""
_CHANCE = 2
"""Spreads that chance may have cost: the margin is judged as if it were so much larger."""


@dataclass(frozen=True)
class Judged:
    """What came of holding one metric against its levels."""

    metric: Metric
    verdict: Verdict
    value: float
    of: int
    """How many captions, windows, anchors or videos the value is of; 0 where there is nothing of the kind."""
    told: str


def counted(quality: CaptionQuality) -> dict[str, int]:
    """What is known of the quality of one video, in numbers that can be added to those of another."""
    spoken = [window for window in quality.windows if window.words]
    following = [window for window in quality.windows if window.kind == "delta"]
    counts = {
        "spoken": len(spoken),
        "spoken_deltas": sum(window.kind == "delta" for window in spoken),
        "following": len(following),
        "silent": sum(window.outcome == "no_change" for window in following),
        **{name: sum(name in window.flags for window in spoken) for name in METRICS},
        **(_of_pairing(quality.pairing) if quality.pairing is not None else {}),
        **(_of_drifts(quality.drifts) if quality.drifts else {}),
        MEASURED_COUNT: 1,
    }
    return {**counts, POOR_COUNT: int(any(judged.verdict == "error" for judged in judge(counts, "video")))}


def judge(counts: Mapping[str, int], of: Of) -> Iterator[Judged]:
    """Every metric of which there is something to say, worst or not, in the order of the thresholds."""
    following, compared, videos = (counts.get(name, 0) for name in ("following", "pairing_windows", MEASURED_COUNT))
    for metric in METRICS.values():
        judged, what = (counts.get("spoken_deltas", 0), "deltas") if metric.deltas_only else (counts.get("spoken", 0), "captions")
        if judged:
            yield _of_share(metric, counts.get(metric.name, 0), judged, of, what)
    if following:
        yield _of_share(SILENCE, counts.get("silent", 0), following, of, "later windows")
    if compared:
        yield _pairing(counts, compared, of)
        yield _of_share(SHIFT, counts.get("pairing_shifted", 0), compared, of, "captions")
    if counts.get("spoken", 0):
        yield _drift(counts, of)
    if videos and of == "dataset":
        yield _of_share(POOR, counts.get(POOR_COUNT, 0), videos, of, "videos")


def _of_pairing(audit: PairingAudit) -> dict[str, int]:
    return {
        "pairing_windows": audit.windows,
        "pairing_margin_thousandths": round(audit.margin * audit.windows * _FINE),
        "pairing_variance_thousandths": round((audit.spread * audit.windows) ** 2 * _FINE),
        "pairing_shifted": audit.windows if audit.shift else 0,
    }


def _of_drifts(drifts: Sequence[Drift]) -> dict[str, int]:
    return {"anchors": len(drifts), "drift_thousandths": round(sum(one.drift for one in drifts) * _FINE)}


def _of_share(metric: Metric, count: int, total: int, of: Of, what: str) -> Judged:
    share = count / total
    return Judged(metric, _verdict(metric, share, total, of), round(share, 4), total, f"{count:,} of {total:,} {what} ({share:.1%}) {metric.about}")


def _pairing(counts: Mapping[str, int], compared: int, of: Of) -> Judged:
    """The margin is judged with what chance may have cost it, which cannot be told of a few windows."""
    margin = counts.get("pairing_margin_thousandths", 0) / _FINE / compared
    spread = sqrt(counts.get("pairing_variance_thousandths", 0) / _FINE) / compared
    told = f"captions of {compared:,} windows fit their own frames by {margin:.3f} better than those of other windows (chance makes ±{spread:.3f})"
    verdict = _verdict(PAIRING, margin + _CHANCE * spread, compared, of) if compared >= FEWEST else "ok"
    return Judged(PAIRING, verdict, round(margin, 4), compared, told)


def _drift(counts: Mapping[str, int], of: Of) -> Judged:
    """Fine where there are no anchors, which is told."""
    anchors = counts.get("anchors", 0)
    if not anchors:
        return Judged(DRIFT, "ok", 0.0, 0, "there are no anchors that what was said could be held against (STREAMCAP_ANCHOR_EVERY makes some)")
    mean = counts.get("drift_thousandths", 0) / _FINE / anchors
    what = "anchor" if anchors == 1 else "anchors"
    told = f"{anchors:,} {what}, from which what was said before them has drifted away by {mean:.2f} on average (0 is not at all, 1 is altogether)"
    return Judged(DRIFT, _verdict(DRIFT, mean, anchors, of), round(mean, 4), anchors, told)


def _verdict(metric: Metric, value: float, total: int, of: Of) -> Verdict:
    verdict = (metric.video if of == "video" else metric.dataset).verdict(value)
    too_few = metric is not POOR and total < FEWEST
    return "warn" if verdict == "error" and too_few else verdict
