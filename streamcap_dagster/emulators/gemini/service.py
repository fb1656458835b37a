"""Serves one request from its arrival to what goes back over the wire."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from streamcap_dagster.emulators.draws import digest, fraction
from streamcap_dagster.emulators.gemini import refusals, usage
from streamcap_dagster.emulators.gemini.answering import answer, caption
from streamcap_dagster.emulators.gemini.doors import Call, check_caller, check_model, check_question
from streamcap_dagster.emulators.gemini.faults import UNANSWERED, Fault, Faults
from streamcap_dagster.emulators.gemini.journal import Journal, Row, now_as_text
from streamcap_dagster.emulators.gemini.looking import NoPicture, Sight, look
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.quota import Quota
from streamcap_dagster.emulators.gemini.refusals import Refusal
from streamcap_dagster.emulators.gemini.replies import reply, spoilt
from streamcap_dagster.emulators.gemini.usage import Usage
from streamcap_dagster.emulators.gemini.wire import Question, read_question
from streamcap_dagster.model_table import ModelFacts

Manner = Literal["whole", "dropped", "cut", "dribble"]
_HTML_502 = (
    b"<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n<p><b>502.</b> <ins>That's an error.</ins>\n"
    b"<p>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.\n"
)
_REFUSED = {
    "busy_503": refusals.overloaded,
    "error_500": refusals.broken,
    "flex_shed": refusals.shed,
    "leaked_key": refusals.leaked_key,
    "prepayment": refusals.prepayment_spent,
}


@dataclass(frozen=True)
class Outgoing:
    """What goes back, and in which manner: a fault can lie in how the bytes are sent."""

    status: int
    body: bytes
    media_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = "whole"


@dataclass(frozen=True)
class _Admitted:
    """A request that is going to be answered, one way or another."""

    call: Call
    question: Question
    facts: ModelFacts
    asked: Usage
    attempt: int
    fault: Fault | None


class Service:
    """The emulated service with its quotas, faults and journal."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.quota = Quota(options)
        self.faults = Faults(options)
        self.journal = Journal(options.journal, options.remember)

    async def serve(self, call: Call, body: bytes) -> Outgoing:
        """The answer to a request, after the time that it takes."""
        row = Row(now_as_text(), content="", attempt=0, status=0, outcome="refused", model=call.model)
        try:
            check_caller(call, self.options)
            facts = check_model(call, self.options)
            question = read_question(body)
            attempt = self.faults.attempts(question.content) + 1
            row = replace(row, content=question.content, tier=question.tier, pictures=len(question.pictures), attempt=attempt)
            admitted = self._admit(call, question, facts)
            outgoing, spent = await self._answer(admitted)
        except Refusal as refusal:
            self.journal.keep(replace(row, status=refusal.status, outcome=refusal.outcome))
            return Outgoing(refusal.status, json.dumps(refusal.body).encode())
        except Exception:  # a mistake of the emulator must not pass for a fault of the service
            self.journal.keep(replace(row, status=500, outcome="bug"))
            raise
        status = 0 if outgoing.manner == "dropped" else outgoing.status
        outcome, answered = admitted.fault or "answered", admitted.fault not in UNANSWERED
        self.journal.keep(replace(row, status=status, outcome=outcome, answered=answered, input_tokens=spent.input, output_tokens=spent.output))
        return outgoing

    def _admit(self, call: Call, question: Question, facts: ModelFacts) -> _Admitted:
        """A request that is wrong in itself counts against the quota too."""
        asked = usage.asked(question, facts)
        self.quota.admit(call.model, asked.input, call.vertex)
        check_question(call, question, facts)
        attempt = self.faults.attempts(question.content) + 1
        return _Admitted(call, question, facts, asked, attempt, self.faults.next(question))

    async def _answer(self, admitted: _Admitted) -> tuple[Outgoing, Usage]:
        """Looks while the time passes, so that the latency is what it was drawn as."""
        latency = asyncio.create_task(asyncio.sleep(self._latency_s(admitted)))
        try:
            return await self._outgoing(admitted)
        finally:
            await latency

    def _latency_s(self, admitted: _Admitted) -> float:
        least, most = self.options.latency_ms
        return (least + (most - least) * fraction(self.options.seed, "latency", admitted.question.content)) / 1000

    async def _outgoing(self, admitted: _Admitted) -> tuple[Outgoing, Usage]:
        fault = admitted.fault
        if fault in _REFUSED:
            raise _REFUSED[fault]()
        if fault == "html_502":
            return Outgoing(502, _HTML_502, "text/html; charset=UTF-8"), Usage(0, 0)
        if fault == "dropped":
            return Outgoing(200, b"", manner="dropped"), Usage(0, 0)
        return await self._reply(admitted)

    async def _reply(self, admitted: _Admitted) -> tuple[Outgoing, Usage]:
        question, fault = admitted.question, admitted.fault
        said = caption(question, await self._look(question))
        body, spent = reply(admitted.call, question, admitted.asked, spoilt(answer(question, said), question, fault), fault, self._response_id(admitted))
        self._pay(admitted, spent)
        raw = b"" if fault == "empty_200" else json.dumps(body, ensure_ascii=False).encode()
        headers = {"x-gemini-service-tier": question.tier}
        return Outgoing(200, raw[: len(raw) // 2] if fault == "garbled_200" else raw, headers=headers, manner=_manner(fault)), spent

    async def _look(self, question: Question) -> Sight | None:
        if self.options.by_hash or not question.pictures:
            return None
        try:
            return await asyncio.to_thread(lambda: look([picture.decoded() for picture in question.pictures]))
        except NoPicture:
            raise refusals.unreadable_picture() from None

    def _pay(self, admitted: _Admitted, spent: Usage) -> None:
        if self.options.usd_per_10min is not None:
            today = datetime.fromtimestamp(self.options.clock(), UTC).date()
            flex, output = admitted.question.tier == "flex", spent.output + spent.thoughts
            self.quota.pay(admitted.call.model, admitted.facts.cost_usd(today, input_tokens=spent.input, output_tokens=output, flex=flex))

    def _response_id(self, admitted: _Admitted) -> str:
        return urlsafe_b64encode(digest(self.options.seed, admitted.question.content, admitted.attempt)[:16]).decode().rstrip("=")


def _manner(fault: Fault | None) -> Manner:
    return "cut" if fault == "cut_body" else "dribble" if fault == "dribble" else "whole"
