"""Goes round a captioner behind a network: waits for the quota, asks again after faults, proves the pairing, keeps accounts and ledger."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal

from streamcap_dagster.captions.captioner import Captioner, CaptionReply, CaptionRequest, Parameter, Tier, call_key
from streamcap_dagster.captions.pacing.accounts import HEARTBEAT_S, Accounts, next_day
from streamcap_dagster.captions.pacing.canary import Canaries
from streamcap_dagster.captions.pacing.costs import attested, cost_usd, most
from streamcap_dagster.captions.pacing.gate import Exhausted, Load, Permit, QuotaGate
from streamcap_dagster.captions.pacing.ledger import Ledger, Sent
from streamcap_dagster.captions.pacing.meter import LastMinute, Meter
from streamcap_dagster.captions.pacing.others import Standing
from streamcap_dagster.captions.pacing.pairing import mispairing, nonce_for
from streamcap_dagster.captions.pacing.patience import MISPAIRED_RETRIES, FlexWatch, Patience, Pauses, Shedding
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.errors import (
    BudgetReached,
    CallFailed,
    CaptionerRefused,
    CaptionerUnavailable,
    QuotaExhausted,
    RunStopped,
    StorageError,
    StreamcapError,
)
from streamcap_dagster.model_table import ModelTable, Resolution
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.processes import process_name

_CANARY_PATIENCE_S = 10.0
_TOO_MANY_REQUESTS = 429
_ALL_REJECTED = 20
"""So many questions in a row that are not accepted, before any was: it is not the questions."""
_STOPPED = "The run was stopped. Everything answered so far is kept; run the same command again to go on."
_FIX = "Check that the service runs and that its address is right, then run the same command again: it goes on from here."

Tiers = Literal["standard", "flex", "auto"]


@dataclass
class _Question:
    """One call of `complete` on its way to an answer."""

    request: CaptionRequest
    key: str
    patience: Patience
    began_s: float
    """When its first request without an answer was sent; before that, when it was asked."""
    shedding: Shedding = field(default_factory=Shedding)
    number: int = 0
    """HTTP requests so far."""


@dataclass(frozen=True)
class _Attempt:
    """One HTTP request of a question, as it was sent."""

    question: _Question
    request: CaptionRequest
    load: Load
    permit: Permit
    sent: Sent
    sent_s: float


class PacedCaptioner:
    """A captioner that answers as the one within does, at the pace its quota allows.

    Opens its accounts and its ledger with the first question, on the loop that it is asked on. Raises CaptionerUnavailable when one
    question gets no answer, and RunStopped when none can be asked any more; whoever waits gets that too.
    """

    def __init__(
        self,
        inner: Captioner,
        quota: Quota,
        storage: Storage,
        table: ModelTable,
        *,
        resolution: Resolution = "default",
        tiers: Tiers = "standard",
        call_timeout_s: float = 120.0,
        flex_timeout_s: float = 900.0,
        canary_every: int = 0,
        watch: Callable[[Meter], None] = lambda _: None,
        heartbeat_s: float = HEARTBEAT_S,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        """`clock` must run like that of the event loop; `wall` tells seconds since 1970."""
        self.name, self.model = inner.name, inner.model
        self._inner = inner
        self._quota = quota
        self._uri = storage.uri
        self._facts, self._price_table = table.of(inner.model), table.version
        self._resolution = resolution
        self._tiers = tiers
        self._timeouts_s: Mapping[Tier, float] = {"standard": call_timeout_s, "flex": flex_timeout_s}
        self._watch = watch
        self._clock, self._wall = clock, wall
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries and picks words, keeps no secret
        process = process_name()
        self._gate = QuotaGate(quota.part_of(1), self._exhausted, clock=clock)
        self._accounts = Accounts(storage, f"{inner.name}-{inner.model}", process, lambda: self._gate.used, heartbeat_s=heartbeat_s, wall=wall, clock=clock)
        self._ledger = Ledger(storage, process, wall=wall)
        self._opening: asyncio.Task[None] | None = None
        self._standing = Standing()
        self._pauses = Pauses()
        self._flex = FlexWatch(flex_timeout_s)
        self._minute = LastMinute(clock)
        self._counted = Meter()
        self._last_answer_s = clock()
        self._outage = False
        self._rejected = 0
        self._stopped = False
        self._canaries = Canaries(canary_every, self._ask, lambda read: self._count(canaries_asked=1, canaries_read=int(read)), self._chance)

    @property
    def meter(self) -> Meter:
        """How the calls stand now."""
        gate = self._gate
        return replace(
            self._counted,
            waiting=gate.waiting,
            in_flight=gate.in_flight,
            limit=gate.limit,
            requests_last_minute=self._minute.count,
            rpm=round(gate.rpm or 0),
            paused_s=gate.paused_s,
        )

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        return self._inner.parameters(request)

    def stop(self, error: StreamcapError | None = None) -> None:
        """Send nothing any more: whoever waits gets the error at once, what was sent may still be answered."""
        self._stopped = True
        self._gate.close(error or RunStopped(_STOPPED))

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        reply = await self._ask(request)
        self._canaries.answered(len(request.frames))
        return reply

    async def aclose(self) -> None:
        """End: canaries in flight get ten seconds, unless it was stopped; then accounts, ledger and connections are given back, whatever fails."""
        self._gate.close(RunStopped(_STOPPED))
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self._inner.aclose)
            if self._opening is not None:
                ending.push_async_callback(self._ledger.close)
                ending.push_async_callback(self._accounts.close)
            await self._canaries.end(0.0 if self._stopped else _CANARY_PATIENCE_S)
            if self._opening is not None:
                await asyncio.gather(self._opening, return_exceptions=True)

    async def _ask(self, request: CaptionRequest) -> CaptionReply:
        await self._open()
        question = _Question(request, call_key(self._inner, request), Patience(self._chance), self._clock())
        while True:
            attempt = await self._send(question)
            reply = await self._await_reply(attempt)
            if reply is not None:
                return reply

    async def _open(self) -> None:
        if self._opening is None:
            self._opening = asyncio.create_task(self._begin())
        await asyncio.shield(self._opening)

    async def _begin(self) -> None:
        await self._accounts.open(self._look, self._lose_books)
        await self._ledger.open()

    def _look(self, standing: Standing) -> None:
        self._standing = standing
        self._gate.allow(self._quota.part_of(standing.processes), self._accounts.allowance(self._quota, standing))

    def _lose_books(self, error: Exception) -> None:
        """Without accounts and ledger nothing more is spent."""
        if not isinstance(error, StreamcapError):
            error = StorageError(self._uri, "keeping accounts and ledger", str(error), "Nothing more is asked, so that nothing is spent unseen.")
        self._gate.close(error)

    async def _send(self, question: _Question) -> _Attempt:
        """Wait for the quota and note in the ledger what is about to be sent."""
        tier = self._tier(question)
        number = question.number + 1
        nonce = nonce_for(question.key, question.request.attempt, number)
        request = replace(question.request, nonce=nonce, tier=tier)
        load = most(request, self._facts, self._resolution, self._today())
        permit = await self._gate.enter(request.place.video_id, load)
        try:
            sent = await self._ledger.sent(question.key, request, self.model, number)
        except BaseException as error:
            permit.release()
            if isinstance(error, StreamcapError | OSError):
                self._lose_books(error)
            raise
        question.number = number
        self._minute.note()
        self._count(requests=1, retries=int(number > 1), to_standard=int(self._tiers == "auto" and tier == "standard"))
        return _Attempt(question, request, load, permit, sent, self._clock())

    async def _await_reply(self, attempt: _Attempt) -> CaptionReply | None:
        """The reply to a request; None when the question is to be asked again."""
        limit_s = self._timeouts_s[attempt.request.tier]
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._inner.complete(attempt.request)
        except CallFailed as error:
            await self._take_failure(attempt, error)
        except TimeoutError:
            self._note_late(attempt, limit_s)
            await self._take_failure(attempt, _too_late(attempt.request.tier, limit_s))
        except BaseException:
            attempt.permit.fail(billed=True)
            self._ledger.cancelled(attempt.sent, self._since(attempt.sent_s))
            self._count(failed=1, unsure_usd=attempt.load.usd)
            raise
        else:
            return await self._take_reply(attempt, reply)
        return None

    def _note_late(self, attempt: _Attempt, limit_s: float) -> None:
        attempt.question.shedding.timed_out()
        if attempt.request.tier == "flex":
            self._flex.note(limit_s, self._clock())

    async def _take_reply(self, attempt: _Attempt, reply: CaptionReply) -> CaptionReply | None:
        reply = self._priced(attempt, reply)
        bill, question = reply.bill, attempt.question
        told = bill.input_tokens > 0
        attempt.permit.settle(bill.input_tokens if told else attempt.load.tokens, bill.cost_usd if told else attempt.load.usd)
        strange = mispairing(reply, attempt.request.nonce)
        self._note_answer(attempt, reply, strange=bool(strange), unsure_usd=0.0 if told else attempt.load.usd)
        await self._book(self._ledger.answered(attempt.sent, "mispaired" if strange else "answered", reply.finish, bill))
        if not strange:
            return reply
        question.patience.mispaired += 1
        if question.patience.mispaired > MISPAIRED_RETRIES:
            why = f"{question.patience.mispaired} replies could not be proved to belong to their request; of the last, {strange}"
            raise self._unavailable(attempt, why, "Take another model or server: this one does not keep to the form that it is asked for, or mixes up answers.")
        return None

    def _priced(self, attempt: _Attempt, reply: CaptionReply) -> CaptionReply:
        facts, today = self._facts, self._today()
        bill = reply.bill.model_copy(
            update={
                "cost_usd": round(cost_usd(reply.bill, attempt.request.tier, facts, today), 9),
                "price_table": self._price_table if facts.price_on(today) is not None else "",
                "latency_s": round(self._since(attempt.sent_s), 3),
                "requests": attempt.question.number,
                "attested": attested(reply.bill, len(attempt.request.frames), facts, self._resolution),
            }
        )
        return replace(reply, bill=bill)

    def _note_answer(self, attempt: _Attempt, reply: CaptionReply, *, strange: bool, unsure_usd: float) -> None:
        bill, now_s = reply.bill, self._clock()
        self._last_answer_s, self._outage = now_s, False
        self._pauses.answered(attempt.sent_s)
        if attempt.request.tier == "flex":
            self._flex.note(now_s - attempt.sent_s, now_s)
        self._count(
            answered=int(not strange),
            mispaired=int(strange),
            unattested=int(bill.attested is False),
            text_tokens=bill.text_tokens,
            image_tokens=bill.image_tokens or 0,
            cached_tokens=bill.cached_tokens,
            output_tokens=bill.output_tokens + bill.thought_tokens,
            cost_usd=bill.cost_usd,
            unsure_usd=unsure_usd,
        )

    async def _take_failure(self, attempt: _Attempt, error: CallFailed) -> None:
        """Wait as long as this failure asks for; raise when asking again will not help."""
        self._hold_back(attempt, error)  # before its place is given to the next
        billed = error.sent and error.kind == "dropped" and error.status < 400
        attempt.permit.fail(billed=billed)
        self._count(failed=1, rate_limited=int(error.status == _TOO_MANY_REQUESTS), unsure_usd=attempt.load.usd if billed else 0.0)
        await self._book(self._ledger.failed(attempt.sent, error, round(self._since(attempt.sent_s), 3)))
        if error.kind == "rejected":
            raise self._unavailable(attempt, error.why, error.fix)
        if error.kind in ("busy", "dropped"):
            await self._be_patient(attempt, error)

    def _hold_back(self, attempt: _Attempt, error: CallFailed) -> None:
        """What a failure of one request means for all."""
        if error.kind == "spent":
            self._gate.close(QuotaExhausted(self.model, _all(error), self._resume(error)))
        elif error.kind == "refused":
            self._gate.close(CaptionerRefused(self.name, error.why, error.fix))
        elif error.kind == "rejected":
            self._note_rejected(error)
        elif error.kind == "busy":
            self._gate.slow_down()
        if _is_rate_limit(error):
            self._gate.pause(self._pauses.after(error, attempt.sent_s, self._clock()))

    def _note_rejected(self, error: CallFailed) -> None:
        self._rejected += 1
        if self._rejected >= _ALL_REJECTED and not self._counted.answered:
            why = f"none of the first {self._rejected} questions was accepted; of the last, {error.why}"
            self._gate.close(CaptionerRefused(self.name, why, error.fix or "Check model and settings; `streamcap doctor` tells what is in force."))

    async def _be_patient(self, attempt: _Attempt, error: CallFailed) -> None:
        now_s, question = self._clock(), attempt.question
        if question.number == 1:
            question.began_s = attempt.sent_s
        if attempt.request.tier == "flex":
            question.shedding.turned_away()
        if _is_rate_limit(error):
            return  # the gate waits
        wait_s = question.patience.next_wait_s(error, outage=self._outage)
        if wait_s is None:
            self._outage = self._outage or self._last_answer_s <= question.began_s
            many = f"{question.number} requests in {now_s - question.began_s:.0f} s"
            waited = many if question.number > 1 else "only one request, for others had no answer for minutes"
            raise self._unavailable(attempt, f"{error.why} ({waited})", error.fix or _FIX)
        await self._gate.rest(wait_s)

    def _unavailable(self, attempt: _Attempt, why: str, fix: str) -> CaptionerUnavailable:
        return CaptionerUnavailable(self.name, str(attempt.request.place), why, fix)

    def _exhausted(self, what: Exhausted) -> StreamcapError:
        quota = self._quota
        if what == "budget":
            return BudgetReached(quota.budget_usd or 0.0, self._standing.usd + self._gate.used.usd)
        why = f"{quota.day_requests or 0:.0f} requests a day is what STREAMCAP_QUOTA_SHARE leaves of {quota.rpd or 0:.0f}"
        return QuotaExhausted(self.model, why, self._after_midnight())

    def _resume(self, error: CallFailed) -> str:
        if error.retry_after_s is not None:
            return f"after {datetime.fromtimestamp(self._wall() + error.retry_after_s, UTC):%Y-%m-%d %H:%M} UTC"
        by_day = any(word in error.why.lower() for word in ("per day", "a day", "perday", "daily"))
        return self._after_midnight() if by_day else "once more may be spent"

    def _after_midnight(self) -> str:
        return f"after midnight Pacific time ({next_day(self._wall()):%Y-%m-%d %H:%M} UTC)"

    def _tier(self, question: _Question) -> Tier:
        if self._tiers == "auto":
            return question.shedding.tier(slow=self._flex.is_slow(self._clock()))
        return self._tiers

    async def _book(self, noting: Awaitable[None]) -> None:
        """Note the end of a request. What it brought is kept even when the ledger is not; but then nothing more is asked."""
        try:
            await noting
        except (StreamcapError, OSError) as error:
            self._lose_books(error)

    def _count(self, **more: float) -> None:
        self._counted = self._counted.plus(**more)
        self._watch(self.meter)

    def _since(self, moment_s: float) -> float:
        return self._clock() - moment_s

    def _today(self) -> date:
        return datetime.fromtimestamp(self._wall(), UTC).date()


def _too_late(tier: Tier, limit_s: float) -> CallFailed:
    setting = "STREAMCAP_FLEX_TIMEOUT_S" if tier == "flex" else "STREAMCAP_CALL_TIMEOUT_S"
    return CallFailed("dropped", f"no answer came within {limit_s:g} s", f"If the service is only slow, raise {setting} and run the same command again.")


def _is_rate_limit(error: CallFailed) -> bool:
    return error.kind == "busy" and error.status == _TOO_MANY_REQUESTS


def _all(error: CallFailed) -> str:
    return f"{error.why}. {error.fix}".strip().rstrip(".")
