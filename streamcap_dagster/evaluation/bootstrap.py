"""How sure a measure is: it is taken again and again of as many videos, drawn with replacement, because the windows of one video are not independent."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
ROUNDS, SEED, SURE = 2000, 20261122, 0.95
_MOST_AT_ONCE = 4_000_000
"""Draws of a video that are held in memory at once."""


@dataclass(frozen=True)
class Interval:
    """A measure, and the bounds that it lies within in 95 of 100 draws. None where there is nothing to measure."""

    value: float | None
    low: float | None = None
    high: float | None = None


def resampled(tallies: Numbers, rounds: int = ROUNDS, seed: int = SEED) -> Numbers:
    """Sums over drawn videos: from one row of tallies per video, one row per round. The same for the same seed and number of videos."""
    draw = np.random.default_rng(seed)
    videos = len(tallies)
    even = np.full(videos, 1 / videos)
    at_once = max(1, _MOST_AT_ONCE // videos)
    parts = [min(at_once, rounds - first) for first in range(0, rounds, at_once)]
    return np.concatenate([draw.multinomial(videos, even, part) @ tallies for part in parts])


def interval(tallies: Numbers, measure: Callable[[Numbers], Numbers], rounds: int = ROUNDS, seed: int = SEED) -> Interval:
    """A measure of the sums of all videos, and how far it varies with the choice of them.

    `tallies` has one row per video; `measure` turns rows of sums into one number each, not-a-number where there is nothing to measure. Of a single video
    nothing is known of others, so there are no bounds.
    """
    whole = float(measure(tallies.sum(axis=0, keepdims=True))[0]) if len(tallies) else np.nan
    if np.isnan(whole):
        return Interval(None)
    return Interval(whole, *bounds(measure(resampled(tallies, rounds, seed)))) if len(tallies) > 1 else Interval(whole)


def bounds(measured: Numbers) -> tuple[float | None, float | None]:
    """Where the middle 95 of 100 lie of those rounds in which there was something to measure."""
    there = measured[~np.isnan(measured)]
    if not len(there):
        return None, None
    low, high = np.quantile(there, [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)


def ratio(above: Numbers, below: Numbers) -> Numbers:
    """One divided by the other; not-a-number where the other is nothing."""
    shares: Numbers = np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)
    return shares
