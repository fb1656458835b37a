"""Quotas are counted as the service counts them, with a clock that the test holds."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.genai import errors

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.quota import Quota
from streamcap_dagster.emulators.gemini.refusals import Refusal
from streamcap_dagster.emulators.gemini.server import running
from tests.emulators.gemini.asking import MODEL, ask, developer, jpeg, vertex


class Clock:
    def __init__(self, at: str = "2026-11-20T12:00:00") -> None:
        self.now = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def refusal(quota: Quota, tokens: int = 10, model: str = MODEL, vertex: bool = False) -> Refusal:
    with pytest.raises(Refusal) as refused:
        quota.admit(model, tokens, vertex)
    return refused.value


def detail(refused: Refusal, kind: str) -> dict[str, Any]:
    return next(one for one in refused.body["error"]["details"] if one["@type"].endswith(kind))  # type: ignore[no-any-return]


def test_requests_a_minute_are_those_of_the_last_sixty_seconds() -> None:
    clock = Clock()
    quota = Quota(Options(rpm=2, clock=clock))
    quota.admit(MODEL, 10)
    clock.now += 40
    quota.admit(MODEL, 10)

    clock.now += 19.5
    refused = refusal(quota)
    clock.now += 0.5
    quota.admit(MODEL, 10)

    assert detail(refused, "RetryInfo")["retryDelay"] == "0.500s"


def test_a_refused_request_does_not_count() -> None:
    clock = Clock()
    quota = Quota(Options(rpm=1, clock=clock))
    quota.admit(MODEL, 10)
    for _ in range(5):
        clock.now += 10
        refusal(quota)

    clock.now += 10
    quota.admit(MODEL, 10)


def test_the_body_of_a_429_names_quota_limit_and_delay() -> None:
    quota = Quota(Options(rpm=1, clock=Clock()))
    quota.admit(MODEL, 10)
    refused = refusal(quota)

    error = refused.body["error"]
    assert (refused.status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert re.search(r"Please retry in 60\.0+s\.$", error["message"])
    assert detail(refused, "RetryInfo")["retryDelay"] == "60s"
    violation = detail(refused, "QuotaFailure")["violations"][0]
    assert (violation["quotaId"], violation["quotaValue"]) == ("GenerateRequestsPerMinutePerProjectPerModel", "1")
    assert violation["quotaDimensions"]["model"] == MODEL


def test_tokens_a_minute_wait_until_enough_of_them_are_a_minute_old() -> None:
    clock = Clock()
    quota = Quota(Options(tpm=100, clock=clock))
    for tokens in (40, 50):
        quota.admit(MODEL, tokens)
        clock.now += 10

    few, many = refusal(quota, 20), refusal(quota, 70)

    assert detail(few, "RetryInfo")["retryDelay"] == "40s"
    assert detail(many, "RetryInfo")["retryDelay"] == "50s"
    assert "InputTokensPerModelPerMinute" in detail(few, "QuotaFailure")["violations"][0]["quotaId"]


def test_what_is_larger_than_the_quota_never_fits() -> None:
    assert refusal(Quota(Options(tpm=100, clock=Clock())), 101).status == 429


def test_requests_a_day_begin_anew_at_midnight_in_california() -> None:
    clock = Clock("2026-11-20T07:59:00")  # 23:59 of the day before over there
    quota = Quota(Options(rpd=1, clock=clock))
    quota.admit(MODEL, 10)
    refused = refusal(quota)
    clock.now += 60
    quota.admit(MODEL, 10)

    assert detail(refused, "RetryInfo")["retryDelay"] == "60s"
    assert "PerDay" in detail(refused, "QuotaFailure")["violations"][0]["quotaId"]


def test_models_have_quotas_of_their_own() -> None:
    quota = Quota(Options(rpm=1, clock=Clock()))
    quota.admit(MODEL, 10)

    quota.admit("gemini-3.5-flash", 10)


def test_money_runs_out_without_a_word_on_when_to_retry() -> None:
    clock = Clock()
    quota = Quota(Options(usd_per_10min=1.0, clock=clock))
    quota.pay(MODEL, 1.5)
    refused = refusal(quota)
    clock.now += 600
    quota.admit(MODEL, 10)

    assert (refused.status, "details" in refused.body["error"]) == (429, False)


def test_vertex_gives_no_details() -> None:
    quota = Quota(Options(rpm=1, clock=Clock()))
    quota.admit(MODEL, 10)

    assert "details" not in refusal(quota, vertex=True).body["error"]


@pytest.mark.parametrize("limit", [{"rpm": 1}, {"tpm": 400}, {"rpd": 1}, {"usd_per_10min": 1e-9}])
def test_every_limit_holds_over_http(limit: dict[str, Any]) -> None:
    with running(replace(Options(), **limit)) as emulator:
        client = developer(emulator.url)
        ask(client, [jpeg()])
        with pytest.raises(errors.ClientError, match="429 RESOURCE_EXHAUSTED"):
            ask(client, [jpeg()])
        assert emulator.journal.by_status == {"200": 1, "429": 1}


def test_the_same_limit_holds_for_all_ways_in() -> None:
    with running(Options(rpm=1)) as emulator:
        ask(developer(emulator.url), [jpeg()])
        with pytest.raises(errors.ClientError, match="429"):
            ask(vertex(emulator.url), [jpeg()])


def test_a_request_that_is_wrong_counts_too() -> None:
    with running(Options(rpm=1)) as emulator:
        client = developer(emulator.url)
        with pytest.raises(errors.ClientError, match="400"):
            ask(client, [jpeg()], model=MODEL, presence_penalty=1.0)
        with pytest.raises(errors.ClientError, match="429"):
            ask(client, [jpeg()])
