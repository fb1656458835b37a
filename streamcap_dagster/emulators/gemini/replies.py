"""The body of a reply: the candidate or why there is none, what it took, and the ways in which a text can be spoilt."""

import json
from typing import Any

from streamcap_dagster.emulators.draws import digest
from streamcap_dagster.emulators.gemini.doors import Call
from streamcap_dagster.emulators.gemini.faults import Fault
from streamcap_dagster.emulators.gemini.usage import Usage, text_tokens, thoughts
from streamcap_dagster.emulators.gemini.wire import Question

_CHARACTERS_PER_TOKEN = 4
_TRAFFIC = {"standard": "ON_DEMAND", "flex": "ON_DEMAND_FLEX", "priority": "ON_DEMAND_PRIORITY"}
_RATINGS = ("HARM_CATEGORY_SEXUALLY_EXPLICIT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_DANGEROUS_CONTENT")


def spoilt(text: str, question: Question, fault: Fault | None) -> str:
    """The text of a reply as a fault leaves it; other faults leave it as it is."""
    if fault == "fenced":
        return f"```json\n{text}\n```"
    if fault == "doubled":
        return f"{text}\n{text}"
    if fault == "wrong_nonce" and question.nonce:
        return text.replace(question.nonce, digest(question.nonce).hex()[: len(question.nonce)] or "x")
    if fault == "wrong_order" and question.as_json:
        return _reversed(text)
    return text


def _reversed(text: str) -> str:
    whole = json.loads(text)
    return json.dumps(dict(reversed(whole.items())), ensure_ascii=False) if isinstance(whole, dict) else text


def reply(call: Call, question: Question, asked: Usage, text: str, fault: Fault | None, response_id: str) -> tuple[dict[str, Any], Usage]:
    """The body, and what it took. A text that is longer than the room left for it breaks off there."""
    thought = thoughts(question)
    candidate = _candidate(question, text, fault, thought)
    said = _text_of(candidate)
    spent = Usage(asked.text, asked.pictures, text_tokens(said), 0 if fault == "prohibited" else thought)
    body: dict[str, Any] = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}} if candidate is None else {"candidates": [candidate]}
    metadata = spent.as_metadata(_TRAFFIC[question.tier] if call.vertex else "")
    return {**body, "usageMetadata": metadata, "modelVersion": call.model, "responseId": response_id}, spent


def _candidate(question: Question, text: str, fault: Fault | None, thought: int) -> dict[str, Any] | None:
    if fault == "prohibited":
        return None
    if fault == "safety":
        ratings = [{"category": name, "probability": "HIGH" if at == 0 else "NEGLIGIBLE", "blocked": at == 0} for at, name in enumerate(_RATINGS)]
        return {"finishReason": "SAFETY", "index": 0, "safetyRatings": [{k: v for k, v in one.items() if v is not False} for one in ratings]}
    if fault == "recitation":
        return {"finishReason": "RECITATION", "index": 0}
    if fault == "no_parts":
        return {"content": {"role": "model"}, "finishReason": "STOP", "index": 0}
    if fault == "continuation":
        return {**_content(text[: len(text) // 2], "CONTINUATION"), "continuationToken": digest(text).hex()[:16]}
    return _finished(question, text, fault, thought)


def _finished(question: Question, text: str, fault: Fault | None, thought: int) -> dict[str, Any]:
    room = len(text) if question.max_output_tokens is None else (question.max_output_tokens - thought) * _CHARACTERS_PER_TOKEN
    if fault == "max_tokens_cut":
        room = min(room, len(text) // 2)
    if fault == "max_tokens_empty" or room <= 0:
        return {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}
    return _content(text[:room], "STOP" if room >= len(text) else "MAX_TOKENS")


def _content(text: str, finish: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": finish, "index": 0}


def _text_of(candidate: dict[str, Any] | None) -> str:
    parts = (candidate or {}).get("content", {}).get("parts", ())
    return "".join(part["text"] for part in parts)
