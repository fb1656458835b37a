"""What is measured of both runs, as one number per window, and how the two differ by it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamcap_dagster.captions.comparison import Said
from streamcap_dagster.cli.compare_runs import Cost, Pairing, Side, VideoPair
from streamcap_dagster.evaluation.bootstrap import Interval, Numbers, interval, ratio
from streamcap_dagster.evaluation.comparing import Difference, Place, Values, difference
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.quality.thresholds import ERROR
from streamcap_dagster.records import SPOKEN, Caption

Better = Literal["more", "less", ""]
_A_THOUSAND = 1000
_ENOUGH_VIDEOS = 5
"""Of fewer, drawing them again and again tells little of others."""


@dataclass(frozen=True)
class Measure:
    """One row of the comparison."""

    name: str
    about: str
    better: Better
    """Which way is better; empty where that depends."""
    of: Callable[[WindowQuality], float | None]
    """None where it does not apply."""
    share: bool = True
    """Whether it lies between 0 and 1."""


def _of_delta(value: Callable[[WindowQuality], float]) -> Callable[[WindowQuality], float | None]:
    """Of deltas that say something: a full caption is all new."""
    return lambda window: value(window) if window.words and window.kind == "delta" else None


def _of_words(value: Callable[[WindowQuality], float]) -> Callable[[WindowQuality], float | None]:
    return lambda window: value(window) if window.words else None


def _of_later(value: Callable[[WindowQuality], float]) -> Callable[[WindowQuality], float | None]:
    return lambda window: value(window) if window.kind == "delta" else None


MEASURES: tuple[Measure, ...] = (
    Measure("novelty", "share of a delta that was not said before", "more", _of_delta(lambda window: window.novelty)),
    Measure("redundancy", "how much of a delta's worst sentence was said before", "less", _of_delta(lambda window: window.redundancy)),
    Measure("repetition", "share of words that a caption says again", "less", _of_words(lambda window: window.repetition)),
    Measure("copies", "share of captions that are nearly a copy of an earlier one", "less", _of_words(lambda window: float(window.repeats is not None))),
    Measure("meta_talk", "share of captions that speak of the video itself", "less", _of_words(lambda window: float(bool(window.meta_talk)))),
    Measure("renamed", "share of captions that give a thing another name", "less", _of_words(lambda window: float(bool(window.renamed)))),
    Measure("flagged", "share of captions with a flag", "less", _of_words(lambda window: float(bool(window.flags)))),
    Measure("errors", "share of captions with a flag that is an error", "less", _of_words(lambda window: float(_has_error(window)))),
    Measure("words_per_s", "words a second of captions that say something", "", _of_words(lambda window: window.words_per_s), share=False),
    Measure("silent", "share of later windows in which nothing is said to be new", "", _of_later(lambda window: float(window.outcome == "no_change"))),
    Measure("unusable", "share of windows whose caption came to nothing", "less", lambda window: float(window.outcome not in SPOKEN)),
)


def _has_error(window: WindowQuality) -> bool:
    return any(flag.endswith(ERROR) for flag in window.flags)


@dataclass(frozen=True)
class Row:
    """A measure in both runs."""

    name: str
    about: str
    better: Better
    share: bool
    videos: int
    difference: Difference

    @property
    def verdict(self) -> Literal["old", "new", ""]:
        """Which run is better by it, where that is sure and not of a handful of videos."""
        change = self.difference.change.value
        if not self.difference.sure or not change or not self.better or self.videos < _ENOUGH_VIDEOS:
            return ""
        return "new" if (change > 0) == (self.better == "more") else "old"


def measured(pairing: Pairing) -> list[Row]:
    """Every measure that applies to both runs anywhere."""
    videos = len(pairing.videos)
    found = [Row(each.name, each.about, each.better, each.share, videos, difference(*_values(pairing, each))) for each in MEASURES]
    return [row for row in (*found, *_of_audits(pairing), *_of_tests(pairing)) if row.difference.old.value is not None or row.difference.new.value is not None]


def _values(pairing: Pairing, measure: Measure) -> tuple[Values, Values]:
    old: dict[Place, float | None] = {}
    new: dict[Place, float | None] = {}
    for video in pairing.videos:
        for said in video.common:
            place = video.place(said)
            old[place], new[place] = measure.of(quality_of(video.old, said.old)), measure.of(quality_of(video.new, said.new))
    return old, new


def quality_of(side: Side, caption: Caption | None) -> WindowQuality:
    assert caption is not None, "only windows that both runs have are measured"
    return side.quality[caption.clip, caption.window]


def _of_audits(pairing: Pairing) -> list[Row]:
    """The pairing audit, which was made of whole videos."""
    audited = [video for video in pairing.videos if video.old.pairing is not None and video.new.pairing is not None]
    if not audited:
        return []
    old, new = ({(video.video.video_id, 0, 0): side(video).pairing for video in audited} for side in (_old, _new))
    return [Row("pairing", "how much better captions fit their own frames than others", "more", False, len(audited), difference(old, new))]


def _of_tests(pairing: Pairing) -> list[Row]:
    """Reconstruction tests, of the windows that the same examiner tested in both runs."""
    alike = [video for video in pairing.videos if video.same_examiner]
    kept = {video.place(said): (_kept(video.old, said.old), _kept(video.new, said.new)) for video in alike for said in video.common}
    tested = {place: both for place, both in kept.items() if None not in both}
    if not tested:
        return []
    old, new = ({place: both[run] for place, both in tested.items()} for run in (0, 1))
    videos = len({video_id for video_id, _, _ in tested})
    return [Row("kept", "share of a full caption's questions that first caption and deltas answer", "more", True, videos, difference(old, new))]


def _old(video: VideoPair) -> Side:
    return video.old


def _new(video: VideoPair) -> Side:
    return video.new


def _kept(side: Side, caption: Caption | None) -> float | None:
    return side.kept.get((caption.clip, caption.window)) if caption is not None else None


@dataclass(frozen=True)
class Price:
    """What captions of a run cost. None where an answer was paid at a price that nobody knows."""

    usd: float | None
    facts: int
    missing: int
    per_1000_facts: Interval


def price(costs: Sequence[Cost]) -> Price:
    """Of one run; a video each."""
    missing, facts = sum(cost.missing for cost in costs), sum(cost.facts for cost in costs)
    known = [(cost.usd, cost.facts) for cost in costs if cost.usd is not None]
    if len(known) < len(costs):
        return Price(None, facts, missing, Interval(None))
    rows = np.array(known, dtype=np.float64).reshape(-1, 2)
    return Price(float(rows[:, 0].sum()), facts, missing, interval(rows, _usd_per_1000))


def _usd_per_1000(sums: Numbers) -> Numbers:
    return ratio(_A_THOUSAND * sums[:, 0], sums[:, 1])


@dataclass(frozen=True)
class Odd:
    """A window that is worth a look."""

    video: VideoPair
    said: Said
    old: WindowQuality
    new: WindowQuality
    change: float
    """By how much the new caption is better, as `worth` has it."""


def worst(pairing: Pairing, lost: Mapping[Place, int], most: int = 10) -> list[Odd]:
    """Windows in which both say different things, those first that the judge gave to the old run, then those in which most was lost.

    `lost` tells of judged windows 1 where the old run won, -1 where the new one did, 0 for a tie.
    """
    odd = [
        Odd(video, said, old, new, worth(new) - worth(old))
        for video in pairing.videos
        for said in video.common
        if said.changed
        for old, new in [(quality_of(video.old, said.old), quality_of(video.new, said.new))]
    ]
    return sorted(odd, key=lambda one: (-lost.get(one.video.place(one.said), 0), one.change, one.video.place(one.said)))[:most]


def worth(window: WindowQuality) -> float:
    """A rough order for people who look: new words are worth having, repeated ones and flags cost, silence is worth nothing, and what failed less."""
    if window.outcome not in SPOKEN:
        return -1.0
    if not window.words:
        return 0.0
    return window.novelty - window.redundancy - 0.25 * len(window.flags)
