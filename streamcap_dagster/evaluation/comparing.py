"""Two runs on the same windows: by how much one is better, and how sure that is.

A measure is given as one number per window. Windows of one video are not independent, so whole videos are drawn again and again, the same ones of both runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamcap_dagster.evaluation.bootstrap import ROUNDS, SEED, Interval, Numbers, interval, ratio

Place = tuple[str, int, int]
"""video_id, clip and window."""
Values = Mapping[Place, float | None]
"""None where the measure does not apply, as the novelty of silence."""
Verdict = Literal["old", "new", "tie"]


@dataclass(frozen=True)
class Difference:
    """A measure in both runs; `change` is the new one less the old one, with bounds."""

    old: Interval
    new: Interval
    change: Interval

    @property
    def sure(self) -> bool:
        """Whether the bounds leave no doubt which run has more of it."""
        low, high = self.change.low, self.change.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True)
class WinRate:
    """In how many windows each run is better; `rate` is the share that the new one wins, where a tie is half a win."""

    old: int
    ties: int
    new: int
    rate: Interval


def difference(old: Values, new: Values, rounds: int = ROUNDS, seed: int = SEED) -> Difference:
    """The mean of a measure over the windows of each run where it applies, and by how much it changes. Both need the same places; raises ValueError."""
    videos = _videos(old, new)
    before, after = _sums(old, videos), _sums(new, videos)
    change = interval(np.hstack([before, after]), lambda sums: _mean(sums[:, 2:]) - _mean(sums[:, :2]), rounds, seed)
    return Difference(interval(before, _mean, rounds, seed), interval(after, _mean, rounds, seed), change)


def win_rate(judged: Mapping[Place, Verdict], rounds: int = ROUNDS, seed: int = SEED) -> WinRate:
    """How often each run was judged better, by whatever judge."""
    worth: dict[Verdict, float] = {"old": 0.0, "tie": 0.5, "new": 1.0}
    sums = _sums({place: worth[verdict] for place, verdict in judged.items()}, _known(judged))
    counted = list(judged.values())
    return WinRate(counted.count("old"), counted.count("tie"), counted.count("new"), interval(sums, _mean, rounds, seed))


def _videos(old: Values, new: Values) -> list[str]:
    if old.keys() != new.keys():
        raise ValueError(f"the two runs were measured on different windows, such as {sorted(old.keys() ^ new.keys())[0]}")
    return _known(old)


def _known(places: Iterable[Place]) -> list[str]:
    return sorted({video_id for video_id, _, _ in places})


def _sums(values: Values, videos: Sequence[str]) -> Numbers:
    """A row per video: the sum of its values, and how many there are."""
    row = {video_id: number for number, video_id in enumerate(videos)}
    sums = np.zeros((len(videos), 2))
    for (video_id, _, _), value in sorted(values.items()):
        if value is not None:
            sums[row[video_id]] += (value, 1)
    return sums


def _mean(sums: Numbers) -> Numbers:
    return ratio(sums[:, 0], sums[:, 1])
