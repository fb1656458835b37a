"""Two runs on the same windows: by how much one is better, how sure that is, and where they differ most.

A measure is given as one number per window. Windows of one video are not independent, so whole videos are drawn again and again, the same ones of both runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.evaluation.bootstrap import ROUNDS, SEED, Interval, Numbers, interval, ratio
from streamcap_dagster.records import Caption

Place = tuple[str, int, int]
"""video_id, clip and window."""
Values = Mapping[Place, float | None]
"""None where the measure does not apply, as the novelty of silence."""
Verdict = Literal["old", "new", "tie"]
_NAMED = 10


class RunsDiffer(StreamcapError):
    """Two runs cannot be compared: one of them has videos or windows that the other lacks."""

    def __init__(self, old: str, new: str, why: str, fix: str) -> None:
        super().__init__(f"{old} and {new} cannot be compared: {why}. {fix}")


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


@dataclass(frozen=True)
class Contrast:
    """A window in which a measure differs."""

    place: Place
    old: float
    new: float


def check_same_windows(old: Mapping[str, Sequence[Caption]], new: Mapping[str, Sequence[Caption]], names: tuple[str, str]) -> None:
    """Both runs, as captions by video_id, must speak of the same spans of the same videos. Raises RunsDiffer, which names what only one of them has."""
    for one, other, name in ((old, new, names[0]), (new, old, names[1])):
        if alone := sorted(one.keys() - other.keys()):
            raise RunsDiffer(*names, f"only {name} has captions of {listed(alone)}", "Caption the same videos in both, or leave these out of both.")
    if not old:
        raise RunsDiffer(*names, "neither has a caption", "Caption the same videos in both first: `streamcap run`.")
    for video_id in sorted(old):
        spans, others = ({_span(caption) for caption in run[video_id]} for run in (old, new))
        if spans != others:
            _tell_first(video_id, sorted(spans - others), sorted(others - spans), names)


def _span(caption: Caption) -> tuple[int, int, float, float]:
    return caption.clip, caption.window, caption.start_s, caption.end_s


def _tell_first(video_id: str, old: Sequence[tuple[int, int, float, float]], new: Sequence[tuple[int, int, float, float]], names: tuple[str, str]) -> None:
    told = [f"only {name} has clip {at[0]}, window {at[1]} at {at[2]:g}–{at[3]:g} s" for name, spans in zip(names, (old, new), strict=True) for at in spans[:1]]
    fix = "Both need the same clips and STREAMCAP_WINDOW_DURATION_S, and every window captioned."
    raise RunsDiffer(*names, f"their windows of {video_id} differ: {', '.join(told)}", fix)


def listed(names: Sequence[str]) -> str:
    """The first ten, and how many more there are."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def difference(old: Values, new: Values, rounds: int = ROUNDS, seed: int = SEED) -> Difference:
    """The mean of a measure over the windows of each run where it applies, and by how much it changes. Both need the same places; raises ValueError."""
    videos = _videos(old, new)
    before, after = _sums(old, videos), _sums(new, videos)
    change = interval(np.hstack([before, after]), lambda sums: _mean(sums[:, 2:]) - _mean(sums[:, :2]), rounds, seed)
    return Difference(interval(before, _mean, rounds, seed), interval(after, _mean, rounds, seed), change)


def verdicts(old: Values, new: Values, tie: float = 0.0) -> dict[Place, Verdict]:
    """Which run has more of a measure, where it applies to both; a difference of `tie` or less is one."""
    _videos(old, new)
    pairs = ((place, after - before) for place, before in old.items() if before is not None and (after := new[place]) is not None)
    return {place: "tie" if abs(gain) <= tie else "new" if gain > 0 else "old" for place, gain in pairs}


def win_rate(judged: Mapping[Place, Verdict], rounds: int = ROUNDS, seed: int = SEED) -> WinRate:
    """How often each run was judged better, by whatever judge."""
    worth: dict[Verdict, float] = {"old": 0.0, "tie": 0.5, "new": 1.0}
    sums = _sums({place: worth[verdict] for place, verdict in judged.items()}, _known(judged))
    counted = list(judged.values())
    return WinRate(counted.count("old"), counted.count("tie"), counted.count("new"), interval(sums, _mean, rounds, seed))


def contrasts(old: Values, new: Values, most: int = 10) -> list[Contrast]:
    """The windows in which a measure fell most, then those in which it fell less or rose; where it applies to one run only there is nothing to compare."""
    _videos(old, new)
    both = [Contrast(place, before, after) for place, before in old.items() if before is not None and (after := new[place]) is not None]
    return sorted(both, key=lambda at: (at.new - at.old, at.place))[:most]


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
