"""Judges a reply, the same for every captioner: what was said, or why it is of no use."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest
from streamcap_dagster.records import NO_CHANGE, Outcome

MOST_OBJECTIVES = 6
LONGEST_OBJECTIVE = 120
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


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Reading:
    """A judged reply. `text` is empty unless a caption is `ok`."""

    outcome: Outcome
    text: str = ""
    reason: str = ""
    objectives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pair id to its statements; those that are valid are here even when others made the reply `invalid`."""


class _Unfit(Exception):
    """The text of a reply does not hold what was asked for."""


def read_reply(request: CaptionRequest, reply: CaptionReply) -> Reading:
    """What a reply to this request says."""
    if reply.finish != "stop":
        return Reading(reply.finish, reason=clean(reply.reason) or _WHY[reply.finish])
    if not reply.text.strip():
        return Reading("empty", reason=_WHY["empty"])
    try:
        return _objectives(request, _parsed(reply.text, _AllStated)) if request.kind == "objectives" else _caption(request, _parsed(reply.text, _Said))
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


def _caption(request: CaptionRequest, said: _Said) -> Reading:
    text = clean(said.caption)
    silent = text.rstrip(".").lower() in ("", NO_CHANGE.rstrip(".").lower())
    if request.kind == "delta" and (said.no_change or (silent and text)):
        return Reading("no_change")
    if silent:
        return Reading("empty", reason="the reply holds no caption")
    return Reading("ok", text)


def _objectives(request: CaptionRequest, stated: _AllStated) -> Reading:
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
