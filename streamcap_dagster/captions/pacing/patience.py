"""How long is waited before asking again, and how often: budgets of their own for outages, for quotas and for the flex tier."""

import math
import random
from collections import deque

from streamcap_dagster.captions.captioner import Tier
from streamcap_dagster.errors import CallFailed

RETRIES = 6
MISPAIRED_RETRIES = 2
_FIRST_S, _LONGEST_S = 2.0, 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 15.0, 120.0
_LONGEST_ASKED_S = 600.0
_SHEDS = 3
_RECENT_S = 600.0
_ENOUGH_LATENCIES = 20


class Patience:
    """The transport budget of one question: six more requests, after waits that double from 2 s to 60 s.

    Each wait is between half and all of that, drawn by chance so that calls which failed together do not come back together. The waits
    come to 61 s at the least, 92 s on average and 122 s at the most: an outage of 30 s is over before the fifth of the seven
    requests is made (its waits are 31 s at least), and an address where nobody listens is given up after two minutes.
    During an outage that has used up another question's patience there is only one request, until one is answered.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self.mispaired = 0

    def next_wait_s(self, error: CallFailed, *, outage: bool) -> float | None:
        """Seconds until asking again, no less than the service asks for; None when it is enough."""
        if self._failures >= RETRIES or (outage and self._failures == 0):
            return None
        longest = min(_LONGEST_S, _FIRST_S * 2**self._failures)
        self._failures += 1
        return max(self._chance.uniform(longest / 2, longest), _asked_s(error) or 0.0)


class Pauses:
    """How long all wait after a 429 that does not say: 15 s, then twice as long each time, up to two minutes, until one is answered.

    Requests that were under way when a pause began say nothing new with their 429.
    """

    def __init__(self) -> None:
        self._began_s = -math.inf
        self._next_s = _FIRST_PAUSE_S

    def after(self, error: CallFailed, sent_s: float, now_s: float) -> float:
        """Seconds to pause for."""
        news = sent_s >= self._began_s
        if news:
            self._began_s = now_s
        asked_s = _asked_s(error)
        if asked_s is not None or not news:
            return asked_s or 0.0
        seconds, self._next_s = self._next_s, min(2 * self._next_s, _LONGEST_PAUSE_S)
        return seconds

    def answered(self, sent_s: float) -> None:
        if sent_s >= self._began_s:
            self._next_s = _FIRST_PAUSE_S


class FlexWatch:
    """How fast flex answers at present: the latencies of the last ten minutes, requests that ran into their deadline included."""

    def __init__(self, timeout_s: float) -> None:
        self._too_slow_s = timeout_s / 2
        self._latencies: deque[tuple[float, float]] = deque(maxlen=200)

    def note(self, latency_s: float, now_s: float) -> None:
        self._latencies.append((now_s, latency_s))

    def is_slow(self, now_s: float) -> bool:
        """Whether one in twenty takes longer than half of the deadline."""
        while self._latencies and self._latencies[0][0] < now_s - _RECENT_S:
            self._latencies.popleft()
        latencies = sorted(latency for _, latency in self._latencies)
        return len(latencies) >= _ENOUGH_LATENCIES and latencies[math.ceil(0.95 * len(latencies)) - 1] > self._too_slow_s


class Shedding:
    """For the tier `auto`: flex, until flex has turned one question away or dropped it three times, or let it wait to its deadline."""

    def __init__(self) -> None:
        self._sheds = 0

    def turned_away(self) -> None:
        self._sheds += 1

    def timed_out(self) -> None:
        self._sheds = _SHEDS

    def tier(self, *, slow: bool) -> Tier:
        return "standard" if slow or self._sheds >= _SHEDS else "flex"


def _asked_s(error: CallFailed) -> float | None:
    """What the service asks to be waited for, believed up to ten minutes."""
    return None if error.retry_after_s is None else min(max(error.retry_after_s, 0.0), _LONGEST_ASKED_S)
