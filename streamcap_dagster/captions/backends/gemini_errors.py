"""What went wrong with a request to Gemini, as a CallFailed that holds plain facts only: the SDK's own errors carry the key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError
from google.genai.errors import APIError

from streamcap_dagster.captions.backends.gemini_service import GeminiService
from streamcap_dagster.captions.replies import clean
from streamcap_dagster.errors import CallFailed, CallFault

_LONGEST_MESSAGE = 500
_SPEND_WINDOW_S = 600.0
"""The service's limit on spending counts rolling ten minutes and says nothing of when to come back."""
_DURATION = re.compile(r"retry in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)(ms|s))?", re.IGNORECASE)
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)

_KEY = "Set GEMINI_API_KEY (GOOGLE_API_KEY goes before it) to a key that is valid; they are made at https://aistudio.google.com/apikey."
_CREDENTIALS = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS, for an account that may use Vertex AI in the project."
_MODEL = "Set STREAMCAP_GEMINI_MODEL to a model that is served to you (preview models are on STREAMCAP_GEMINI_API_VERSION=v1beta only)."
_ADDRESS = "Is STREAMCAP_GEMINI_BASE_URL the address of Gemini? Empty is Google's own."


@dataclass(frozen=True)
class _Rule:
    """What a 4xx means that says such words: of the more telling ones the first that fits counts."""

    says: str
    fix: str


_REFUSALS = (
    _Rule(r"reported as leaked", "Delete that key, make a new one at https://aistudio.google.com/apikey and set GEMINI_API_KEY to it."),
    _Rule(r"API_KEY_INVALID|API key (not valid|expired|not found)|unregistered callers", _KEY),
    _Rule(r"SERVICE_DISABLED|has not been used in project", "Enable the API for the project of the key, as the message says."),
    _Rule(r"cannot find field|unknown name", "Set STREAMCAP_GEMINI_API_VERSION to a version that knows the field; v1beta knows them all."),
    _Rule(r"thinking[ _]?(level|budget|config)|thinking is not supported", "Set STREAMCAP_THINKING to a level that the model accepts, or to least."),
    _Rule(r"deadline", "Set STREAMCAP_CALL_TIMEOUT_S and STREAMCAP_FLEX_TIMEOUT_S to 10 or more."),
    _Rule(r"service[ _]?tier|flex", "Set STREAMCAP_GEMINI_TIER=standard: not every model and project has the flex tier."),
    _Rule(r"media[ _]?resolution", "Set STREAMCAP_MEDIA_RESOLUTION to one that the model accepts."),
    _Rule(r"location is not supported|enable billing|FAILED_PRECONDITION", "Link billing to the project of the key, or caption through Vertex AI."),
)


@dataclass(frozen=True)
class _Told:
    """What the service said when it refused."""

    status: int
    state: str
    message: str
    details: Sequence[Mapping[str, Any]]
    retry_after: str

    @property
    def why(self) -> str:
        return f"the service answered {self.status} {self.state}".rstrip() + (f": {self.message.rstrip('.')}" if self.message else "")

    @property
    def words(self) -> str:
        return " ".join([self.state, self.message, *(str(detail.get("reason", "")) for detail in self.details)])

    @property
    def retry_after_s(self) -> float | None:
        """The longest wait that is named anywhere: the structured one is cut off to whole seconds."""
        stated = [str(detail.get("retryDelay", "")).removesuffix("s") for detail in self.details]
        waits = [_number(text) for text in (*stated, self.retry_after)] + [_spoken_wait(self.message)]
        return max((wait for wait in waits if wait is not None), default=None)

    @property
    def violations(self) -> list[Mapping[str, Any]]:
        lists = [detail.get("violations") for detail in self.details]
        return [violation for each in lists if isinstance(each, list) for violation in each if isinstance(violation, dict)]


def call_failure(error: Exception, service: GeminiService) -> CallFailed:
    """Whatever came instead of an answer, as one of ours. Nothing of the given error is kept but words, and never the key among them."""
    if isinstance(error, APIError):
        return _refusal(_told(error, service), service)
    if isinstance(error, httpx2.TransportError | TimeoutError):
        return _unconnected(error, service)
    if isinstance(error, GoogleAuthError):
        return _unauthorised(error, service)
    if isinstance(error, ImportError):
        return CallFailed("refused", _words(error, service), "Unset GOOGLE_GENAI_HTTP_CLIENT.", sent=False)
    return CallFailed("dropped", f"what the service answered could not be read ({type(error).__name__})")


def _told(error: APIError, service: GeminiService) -> _Told:
    """Its message on one line, without the key; a web page is none. `error.details` is the body of the response, which may be anything."""
    body = error.details.get("error", error.details) if isinstance(error.details, dict) else {}
    given = body.get("details") if isinstance(body, dict) else None
    message = str(error.message or "")
    page = message.lstrip().startswith("<")
    headers = getattr(error.response, "headers", {})
    return _Told(
        status=int(error.code or 0),
        state=clean(str(error.status or ""))[:60],
        message="a web page instead of an answer" if page else clean(service.without_key(message))[:_LONGEST_MESSAGE],
        details=[detail for detail in given if isinstance(detail, dict)] if isinstance(given, list) else [],
        retry_after=str(headers.get("retry-after", "")),
    )


def _refusal(told: _Told, service: GeminiService) -> CallFailed:
    if told.status == 429:
        return _over_quota(told)
    if told.status == 503:
        return CallFailed("busy", told.why, status=503, retry_after_s=told.retry_after_s)
    if told.status in (408, 499) or told.status >= 500 or told.status < 300:
        return CallFailed("dropped", told.why, status=told.status, retry_after_s=told.retry_after_s)
    kind, fix = _objection(told, service)
    return CallFailed(kind, told.why, fix, status=told.status)


def _over_quota(told: _Told) -> CallFailed:
    """A quota a minute is waited for. One a day, an account that is empty, or a limit on money is not."""
    if any(str(violation.get("quotaValue")) == "0" for violation in told.violations):
        return CallFailed("refused", told.why, "The project has no quota for this model at all: link billing to it, or choose another model.", status=429)
    daily = any("PerDay" in str(violation.get("quotaId")) for violation in told.violations)
    if daily or re.search(r"prepay|credits are depleted", told.message, re.IGNORECASE):
        return CallFailed("spent", told.why, status=429, retry_after_s=told.retry_after_s)
    if re.search(r"spend(ing)?[- ](based|limit|cap)|spending", told.message, re.IGNORECASE):
        passing = _SPEND_WINDOW_S if "rate limit" in told.message else None
        return CallFailed("spent", told.why, "https://ai.studio/spend shows the limits on money.", status=429, retry_after_s=told.retry_after_s or passing)
    return CallFailed("busy", told.why, status=429, retry_after_s=told.retry_after_s)


def _objection(told: _Told, service: GeminiService) -> tuple[CallFault, str]:
    """Whether this request or every one is meant by a 3xx or 4xx, and what to change."""
    fix = next((rule.fix for rule in _REFUSALS if re.search(rule.says, told.words, re.IGNORECASE)), "")
    if fix:
        return "refused", fix
    if told.status in (401, 403):
        return "refused", _CREDENTIALS if service.vertex else _KEY
    if told.status == 404:
        return "refused", _MODEL if told.message and "web page" not in told.message else _ADDRESS
    if told.status == 413:
        return "rejected", "Make the frames smaller: STREAMCAP_FRAME_HEIGHT, STREAMCAP_JPEG_QUALITY or STREAMCAP_FPS."
    return ("rejected", "") if told.status in (400, 422) else ("refused", _ADDRESS)


def _unconnected(error: Exception, service: GeminiService) -> CallFailed:
    sent = not isinstance(error, _UNSENT)
    why = f"the connection to {service.host} failed ({_words(error, service)})"
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        why = f"{service.host} did not answer in time ({type(error).__name__})"
    fix = "Is `streamcap emulate-gemini` running there?" if service.loopback and isinstance(error, httpx2.ConnectError) else ""
    return CallFailed("dropped", why, fix, sent=sent)


def _unauthorised(error: GoogleAuthError, service: GeminiService) -> CallFailed:
    """No token could be had for Vertex AI, so that nothing was asked."""
    lasting = isinstance(error, DefaultCredentialsError) or (isinstance(error, RefreshError) and not error.retryable)
    why = f"there are no credentials for Vertex AI ({_words(error, service)})"
    return CallFailed("refused" if lasting else "dropped", why, _CREDENTIALS if lasting else "", sent=False)


def _words(error: Exception, service: GeminiService) -> str:
    text = clean(service.without_key(str(error)))[:_LONGEST_MESSAGE].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _spoken_wait(message: str) -> float | None:
    """Seconds of a `retry in 1h2m3.5s` within a message."""
    found = _DURATION.search(message)
    if found is None or not any(found.groups()):
        return None
    hours, minutes, amount, unit = found.groups()
    seconds = _number(amount or "0") or 0.0
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + (seconds / 1000 if unit == "ms" else seconds)
