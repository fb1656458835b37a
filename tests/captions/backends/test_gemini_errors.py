"""What Gemini refuses, breaks and leaves unsaid, over HTTP through the real SDK: one request each, and an error of ours that says what to do."""

import asyncio
import socket
import threading
from typing import Any

import pytest
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError, TransportError

from streamcap_dagster.captions.captioner import CaptionReply
from streamcap_dagster.errors import CallFailed, CallFault
from tests.captions.backends.gemini_answers import KEY, QUOTA_MESSAGE, RPC, WINDOW, ask, ask_again, asked, captioner, error, over_quota, said
from tests.captions.backends.scripted_server import Answer, Seen, scripted, told

INVALID_KEY = error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [{"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID"}])
EXPIRED_KEY = error(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", [{"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID"}])
LEAKED_KEY = error(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key.")
NO_KEY = error(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers (callers without established identity). Please use API Key.")
DISABLED = error(403, "PERMISSION_DENIED", "Generative Language API has not been used in project 42 before or it is disabled.")
DENIED = error(403, "PERMISSION_DENIED", "The caller does not have permission")
UNAUTHENTICATED = error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
NO_MODEL = error(404, "NOT_FOUND", "models/gemini-1.0 is not found for API version v1beta, or is not supported for generateContent.")
RETIRED = error(404, "NOT_FOUND", "This model models/gemini-2.5-flash is no longer available to new users.")
THINKING = error(400, "INVALID_ARGUMENT", "Thinking level MINIMAL is not supported for this model.")
DEADLINE = error(400, "INVALID_ARGUMENT", "Manually set deadline 5s is too short. Minimum allowed deadline is 10s.")
FLEX = error(400, "INVALID_ARGUMENT", "Service tier flex is not enabled for this model and project.")
FIELD = error(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "serviceTierX": Cannot find field.')
COUNTRY = error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
PICTURE = error(
    400, "INVALID_ARGUMENT", "Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
)
PREPAID = error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects.")
SPEND = error(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its spend-based rate limit. Please go to AI Studio at https://ai.studio/spend.")
CAP = error(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/spend.")
VERTEX_BUSY = error(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.")
OVERLOADED = error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
INTERNAL = error(500, "INTERNAL", "An internal error has occurred.")
CANCELLED = error(499, "CANCELLED", "The operation was cancelled.")
TOO_LATE = error(504, "DEADLINE_EXCEEDED", "The request timed out. Please try again.")
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MINUTE = "GenerateContentPaidTierInputTokensPerModelPerMinute"
DAY = "GenerateRequestsPerDayPerProjectPerModel"


def failure(answer: Answer, **settings: Any) -> CallFailed:
    """What is raised for an answer to one question, which must have been sent once."""
    with told(answer) as server, pytest.raises(CallFailed) as caught:
        ask(server.url, **settings) if settings else ask_again(server.url)
    assert len(server.seen) == 1
    return caught.value


@pytest.mark.parametrize(
    ("body", "status", "kind", "fix"),
    [
        (INVALID_KEY, 400, "refused", "GEMINI_API_KEY"),
        (EXPIRED_KEY, 400, "refused", "GEMINI_API_KEY"),
        (LEAKED_KEY, 403, "refused", "Delete that key"),
        (NO_KEY, 403, "refused", "GEMINI_API_KEY"),
        (DENIED, 403, "refused", "GEMINI_API_KEY"),
        (UNAUTHENTICATED, 401, "refused", "GEMINI_API_KEY"),
        (DISABLED, 403, "refused", "Enable the API"),
        (NO_MODEL, 404, "refused", "STREAMCAP_GEMINI_MODEL"),
        (RETIRED, 404, "refused", "STREAMCAP_GEMINI_MODEL"),
        (b"<html>Not Found</html>", 404, "refused", "STREAMCAP_GEMINI_BASE_URL"),
        ({"detail": "Not Found"}, 404, "refused", "STREAMCAP_GEMINI_BASE_URL"),
        (b"", 405, "refused", "STREAMCAP_GEMINI_BASE_URL"),
        (THINKING, 400, "refused", "STREAMCAP_THINKING"),
        (DEADLINE, 400, "refused", "STREAMCAP_CALL_TIMEOUT_S"),
        (FLEX, 400, "refused", "STREAMCAP_GEMINI_TIER"),
        (FIELD, 400, "refused", "STREAMCAP_GEMINI_API_VERSION"),
        (COUNTRY, 400, "refused", "Vertex AI"),
        (PICTURE, 400, "rejected", ""),
        (b"", 413, "rejected", "STREAMCAP_FRAME_HEIGHT"),
        (PREPAID, 429, "spent", ""),
        (SPEND, 429, "spent", "https://ai.studio/spend"),
        (CAP, 429, "spent", "https://ai.studio/spend"),
        (over_quota(DAY, "39481s", QUOTA_MESSAGE), 429, "spent", ""),
        (over_quota(MINUTE), 429, "busy", ""),
        (over_quota(f"{DAY}-FreeTier", value="0"), 429, "refused", "link billing"),
        (VERTEX_BUSY, 429, "busy", ""),
        (b"slow down", 429, "busy", ""),
        (OVERLOADED, 503, "busy", ""),
        (PAGE, 503, "busy", ""),
        (b"", 408, "dropped", ""),
        (CANCELLED, 499, "dropped", ""),
        (INTERNAL, 500, "dropped", ""),
        (PAGE, 502, "dropped", ""),
        (TOO_LATE, 504, "dropped", ""),
        ([INTERNAL], 500, "dropped", ""),
        (b'["a", "b"]', 500, "dropped", ""),
        (b"", 204, "dropped", ""),
    ],
)
def test_every_refusal_is_sorted_and_says_what_to_do(body: object, status: int, kind: CallFault, fix: str) -> None:
    failed = failure(Answer(body, status))
    assert (failed.kind, failed.status, failed.sent) == (kind, status, True)
    assert failed.why.startswith(f"the service answered {status}")
    assert fix in failed.fix


def test_a_refusal_on_vertex_speaks_of_credentials() -> None:
    failed = failure(Answer(UNAUTHENTICATED, 401), vertex_project="museum", credentials=Refreshed())
    assert "gcloud auth application-default login" in failed.fix


@pytest.mark.parametrize(
    ("body", "headers", "wait_s"),
    [
        (over_quota(MINUTE, "53s"), {}, 53.01),
        (over_quota(MINUTE, "3.5s", "Quota exceeded."), {}, 3.5),
        (error(429, "RESOURCE_EXHAUSTED", "Please retry in 959.5ms."), {}, 0.9595),
        (error(429, "RESOURCE_EXHAUSTED", "Please retry in 10h57m3.5s."), {}, 39423.5),
        (error(429, "RESOURCE_EXHAUSTED", "Please retry in 2m."), {}, 120.0),
        (VERTEX_BUSY, {"retry-after": "7"}, 7.0),
        (VERTEX_BUSY, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        (VERTEX_BUSY, {}, None),
        (over_quota(MINUTE, "nonsense", "Please retry in a while."), {}, None),
        (SPEND, {}, 600.0),
        (CAP, {}, None),
    ],
)
def test_how_long_to_wait_is_what_the_service_says(body: object, headers: dict[str, str], wait_s: float | None) -> None:
    assert failure(Answer(body, 429, headers)).retry_after_s == pytest.approx(wait_s)


def test_a_quota_of_the_day_among_others_counts_for_the_day() -> None:
    body = over_quota(MINUTE)
    body["error"]["details"][1]["violations"].append({"quotaId": DAY})
    assert failure(Answer(body, 429)).kind == "spent"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(hang_up=True),
        Answer(said(), cut_after=40),
        Answer(b'{"candidates": [{"content"'),
        Answer(PAGE),
        Answer(b"\xff\xfe\x00"),
        Answer(b"[]"),
        Answer(b'"words"'),
        Answer(b"[" * 100_000),
        Answer({"candidates": "none"}),
        Answer({"candidates": [7]}),
        Answer(b"not gzip", headers={"content-encoding": "gzip"}),
        Answer(b"\xff\xfe", 500),
        Answer(b""),
        Answer({}),
        Answer({"modelVersion": "gemini", "responseId": "x"}),
    ],
    ids=["hung up", "cut", "half", "page", "bytes", "list", "string", "nested", "no list", "no candidate", "no gzip", "bytes 500", "empty", "nothing", "bare"],
)
def test_what_is_no_answer_is_dropped_after_one_request(answer: Answer) -> None:
    failed = failure(answer)
    assert (failed.kind, failed.sent) == ("dropped", True)


def test_a_service_that_stays_silent_is_dropped_after_one_request() -> None:
    failed = failure(Answer(silent=True), timeout_s=1)
    assert (failed.kind, failed.sent) == ("dropped", True)
    assert "did not answer in time" in failed.why


def test_an_address_where_nobody_listens_is_named_and_cost_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(CallFailed) as caught:
        ask(f"http://{address}")
    assert (caught.value.kind, caught.value.sent) == ("dropped", False)
    assert f"the connection to {address} failed" in caught.value.why
    assert "streamcap emulate-gemini" in caught.value.fix


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with scripted(Answer(said())) as elsewhere:
        failed = failure(Answer(b"", 307, {"location": f"{elsewhere.url}/v1beta/models/x:generateContent"}))
    assert elsewhere.seen == []
    assert failed.kind == "refused"
    assert "STREAMCAP_GEMINI_BASE_URL" in failed.fix


def test_a_long_message_is_cut_and_kept_on_one_line() -> None:
    failed = failure(Answer(error(400, "INVALID_ARGUMENT", "bad\npicture " * 1000), 400))
    assert len(failed.why) < 600
    assert "\n" not in failed.why


def test_a_web_page_is_not_repeated() -> None:
    assert "a web page instead of an answer" in failure(Answer(PAGE, 502)).why


def test_a_key_that_the_service_repeats_is_taken_out() -> None:
    failed = failure(Answer(error(400, "INVALID_ARGUMENT", f"API key {KEY} not found. Please pass a valid API key."), 400))
    assert "(the key)" in failed.why
    assert KEY not in repr(vars(failed)) + str(failed)


class Refreshed(Credentials):
    """Credentials that must be fetched, which works or fails as told."""

    def __init__(self, trouble: Exception | None = None) -> None:
        super().__init__()
        self.trouble = trouble

    def refresh(self, request: object) -> None:
        if self.trouble:
            raise self.trouble
        self.token = "token-2"


@pytest.mark.parametrize(
    ("trouble", "kind", "fix"),
    [
        (RefreshError("invalid_grant: Token has been expired or revoked."), "refused", "gcloud auth"),
        (RefreshError("the metadata server is busy", retryable=True), "dropped", ""),
        (TransportError("no route"), "dropped", ""),
    ],
)
def test_credentials_that_cannot_be_had_are_explained_and_nothing_is_sent(trouble: Exception, kind: CallFault, fix: str) -> None:
    with told(Answer(said())) as server, pytest.raises(CallFailed) as caught:
        ask(server.url, vertex_project="museum", credentials=Refreshed(trouble))
    assert server.seen == []
    assert (caught.value.kind, caught.value.sent) == (kind, False)
    assert fix in caught.value.fix


def test_no_credentials_at_all_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    with pytest.raises(CallFailed, match="there are no credentials for Vertex AI") as caught:
        ask("http://127.0.0.1:9", vertex_project="museum")
    assert (caught.value.kind, caught.value.sent) == ("refused", False)


def test_a_call_that_is_cancelled_ends_at_once_and_the_next_is_answered() -> None:
    arrived = threading.Event()

    def answer(seen: Seen) -> Answer:
        first = not arrived.is_set()
        arrived.set()
        return Answer(silent=True) if first else Answer(said())

    async def twice(url: str) -> CaptionReply:
        by = captioner(url)
        call = asyncio.create_task(by.complete(WINDOW))
        await asyncio.to_thread(arrived.wait)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await asked(by)

    with told(answer) as server:
        assert asyncio.run(twice(server.url)).finish == "stop"
