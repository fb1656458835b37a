"""Judges a reply, the same for every captioner: what was said, or why it is of no use."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, RequestKind
from streamcap_dagster.records import NO_CHANGE, Outcome

MOST_OBJECTIVES = 6
LONGEST_OBJECTIVE = 120
LONGEST_QUESTION, LONGEST_ANSWER = 200, 60
MOST_QUESTIONS = 6
SAME, OTHER = "same", "other"
BETTER = ("first", "second", "neither")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class _Said(BaseModel):
    """What a captioner is asked to answer for a window."""

    caption: str
    no_change: bool = False


class _Stated(BaseModel):
    """What it is asked to answer for one pair."""

    id: str
    items: list[str]


class _AllStated(BaseModel):
    objectives: list[_Stated]


class _Question(BaseModel):
    question: str
    answer: str


class _AllQuestions(BaseModel):
    questions: list[_Question]


class _Given(BaseModel):
    id: str
    answer: str


class _AllGiven(BaseModel):
    answers: list[_Given]


class _Grade(BaseModel):
    id: str
    same: bool


class _AllGrades(BaseModel):
    grades: list[_Grade]


class _Judgement(BaseModel):
    better: str
    why: str = ""


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Reading:
    """A judged reply. `text` is empty unless a caption, or a judgement (one of BETTER), is `ok`."""

    outcome: Outcome
    text: str = ""
    reason: str = ""
    objectives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pair id to its statements; those that are valid are here even when others made the reply `invalid`."""
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For questions (text and answer), answers (the answer) and grades (SAME or OTHER): those that are valid, by id."""


class _Unfit(Exception):
    """The text of a reply does not hold what was asked for."""


def read_reply(request: CaptionRequest, reply: CaptionReply) -> Reading:
    """What a reply to this request says."""
    if reply.finish != "stop":
        return Reading(reply.finish, reason=clean(reply.reason) or _WHY[reply.finish])
    if not reply.text.strip():
        return Reading("empty", reason=_WHY["empty"])
    try:
        return _READERS.get(request.kind, _caption)(request, reply.text)
    except _Unfit as unfit:
        return Reading("invalid", reason=str(unfit))


def clean(text: str) -> str:
    """Text on one line, without control characters."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


_WHY = {
    "blocked": "the captioner declined and gave no reason",
    "recitation": "the reply was withheld as too close to a known text",
    "truncated": "the reply broke off before its end",
    "empty": "the captioner answered without saying anything",
}


def _caption(request: CaptionRequest, reply: str) -> Reading:
    said = _parsed(reply, _Said)
    text = clean(said.caption)
    silent = text.rstrip(".").lower() in ("", NO_CHANGE.rstrip(".").lower())
    if request.kind == "delta" and (said.no_change or (silent and text)):
        return Reading("no_change")
    if silent:
        return Reading("empty", reason="the reply holds no caption")
    return Reading("ok", text)


def _objectives(request: CaptionRequest, reply: str) -> Reading:
    stated = _parsed(reply, _AllStated)
    asked = [pair.id for pair in request.pairs]
    answered = [pair.id for pair in stated.objectives]
    if strangers := sorted(set(answered) - set(asked)):
        return Reading("invalid", reason=f"the reply names pairs that were not asked about: {clean(', '.join(strangers))[:100]}")
    items = {pair.id: tuple(dict.fromkeys(clean(item) for item in pair.items)) for pair in stated.objectives if answered.count(pair.id) == 1}
    valid = {pair: items[pair] for pair in asked if pair in items and _fit(items[pair])}
    if unfit := [pair for pair in asked if pair not in valid]:
        return Reading(
            "invalid", reason=f"no 1 to {MOST_OBJECTIVES} statements of at most {LONGEST_OBJECTIVE} characters for {', '.join(unfit)}", objectives=valid
        )
    return Reading("ok", objectives=valid)


def _fit(items: tuple[str, ...]) -> bool:
    return 1 <= len(items) <= MOST_OBJECTIVES and all(1 <= len(item) <= LONGEST_OBJECTIVE for item in items)


def _questions(request: CaptionRequest, reply: str) -> Reading:
    """Those that can be used are taken; one is enough."""
    del request
    said = {clean(one.question): clean(one.answer) for one in _parsed(reply, _AllQuestions).questions}
    fit = [(question, answer) for question, answer in said.items() if 1 <= len(question) <= LONGEST_QUESTION and 1 <= len(answer) <= LONGEST_ANSWER]
    if not fit:
        why = f"the reply holds no question of at most {LONGEST_QUESTION} characters with an answer of 1 to {LONGEST_ANSWER}"
        return Reading("invalid", reason=why)
    return Reading("ok", entries={str(number): one for number, one in enumerate(fit[:MOST_QUESTIONS], 1)})


def _answers(request: CaptionRequest, reply: str) -> Reading:
    given = [(one.id, clean(one.answer)[:LONGEST_ANSWER]) for one in _parsed(reply, _AllGiven).answers]
    return _entries(request, given)


def _grades(request: CaptionRequest, reply: str) -> Reading:
    return _entries(request, [(one.id, SAME if one.same else OTHER) for one in _parsed(reply, _AllGrades).grades])


def _entries(request: CaptionRequest, given: Iterable[tuple[str, str]]) -> Reading:
    """One entry for each id that was asked about; what is said of others, or twice, counts for nothing."""
    said: dict[str, list[str]] = {}
    for number, what in given:
        said.setdefault(number, []).append(what)
    valid = {number: (said[number][0],) for number in request.ids if len(said.get(number, ())) == 1}
    if missing := [number for number in request.ids if number not in valid]:
        return Reading("invalid", reason=f"the reply has no entry, or several, for {', '.join(missing)}", entries=valid)
    return Reading("ok", entries=valid)


def _judgement(request: CaptionRequest, reply: str) -> Reading:
    del request
    said = _parsed(reply, _Judgement)
    better = clean(said.better).rstrip(".").lower()
    if better not in BETTER:
        return Reading("invalid", reason=f"the reply calls {better[:40]!r} better, which is none of {', '.join(BETTER)}")
    return Reading("ok", better, clean(said.why))


_READERS: Mapping[RequestKind, Callable[[CaptionRequest, str], Reading]] = {
    "objectives": _objectives,
    "questions": _questions,
    "answers": _answers,
    "grades": _grades,
    "judgement": _judgement,
}
"""How what is no caption is read."""


def _parsed(text: str, shape: type[M]) -> M:
    for candidate in (text, first_object(text)):
        try:
            return shape.model_validate_json(candidate)
        except ValidationError as error:
            fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"])) or "the reply"
    raise _Unfit(f"the reply is not the JSON that was asked for ({where}: {clean(fault['msg'])})")


def first_object(text: str) -> str:
    """The first JSON object in a text: what is left of a code fence, of words around it, or of an answer given twice."""
    begin = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, max(begin, 0))
    except (ValueError, RecursionError):
        return text
    return json.dumps(found, ensure_ascii=False).encode(errors="replace").decode()
