"""Captioners that stand for a service: scripted, echoing, limited by a quota, or down for a while."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence

from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest, Parameter
from streamcap_dagster.errors import CallFailed
from tests.captions.pacing.virtual_time import now

Answer = CaptionReply | CallFailed | float
"""What a script says: a reply, a failure, or seconds to wait before echoing."""
BILL = Bill(response_id="r-1", text_tokens=1000, image_tokens=0, output_tokens=100)


def echo(request: CaptionRequest, bill: Bill = BILL) -> CaptionReply:
    place = request.place
    return CaptionReply(json.dumps({"caption": f"window {place.window}", "no_change": False, "nonce": request.nonce}), "stop", "made-up-001", bill=bill)


def busy(retry_after_s: float | None = None, status: int = 429) -> CallFailed:
    return CallFailed("busy", "too many requests", status=status, retry_after_s=retry_after_s)


def dropped(*, sent: bool = True) -> CallFailed:
    return CallFailed("dropped", "the connection was refused", "Check STREAMCAP_GEMINI_BASE_URL.", sent=sent)


class Service:
    """Answers what `respond` says; notes each request and when it came."""

    name = "made-up"

    def __init__(self, respond: Callable[[CaptionRequest], Answer] = echo, model: str = "gemini-3.5-flash-lite", latency_s: float = 1.0) -> None:
        self.model = model
        self.requests: list[CaptionRequest] = []
        self.times: list[float] = []
        self.closed = False
        self.in_flight = self.most_in_flight = 0
        self._respond = respond
        self._latency_s = latency_s

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        return {}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        self.requests.append(request)
        self.times.append(now())
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        try:
            answer = self._respond(request)
            await asyncio.sleep(answer if isinstance(answer, float) else self._latency_s)
        finally:
            self.in_flight -= 1
        if isinstance(answer, CallFailed):
            raise answer
        return answer if isinstance(answer, CaptionReply) else echo(request)

    async def aclose(self) -> None:
        self.closed = True


def scripted(answers: Sequence[Answer | Callable[[CaptionRequest], Answer]], latency_s: float = 1.0) -> Service:
    """Answers in this order, whoever asks, then echoes."""
    left = list(answers)

    def respond(request: CaptionRequest) -> Answer:
        answer: Answer | Callable[[CaptionRequest], Answer] = left.pop(0) if left else echo
        return answer(request) if callable(answer) else answer

    return Service(respond, latency_s=latency_s)


class LimitedService(Service):
    """Counts requests and input tokens in sliding minutes as they arrive, each after a journey of its own, and answers 429 to what is too much."""

    def __init__(self, rpm: int, tpm: int, seed: int = 0) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._rpm, self._tpm = rpm, tpm
        self._arrived: list[tuple[float, int]] = []
        self.refused = 0

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        self.requests.append(request)
        await asyncio.sleep(self._chance.uniform(0, 0.3))
        tokens = 2900 + self._chance.randrange(200)
        recent = [taken for at, taken in self._arrived if at > now() - 60]
        if len(recent) >= self._rpm or sum(recent) + tokens > self._tpm:
            self.refused += 1
            raise busy(53)
        self._arrived.append((now(), tokens))
        await asyncio.sleep(self._chance.uniform(2, 6))
        return echo(request, Bill(text_tokens=tokens - 2240, image_tokens=2240, output_tokens=75))
