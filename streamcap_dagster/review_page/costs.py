"""What a video has cost so far, window by window, out of the answers that are kept."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from streamcap_dagster.captions.calls import Call, CallStore
from streamcap_dagster.storage import Storage

Window = tuple[int, int]
"""Clip and window."""
_CAPTIONS = frozenset({"initial", "delta"})
"""Kinds of questions whose answer is the caption of a window; an anchor is asked for as an initial caption is."""


@dataclass(frozen=True)
class Costs:
    """Dollars. What is asked for free, as of the offline captioner, is in none of them."""

    of_windows: Mapping[Window, float]
    beside_usd: float
    """For what is asked beside the captions, such as objectives."""

    @property
    def total_usd(self) -> float:
        return sum(self.of_windows.values()) + self.beside_usd


def costs_of(storage: Storage, video_id: str) -> Costs:
    """Takes one look at the folded file and one at each answer that is not folded yet. Raises ObjectUnreadable for a damaged one."""
    of_windows: defaultdict[Window, float] = defaultdict(float)
    beside_usd = 0.0
    for call in CallStore(storage, video_id).every():
        if call.kind in _CAPTIONS:
            of_windows[call.clip, call.window] += _usd(call)
        else:
            beside_usd += _usd(call)
    return Costs(dict(of_windows), beside_usd)


def _usd(call: Call) -> float:
    return sum(attempt.bill.cost_usd for attempt in call.attempts)
