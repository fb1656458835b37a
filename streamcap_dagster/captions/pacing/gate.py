"""The gate that every request passes: it opens as the quota allows, fairly between videos, and closes for good when nobody can be asked any more.

No I/O and no clock of its own; it belongs to one event loop.
"""

import asyncio
import copy
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from streamcap_dagster.captions.pacing.bucket import Bucket
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.errors import StreamcapError

_MINUTE_S = 60.0
_TEN_MINUTES_S = 600.0
_SLOWER = 0.7
_SLOWER_AT_MOST_EVERY_S = 1.0
_FASTER = 2.0
_LEAST_WAIT_S = 0.001

Exhausted = Literal["day", "budget"]


@dataclass(frozen=True)
class Load:
    """What one request may take at most: input tokens and dollars."""

    tokens: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class Allowance:
    """How far this process may go in all, counted from its beginning, until its next look at the others."""

    requests: float = math.inf
    usd: float = math.inf
    most_requests: float = math.inf
    """How far it could ever go, if the others used nothing more."""
    most_usd: float = math.inf
    may_grow: bool = False
    """Whether a later look may allow more, because others who share the rest are at work."""


@dataclass(frozen=True)
class Used:
    """What this process has taken since its beginning; of requests in flight, and of those with an unknown end, what they take at most."""

    requests: int = 0
    tokens: float = 0.0
    usd: float = 0.0


class Permit:
    """The right to send one request. Exactly one of its methods counts: the first that is called."""

    def __init__(self, gate: "QuotaGate", load: Load, counted: list[float]) -> None:
        self._gate = gate
        self._load = load
        self._counted = counted
        self._open = True

    def settle(self, tokens: float, usd: float) -> None:
        """It was answered, and took this."""
        if self._close():
            self._gate._speed_up()
            self._gate._leave(self._load, self._counted, Load(tokens, usd))

    def fail(self, *, billed: bool) -> None:
        """It got no answer: it still counts for the service, and for the budget when it may have been billed."""
        if self._close():
            self._gate._leave(self._load, self._counted, Load(self._load.tokens, self._load.usd if billed else 0.0))

    def release(self) -> None:
        """It was never sent."""
        if self._close():
            self._gate._take_back(self._load, self._counted)

    def _close(self) -> bool:
        was_open, self._open = self._open, False
        return was_open


class _Waiter:
    __slots__ = ("future", "load")

    def __init__(self, load: Load, future: "asyncio.Future[Permit]") -> None:
        self.load = load
        self.future = future


class QuotaGate:
    """Lets requests through within a quota per minute, an allowance in all and a limit of requests in flight that adapts.

    Lanes take turns, and within a lane who came first goes first. The next one is waited for even when a smaller one could go, so that
    none starves. Everything costs the same however many wait, and one timer serves them all.
    """

    def __init__(
        self,
        quota: Quota,
        exhausted: Callable[[Exhausted], StreamcapError],
        allowance: Allowance = Allowance(),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`exhausted` makes the error that the gate closes with once the allowance is used up."""
        self._clock = clock
        self._exhausted = exhausted
        self._skew_s = 0.0
        self._now_s = clock()
        self._buckets: list[Bucket | None] = [None, None, None]
        self._limit = float(quota.in_flight)
        self._lanes: OrderedDict[str, OrderedDict[_Waiter, None]] = OrderedDict()
        self._resting: set[asyncio.Future[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._slowed_s = -math.inf
        self._paused_until_s = -math.inf
        self._closed_by: StreamcapError | None = None
        self._requests, self._tokens, self._settled_usd, self._reserved_usd = 0, 0.0, 0.0, 0.0
        self.waiting = 0
        self.in_flight = 0
        self.paused_s = 0.0
        """How long all were held back by pauses so far."""
        self.allow(quota, allowance)

    @property
    def limit(self) -> int:
        """Most requests in flight at present."""
        return max(1, int(self._limit))

    @property
    def used(self) -> Used:
        return Used(self._requests, self._tokens, self._settled_usd + self._reserved_usd)

    @property
    def rpm(self) -> float | None:
        """Requests a minute that are let through."""
        return self._quota.part_of(1).rpm

    async def enter(self, lane: str, load: Load) -> Permit:
        """Wait for one's turn. Raises the error that the gate is closed with, at once or while waiting."""
        self._check_open()
        self._expect(load)
        waiter = _Waiter(load, asyncio.get_running_loop().create_future())
        first = not self._lanes
        self._lanes.setdefault(lane, OrderedDict())[waiter] = None
        self.waiting += 1
        if first:
            self._pump()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._forget(lane, waiter)
            raise

    async def rest(self, seconds: float) -> None:
        """Wait before asking again; ends at once with the error when the gate closes."""
        self._check_open()
        loop = asyncio.get_running_loop()
        rested: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _finish, rested)
        self._resting.add(rested)
        try:
            await rested
        finally:
            timer.cancel()
            self._resting.discard(rested)

    def allow(self, quota: Quota, allowance: Allowance) -> None:
        """Another part of the quota and another allowance from now on."""
        self._set(quota)
        self._allowance = allowance
        self._pump()

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long; of several pauses the one that ends last counts. No burst follows."""
        now_s = self._now()
        until_s = now_s + seconds
        if until_s <= self._paused_until_s or self._closed_by is not None:
            return
        self.paused_s += until_s - max(self._paused_until_s, now_s)
        self._paused_until_s = until_s
        for bucket in filter(None, self._buckets):
            bucket.rest(until_s, now_s)

    def slow_down(self) -> None:
        """The service is overloaded: fewer in flight, at most once a second, for many will say so at the same time."""
        now_s = self._now()
        if now_s - self._slowed_s >= _SLOWER_AT_MOST_EVERY_S:
            self._slowed_s = now_s
            self._limit = max(1.0, self._limit * _SLOWER)

    def close(self, error: StreamcapError) -> None:
        """Let nobody through any more: whoever waits, and whoever comes, gets the error. The first to close it counts."""
        if self._closed_by is not None:
            return
        self._closed_by = error
        self._stop_timer()
        waiting: list[asyncio.Future[Any]] = [waiter.future for lane in self._lanes.values() for waiter in lane]
        self._lanes.clear()
        self.waiting = 0
        for future in (*waiting, *self._resting):
            if not future.done():
                future.set_exception(copy.copy(error))

    def _check_open(self) -> None:
        if self._closed_by is not None:
            raise copy.copy(self._closed_by)  # one of its own for each, as each carries its traceback

    def _set(self, quota: Quota) -> None:
        self._quota = quota
        ours, now_s = quota.part_of(1), self._now()
        limits = ((ours.rpm, _MINUTE_S, 1.0), (ours.tpm, _MINUTE_S, 0.0), (ours.usd_per_10min, _TEN_MINUTES_S, 0.0))
        for index, (limit, window_s, unit) in enumerate(limits):
            bucket = self._buckets[index]
            if limit is None:
                self._buckets[index] = None
            elif bucket is None:
                self._buckets[index] = Bucket(limit, window_s, now_s, unit)
            else:
                bucket.change(limit, now_s)

    def _now(self) -> float:
        """The clock, which stands still here while it goes back there."""
        told_s = self._clock() + self._skew_s
        if told_s < self._now_s:
            self._skew_s += self._now_s - told_s
            return self._now_s
        self._now_s = told_s
        return told_s

    def _expect(self, load: Load) -> None:
        now_s = self._now()
        for bucket, amount in zip(self._buckets, _amounts(load), strict=True):
            if bucket is not None:
                bucket.expect(amount, now_s)

    def _pump(self) -> None:
        """Let through as many as may go, and set the timer for the next when only time is in its way."""
        while self._lanes:
            lane, waiters = next(iter(self._lanes.items()))
            waiter = next(iter(waiters))
            wait_s = self._wait_s(waiter.load)
            if self._closed_by is not None:
                return
            if wait_s > 0:
                self._wake_in(wait_s)
                return
            self._drop(lane, waiter)
            waiter.future.set_result(self._grant(waiter.load))

    def _wait_s(self, load: Load) -> float:
        """Seconds until this load may go; infinite when only another's end can help. Closes the gate when nothing can."""
        if (enough := self._enough(load)) is not None:
            self.close(self._exhausted(enough))
            return math.inf
        if self.in_flight >= self.limit or not self._fits(load):
            return math.inf
        now_s = self._now()
        if self._paused_until_s > now_s:
            return self._paused_until_s - now_s
        waits = (bucket.wait_s(amount, now_s) for bucket, amount in zip(self._buckets, _amounts(load), strict=True) if bucket is not None)
        return max(waits, default=0.0)

    def _fits(self, load: Load) -> bool:
        """Whether the allowance holds it even if everything in flight takes what it may take at most."""
        return self._requests + 1 <= self._allowance.requests and self.used.usd + load.usd <= self._allowance.usd

    def _enough(self, load: Load) -> Exhausted | None:
        """What is used up so that this load can never go: not by what is in flight, nor by what a later look may allow."""
        allowance = self._allowance
        requests, usd = (allowance.most_requests, allowance.most_usd) if allowance.may_grow else (allowance.requests, allowance.usd)
        if self._requests + 1 > requests:
            return "day"
        return "budget" if self._settled_usd + load.usd > usd else None

    def _grant(self, load: Load) -> Permit:
        self.in_flight += 1
        self._requests += 1
        self._tokens += load.tokens
        self._reserved_usd += load.usd
        counted = [bucket.take(amount) if bucket is not None else 0.0 for bucket, amount in zip(self._buckets, _amounts(load), strict=True)]
        return Permit(self, load, counted)

    def _leave(self, load: Load, counted: list[float], took: Load) -> None:
        """A request came to its end and took this; what it was counted for more is given back."""
        self.in_flight -= 1
        self._tokens += took.tokens - load.tokens
        self._reserved_usd -= load.usd
        self._settled_usd += took.usd
        self._correct(counted, (1.0, took.tokens, took.usd))
        self._pump()

    def _take_back(self, load: Load, counted: list[float]) -> None:
        self.in_flight -= 1
        self._requests -= 1
        self._tokens -= load.tokens
        self._reserved_usd -= load.usd
        self._correct(counted, (0.0, 0.0, 0.0))
        self._pump()

    def _correct(self, counted: list[float], took: tuple[float, float, float]) -> None:
        now_s = self._now()
        for bucket, was, now in zip(self._buckets, counted, took, strict=True):
            if bucket is not None:
                bucket.wait_s(0.0, now_s)
                bucket.correct(was - now)

    def _speed_up(self) -> None:
        self._limit = min(float(self._quota.in_flight), self._limit + _FASTER / self._limit)

    def _drop(self, lane: str, waiter: _Waiter) -> None:
        """Take a waiter out of its lane, which goes behind the other lanes, or away when it is empty."""
        waiters = self._lanes[lane]
        del waiters[waiter]
        self.waiting -= 1
        if waiters:
            self._lanes.move_to_end(lane)
        else:
            del self._lanes[lane]

    def _forget(self, lane: str, waiter: _Waiter) -> None:
        """A waiter that was cancelled, perhaps just after it was let through."""
        if waiter.future.done() and not waiter.future.cancelled():
            if waiter.future.exception() is None:
                waiter.future.result().release()
            return
        waiters = self._lanes.get(lane)
        if waiters is None or waiter not in waiters:
            return
        was_next = next(iter(self._lanes)) == lane and next(iter(waiters)) is waiter
        del waiters[waiter]
        self.waiting -= 1
        if not waiters:
            del self._lanes[lane]
        if was_next:
            self._pump()
        if not self._lanes:
            self._stop_timer()

    def _wake_in(self, seconds: float) -> None:
        if math.isinf(seconds):
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(seconds, _LEAST_WAIT_S)
        if self._timer is not None and self._timer.when() <= when:
            return  # it looks again then
        self._stop_timer()
        self._timer = loop.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._pump()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _amounts(load: Load) -> tuple[float, float, float]:
    return 1.0, load.tokens, load.usd


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
