"""Asks a captioner on behalf of one video: looks among the kept answers first, keeps each new one, asks again when one is of no use."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from streamcap_dagster.captions.calls import Attempt, Call
from streamcap_dagster.captions.captioner import Bill, Captioner, CaptionReply, CaptionRequest, call_key, question_sha256
from streamcap_dagster.captions.replies import Reading, read_reply
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import RunStopped
from streamcap_dagster.records import Outcome

_MOST_ATTEMPTS = 3
_AGAIN: Mapping[Outcome, int] = {"invalid": 2, "empty": 2, "truncated": 1, "recitation": 1}
"""How often a question is asked again after each outcome, within the most attempts in all."""
_HINTS: Mapping[Outcome, str] = {
    "invalid": "Answer with the JSON object alone, exactly in the form that was asked for.",
    "truncated": "Be brief.",
    "recitation": "Describe it in your own words.",
}

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a question came to. `text` is empty unless a caption or a judgement is `ok`."""

    call_key: str
    outcome: Outcome
    text: str = ""
    reason: str = ""
    objectives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For objectives: pair id to its statements, those that are valid."""
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For questions, answers and grades: what was said of each, those that are valid."""
    attested: bool | None = None
    """What the bill says of the pictures, see `Bill`."""


@dataclass(frozen=True)
class Spent:
    """What answers took. It differs from run to run, so it is told and never stored with what was made."""

    answers: int = 0
    from_store: int = 0
    """Questions that a kept answer settled."""
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    def plus(self, bill: Bill) -> "Spent":
        return Spent(
            self.answers + 1,
            self.from_store,
            self.requests + bill.requests,
            self.input_tokens + bill.input_tokens,
            self.output_tokens + bill.output_tokens + bill.thought_tokens,
            self.cost_usd + bill.cost_usd,
        )

    def since(self, before: "Spent") -> "Spent":
        """What was spent after a moment."""
        return Spent(**{name: value - asdict(before)[name] for name, value in asdict(self).items()})


class KeptCalls(Protocol):
    """The answers of one video so far. Its methods may be called from several threads."""

    def get(self, key: str) -> Call | None:
        """The call that is kept under a key."""

    def keep(self, call: Call) -> Call:
        """Keep a call; replaces what was kept under its key. Returns the call that counts, which may be another process's."""


class Asker:
    """One video's way to the captioner. Videos share the captioner and the calls under way; each has its own kept answers."""

    def __init__(self, captioner: Captioner, calls: KeptCalls, underway: Underway) -> None:
        self.captioner = captioner
        self.spent = Spent()
        """What this video's answers took so far."""
        self._calls = calls
        self._underway = underway
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def place(self) -> AbstractAsyncContextManager[None]:
        """A place in memory for the pictures of one window, for which videos take turns."""
        return self._underway.room.place(self)

    async def ask(self, request: CaptionRequest) -> Answer:
        """The answer to a request. Raises CaptionerUnavailable when none could be had; what did arrive is kept even then."""
        key = call_key(self.captioner, request)
        async with self._asking.setdefault(key, asyncio.Lock()):
            call = self._calls.get(key) or _unanswered(key, request)
            if call.chosen is not None:
                self.spent = replace(self.spent, from_store=self.spent.from_store + 1)
            while call.chosen is None:
                call = await self._underway.finish(self._one_more(call, request))
        return _answer(call, request)

    async def _one_more(self, call: Call, request: CaptionRequest) -> Call:
        reply = await self.captioner.complete(_repeated(request, call))
        self.spent = self.spent.plus(reply.bill)
        attempts = (*call.attempts, _attempt(reply))
        call = call.model_copy(update={"attempts": attempts, "chosen": _choice(_readings(request, attempts))})
        return await asyncio.to_thread(self._calls.keep, call)


def _attempt(reply: CaptionReply) -> Attempt:
    return Attempt(text=_storable(reply.text), finish=reply.finish, model=reply.model, reason=_storable(reply.reason), bill=reply.bill)


def _storable(text: str) -> str:
    """A reply that broke off within an emoji can end in half a character, which no file can hold."""
    return text.encode(errors="replace").decode()


def _unanswered(key: str, request: CaptionRequest) -> Call:
    place = request.place
    return Call(key=key, question=question_sha256(request), kind=request.kind, video_id=place.video_id, clip=place.clip, window=place.window, attempts=())


def _repeated(request: CaptionRequest, call: Call) -> CaptionRequest:
    """The request of the next attempt: after a useless reply with a hint, after a truncated one with twice the room."""
    readings = _readings(request, call.attempts)
    if not readings:
        return request
    cut_off = any(reading.outcome == "truncated" for reading in readings)
    return replace(
        request,
        attempt=len(readings),
        hint=_HINTS.get(readings[-1].outcome, ""),
        max_output_tokens=request.max_output_tokens * (2 if cut_off else 1),
    )


def _choice(readings: list[Reading]) -> int | None:
    """Which attempt counts: none yet while asking again may help; else the last, or the one that spoke of more of what was asked."""
    last = readings[-1].outcome
    so_far = sum(reading.outcome == last for reading in readings)
    if so_far <= _AGAIN.get(last, 0) and len(readings) < _MOST_ATTEMPTS:
        return None
    return max(range(len(readings)), key=lambda index: (readings[index].outcome == "ok", _parts(readings[index]), index))


def _parts(reading: Reading) -> int:
    return len(reading.objectives) + len(reading.entries)


def _readings(request: CaptionRequest, attempts: tuple[Attempt, ...]) -> list[Reading]:
    return [read_reply(request, attempt.reply) for attempt in attempts]


def _answer(call: Call, request: CaptionRequest) -> Answer:
    assert call.chosen is not None
    reply = call.attempts[call.chosen].reply
    reading = read_reply(request, reply)
    return Answer(call.key, reading.outcome, reading.text, reading.reason, reading.objectives, reading.entries, reply.bill.attested)


async def every(work: Iterable[Awaitable[T]]) -> list[T]:
    """All results in order. When some of the work fails the rest is finished first, then the first failure is raised; one that stops the run before others."""
    results = await asyncio.gather(*work, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise next((failure for failure in failures if isinstance(failure, RunStopped)), failures[0])
    return cast(list[T], results)
