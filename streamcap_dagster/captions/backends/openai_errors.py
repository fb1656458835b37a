"""What went wrong with a request to a server that speaks OpenAI's API, as a CallFailed of plain facts: the SDK's own errors carry the key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai

from streamcap_dagster.captions.replies import clean
from streamcap_dagster.errors import CallFailed, CallFault

_LONGEST_MESSAGE = 500
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)

_ADDRESS = "Check OPENAI_BASE_URL: it usually ends in /v1."
_KEY = "Set OPENAI_API_KEY to a key that this server accepts."
_MODEL = "Set STREAMCAP_OPENAI_MODEL to a model as the server names it (`curl $OPENAI_BASE_URL/models` lists them), and check OPENAI_BASE_URL."
_CONTEXT = (
    "Give the model a longer context (vLLM --max-model-len, SGLang --context-length, llama-server -c, OLLAMA_CONTEXT_LENGTH), "
    "or lower STREAMCAP_HISTORY_TOKENS, STREAMCAP_FRAME_HEIGHT or STREAMCAP_FPS."
)
_SMALLER = "Make the frames smaller: STREAMCAP_FRAME_HEIGHT, STREAMCAP_JPEG_QUALITY or STREAMCAP_FPS."
_SIGHT = "Set STREAMCAP_OPENAI_MODEL to a model that sees, and give llama-server its --mmproj file."
_MORE = "Let the server take as many pictures as a window has frames (vLLM --limit-mm-per-prompt), or lower STREAMCAP_FPS."
_BILLING = "Check the plan and the billing of the account."


@dataclass(frozen=True)
class _Rule:
    """What an error means that says such words."""

    says: re.Pattern[str]
    kind: CallFault
    fix: str


def _rule(says: str, kind: CallFault, fix: str) -> _Rule:
    return _Rule(re.compile(says, re.IGNORECASE), kind, fix)


_OBJECTIONS = (
    _rule(r"context[ _](length|size|window)|exceed_context|maximum context|input is too long|max_model_len", "rejected", _CONTEXT),
    _rule(r"at most \d+ image", "refused", _MORE),
    _rule(r"(image|vision|multi-?modal).{0,40}not (supported|enabled)|not support.{0,20} (image|vision|multi-?modal)|not a multi-?modal", "refused", _SIGHT),
    _rule(r"model.{0,150}(not found|does not exist|not exist)|model_not_found", "refused", _MODEL),
)
"""What servers mean by 400, 404, 422 and 500 alike; the first that fits counts."""
_SPENT = re.compile(r"insufficient_quota|exceeded your current quota|insufficient (balance|credit)|per day|\bRPD\b", re.IGNORECASE)
_STATUSES: Mapping[int, tuple[CallFault, str]] = {
    400: ("rejected", ""),
    401: ("refused", _KEY),
    402: ("spent", _BILLING),
    403: ("refused", _KEY),
    404: ("refused", _MODEL),
    408: ("dropped", ""),
    409: ("dropped", ""),
    413: ("rejected", _SMALLER),
    422: ("rejected", ""),
    425: ("busy", ""),
    429: ("busy", ""),
    503: ("busy", ""),
    529: ("busy", ""),
}
"""What a status means by itself. Other statuses from 500 on are `dropped`, and what is left means that this is not the API."""


def call_failure(error: Exception, host: str, *, loopback: bool, without_key: Callable[[str], str]) -> CallFailed:
    """Whatever came instead of an answer, as one of ours. Nothing of the given error is kept but words, and never the key among them."""
    if isinstance(error, openai.APIStatusError):
        return _refusal(error, without_key)
    if isinstance(error, openai.APIConnectionError):
        return _unconnected(error, host, loopback, without_key)
    return CallFailed("dropped", f"what {host} answered could not be read ({type(error).__name__})")


def _refusal(error: openai.APIStatusError, without_key: Callable[[str], str]) -> CallFailed:
    message, codes = (clean(without_key(text))[:_LONGEST_MESSAGE] for text in _told(error.body))
    why = f"the server answered {error.status_code}" + (f": {message.rstrip('.')}" if message else "")
    kind, fix = _meaning(error.status_code, f"{message} {codes}")
    return CallFailed(kind, why, fix, status=error.status_code, retry_after_s=_retry_after_s(error.response.headers))


def _meaning(status: int, words: str) -> tuple[CallFault, str]:
    if status in (403, 429) and _SPENT.search(words):
        return "spent", _BILLING
    if status in (400, 404, 422, 500):
        objection = next((rule for rule in _OBJECTIONS if rule.says.search(words)), None)
        if objection is not None:
            return objection.kind, objection.fix
    return _STATUSES.get(status, ("dropped", "") if status >= 500 else ("refused", _ADDRESS))


def _told(body: object) -> tuple[str, str]:
    """What the server says in words, in the places where the different servers put them, and in codes; a web page says nothing."""
    if isinstance(body, dict):
        return str(body.get("message") or body.get("detail") or ""), " ".join(str(body.get(name) or "") for name in ("type", "code", "param"))
    text = str(body or "")
    return "a web page instead of an answer" if text.lstrip().startswith("<") else text, ""


def _retry_after_s(headers: httpx2.Headers) -> float | None:
    """Seconds to wait as the server tells: a number of them, or a date."""
    told = headers.get("retry-after", "")
    if milliseconds := _number(headers.get("retry-after-ms", "")):
        return milliseconds / 1000
    if (seconds := _number(told)) is not None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _unconnected(error: openai.APIConnectionError, host: str, loopback: bool, without_key: Callable[[str], str]) -> CallFailed:
    cause = error.__cause__ or error
    sent = not isinstance(cause, _UNSENT)
    said = clean(without_key(str(cause)))[:_LONGEST_MESSAGE].rstrip(".")
    why = f"the connection to {host} failed ({type(cause).__name__}{f': {said}' if said else ''})"
    if isinstance(error, openai.APITimeoutError):
        why = f"{host} did not answer in time ({type(cause).__name__})"
    fix = "" if sent else f"{'Start the server' if loopback else 'See that the server runs'}, or check OPENAI_BASE_URL."
    return CallFailed("dropped", why, fix, sent=sent)
