"""What every process has used of a quota and of the budget, kept in storage, so that neither a restart nor a second process forgets it."""

import asyncio
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from streamcap_dagster.captions.pacing.gate import Allowance, Used
from streamcap_dagster.captions.pacing.others import Account, Others, Standing
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import write_record

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Where the day of a quota begins at midnight."""
HEARTBEAT_S = 30.0
_WRITE_EVERY_S = 1.0
_WRITE_SELDOM_S = 5.0
"""In a bucket each write costs money, and an object takes one a second."""
_ROUNDING = 1e-6
_LOOKS_A_HEARTBEAT = 6
"""How often the others are looked at meanwhile: who joins gets its part within seconds."""


class Accounts:
    """One process's account and its view of the others'. Written at each look at the others, and in a folder once a second when it changed.

    A process that is killed may leave out what it began since then. What it had in flight is counted at its upper bound,
    which makes up for some of it.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        process: str,
        used: Callable[[], Used],
        *,
        heartbeat_s: float = HEARTBEAT_S,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is the service and model that the quota is for; `used` tells what this process has used since its beginning."""
        self._storage = storage
        self._folder = f"{keys.QUOTA}{slug(name)}/"
        self._process = process
        self._used = used
        self._heartbeat_s = heartbeat_s
        self._write_every_s = min(heartbeat_s, _WRITE_SELDOM_S if "://" in storage.uri else _WRITE_EVERY_S)
        self._wall = wall
        self._clock = clock
        self._others = Others(storage, self._folder, process, heartbeat_s, wall, clock)
        self._day = ""
        self._days: dict[str, Used] = {}
        self._counted = Used()
        self._stood: Standing | None = None
        self._claim = Claim()
        self._ending = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def open(self, look: Callable[[Standing], None], fail: Callable[[Exception], None]) -> None:
        """Announce this process and `look` at the others, now and several times a heartbeat; `fail` is told when that breaks off later on."""
        await self._beat(look)
        self._keeping = asyncio.create_task(self._keep(look, fail))

    async def close(self) -> None:
        """Sign off: from now on the others share the quota without this process."""
        self._ending.set()
        if self._keeping is not None:
            await self._keeping
            await self._write(ended=True)

    def allowance(self, quota: Quota, standing: Standing) -> Allowance:
        """How far this process may go until its next look: its part of what is left for the day and of the budget, as far as no other claims it."""
        used, parts = self._used(), standing.processes
        today = self._days[self._day].requests + used.requests - self._counted.requests
        requests = _part(quota.day_requests, standing.requests_today + today, standing.claimed_requests, parts)
        usd = _part(quota.budget_usd, standing.usd + used.usd, standing.claimed_usd, parts)
        may_grow, self._stood = parts > 1 and (standing != self._stood or requests.others_claim_more or usd.others_claim_more), standing
        self._claim = Claim(used.requests + _claimed(requests.ours), used.usd + _claimed(usd.ours))
        return Allowance(
            used.requests + requests.ours, used.usd + usd.ours, used.requests + requests.all_that_is_left, used.usd + usd.all_that_is_left, may_grow
        )

    async def _keep(self, look: Callable[[Standing], None], fail: Callable[[Exception], None]) -> None:
        try:
            await self._keep_on(look)
        except Exception as error:  # noqa: BLE001  whoever waits for a part of the quota must hear of it, whatever it is
            fail(error)

    async def _keep_on(self, look: Callable[[Standing], None]) -> None:
        look_every_s = self._heartbeat_s / _LOOKS_A_HEARTBEAT
        beat_at_s = self._clock() + look_every_s
        while not await self._ended_within(self._write_every_s):
            if self._clock() >= beat_at_s:
                await self._beat(look)
                beat_at_s = self._clock() + look_every_s
            elif self._used() != self._counted:
                await self._write()

    async def _ended_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _beat(self, look: Callable[[Standing], None]) -> None:
        """Be seen before looking, so that of two who come together each counts the other; then say how far we go until the next time."""
        await self._write()
        look(await asyncio.to_thread(self._others.look, self._day))
        await self._write()

    async def _write(self, *, ended: bool = False) -> None:
        """Put what was used since the last time on today's account; the account of a day that is over is closed."""
        used, before = self._used(), self._day
        self._day = pacific_day(self._wall()).isoformat()
        self._days[self._day] = _plus(self._days.get(self._day, Used()), used, self._counted)
        self._counted = used
        if before and before != self._day:
            await asyncio.to_thread(self._store, before, ended=True)
        await asyncio.to_thread(self._store, self._day, ended=ended)

    def _store(self, day: str, *, ended: bool) -> None:
        used = self._days[day]
        account = Account(
            process=self._process,
            requests=used.requests,
            tokens=used.tokens,
            usd=used.usd,
            claimed_requests=0 if ended else max(0, self._claim.requests - self._counted.requests),
            claimed_usd=0.0 if ended else max(0.0, self._claim.usd - self._counted.usd),
            seen_at=self._wall(),
            ended=ended,
        )
        write_record(self._storage, f"{self._folder}{day}/{self._process}.json", account)


@dataclass(frozen=True)
class Claim:
    """How far a process may go until its next look, counted from its beginning."""

    requests: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class _Left:
    """What is left of a limit: all of it, and how much of that this process may use."""

    all_that_is_left: float
    ours: float
    others_claim_more: bool = False
    """Than their parts: they let go of it at their next look, or, when they were killed, in a few heartbeats."""


def _part(limit: float | None, used: float, claimed: float, parts: int) -> _Left:
    if limit is None:
        return _Left(math.inf, math.inf)
    left = max(0.0, limit - used)
    part, unclaimed = left / parts, max(0.0, left - claimed)
    return _Left(left, min(part, unclaimed), unclaimed < part * (1 - _ROUNDING))


def _claimed(ours: float) -> float:
    """Where there is no limit nothing is claimed of it."""
    return 0 if math.isinf(ours) else ours


def pacific_day(wall_s: float) -> date:
    """The day in California at a time."""
    return datetime.fromtimestamp(wall_s, PACIFIC).date()


def next_day(wall_s: float) -> datetime:
    """When the day in California ends, in UTC."""
    tomorrow = pacific_day(wall_s) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC).astimezone(UTC)


def slug(name: str) -> str:
    """A name as part of a key."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "captioner"


def _plus(day: Used, now: Used, before: Used) -> Used:
    return Used(day.requests + now.requests - before.requests, day.tokens + now.tokens - before.tokens, day.usd + now.usd - before.usd)
