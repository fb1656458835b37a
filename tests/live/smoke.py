"""Five small calls to Gemini that show whether the service still is what this project takes it for, and how it differs from the emulator."""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx2
from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Pair, Place, RequestKind
from streamcap_dagster.captions.pacing.canary import canary
from streamcap_dagster.captions.pacing.pairing import mispairing, nonce_for
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.model_table import ModelFacts
from streamcap_dagster.records import SPOKEN, Frame
from tests.captions.backends.scripted_server import Answer, Seen, scripted
from tests.captions.pictures import plain, still, window_of, with_square

GOOGLE = "https://generativelanguage.googleapis.com"
MOST_USD = 0.01
_ROOM = 256
"""Most tokens of each answer."""
_CHARACTERS_PER_TOKEN = 3
"""Fewer than are usual, so that the estimate is on the safe side."""
_CARRIED = ("x-goog-api-key", "x-server-timeout", "content-type")
_PROMPTS = Prompts()


@dataclass(frozen=True)
class Question:
    name: str
    request: CaptionRequest
    word: str = ""
    """What the pictures show and the caption must hold."""


@dataclass(frozen=True)
class Answered:
    """A question, and what came of it."""

    question: Question
    reply: CaptionReply
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Smoke:
    answers: tuple[Answered, ...]
    shape: frozenset[str]
    """Which fields and headers all answers together were made of."""

    @property
    def problems(self) -> list[str]:
        return [f"{answer.question.name}: {problem}" for answer in self.answers for problem in answer.problems]


def questions() -> list[Question]:
    """13 pictures in all."""
    still_life, moving = still(plain()), window_of([with_square(8 + 60 * k, 60) for k in range(4)])
    caption, drawn = canary(0, 1, random.Random())
    objectives = _PROMPTS.objectives((), (Pair("1", "A white square comes in from the left."), Pair("2", "It stops on the right.")))
    return [
        Question("initial", _asked("initial", _PROMPTS.initial(), still_life)),
        Question("delta", _asked("delta", _PROMPTS.delta(("An empty grey wall.",)), moving)),
        Question("objectives", replace(_asked("objectives", objectives), pairs=(Pair("1", ""), Pair("2", "")))),
        Question("nonce", replace(_asked("initial", _PROMPTS.initial(), moving), nonce=nonce_for("smoke", 0, random.getrandbits(32)))),
        Question("canary", replace(caption, max_output_tokens=_ROOM), drawn),
    ]


def _asked(kind: RequestKind, prompt: str, frames: tuple[Frame, ...] = ()) -> CaptionRequest:
    return CaptionRequest(kind, Place("smoke", 0, 0), _PROMPTS.system(kind), prompt, _PROMPTS.version_of(kind), _ROOM, frames)


def smoke(service: str, model: str, key: SecretStr, facts: ModelFacts) -> Smoke:
    """Asks the service at an address, through a server of this machine that notes the form of each answer on its way."""
    shape: set[str] = set()
    with scripted(_carried_to(service, shape)) as relay:
        answers = asyncio.run(_ask(GeminiCaptioner(model, key=key, base_url=relay.url, facts=facts), facts))
    return Smoke(tuple(answers), frozenset(shape))


def most_usd(facts: ModelFacts) -> float:
    """What the calls cost at worst, with every answer as long as it may be. For gemini-3.5-flash-lite: 13 pictures of 280 tokens and about 2,000
    tokens of text at $0.30 a million, and 5 answers of 256 tokens at $2.50 a million, come to half a cent."""
    asked = [question.request for question in questions()]
    text = sum(len(request.system + request.prompt + request.closing) for request in asked) // _CHARACTERS_PER_TOKEN
    pictures = sum(len(request.frames) for request in asked) * facts.image_tokens.get("low", 0)
    return facts.cost_usd(datetime.now(UTC).date(), input_tokens=text + pictures, output_tokens=_ROOM * len(asked))


def report(seen: Smoke, emulated: Smoke, facts: ModelFacts) -> str:
    """What was answered, billed and found, and which fields only one of the two sends."""
    bills = [answer.reply.bill for answer in seen.answers]
    output = sum(bill.output_tokens + bill.thought_tokens for bill in bills)
    cost_usd = facts.cost_usd(datetime.now(UTC).date(), input_tokens=sum(bill.input_tokens for bill in bills), output_tokens=output)
    lists = {
        "problems": seen.problems,
        "only the service sends": sorted(seen.shape - emulated.shape),
        "only the emulator sends": sorted(emulated.shape - seen.shape),
        "both send": sorted(seen.shape & emulated.shape),
    }
    return "\n".join([*map(_row, seen.answers), f"cost: ${cost_usd:.5f}", *(line for title, lines in lists.items() for line in _listed(title, lines))])


def _row(answer: Answered) -> str:
    reply, bill, pictures = answer.reply, answer.reply.bill, len(answer.question.request.frames)
    tokens = f"{bill.text_tokens} text, {bill.image_tokens} for {pictures} pictures, {bill.output_tokens} said, {bill.thought_tokens} thought"
    return f"{answer.question.name}: {reply.finish}, {reply.model}, tier {bill.tier}; tokens: {tokens}; {reply.text[:200]}"


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    return [f"{title}:", *([f"  {line}" for line in lines] or ["  nothing"])]


async def _ask(by: GeminiCaptioner, facts: ModelFacts) -> list[Answered]:
    try:
        return [await _answered(by, question, facts) for question in questions()]
    finally:
        await by.aclose()


async def _answered(by: GeminiCaptioner, question: Question, facts: ModelFacts) -> Answered:
    reply = await by.complete(question.request)
    return Answered(question, reply, tuple(_problems(question, reply, facts)))


def _problems(question: Question, reply: CaptionReply, facts: ModelFacts) -> Iterator[str]:
    reading, request, bill = read_reply(question.request, reply), question.request, reply.bill
    if reading.outcome not in SPOKEN:
        yield f"it is {reading.outcome}: {reading.reason}"
    if request.nonce and (fault := mispairing(reply, request.nonce)):
        yield fault
    if question.word.lower() not in reading.text.lower():
        yield f"the word {question.word} was not read"
    expected = len(request.frames) * facts.image_tokens.get("low", 0)
    if bill.image_tokens != expected:
        yield f"{bill.image_tokens} image tokens were counted for {len(request.frames)} pictures, where the model table says {expected}"
    if not bill.response_id:
        yield "the answer has no id"


def _carried_to(service: str, shape: set[str]) -> Callable[[Seen], Answer]:
    """Hands a request on and its answer back, and adds the form of the answer to `shape`."""

    def carry(seen: Seen) -> Answer:
        headers = {name: seen.headers[name] for name in _CARRIED if name in seen.headers}
        try:
            response = httpx2.post(service + seen.target, json=seen.body, headers=headers, timeout=120)
        except httpx2.TransportError as error:
            return Answer({"error": {"message": f"{service} cannot be reached from here: {type(error).__name__}: {error}"}}, 502)
        if response.is_success:
            shape.update(_fields(response.json()))
        special = {name: value for name, value in response.headers.items() if name.startswith("x-gemini")}
        shape.update(f"header {name}" for name in special)
        return Answer(response.content, response.status_code, special)

    return carry


def _fields(value: object, path: str = "") -> Iterator[str]:
    """The path and the type of every value, whatever it is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _fields(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, f"{path}[]")
    else:
        yield f"{path}: {type(value).__name__}"
