"""What `streamcap doctor` tells of the captioner, without ever asking for a caption."""

from typing import Any

import pytest

from streamcap_dagster.cli.doctor import diagnose
from streamcap_dagster.cli.doctor_captioner import captioner_findings
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import model_table
from streamcap_dagster.settings import read_settings
from tests.captions.backends.scripted_server import Answer, scripted
from tests.emulators.openai_server import MODEL, OLLAMA, Manners, serving

KEY = "sk-canary-7c2e"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def findings(**settings: Any) -> dict[str, Finding]:
    return {found.check: found for found in captioner_findings(read_settings(**settings))}


def said(check: str, **settings: Any) -> tuple[str, str]:
    found = findings(**settings)[check]
    return found.verdict, found.found


def of_a_server(monkeypatch: pytest.MonkeyPatch, base_url: str, model: str = MODEL, key: str = "") -> Finding:
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    monkeypatch.setenv("OPENAI_API_KEY", key)
    return findings(captioner="openai", openai_model=model)["server"]


def test_without_a_key_it_is_the_one_that_needs_none() -> None:
    assert list(findings()) == ["captioner"]
    assert said("captioner") == ("ok", "offline (describes pixels, for rehearsal: its captions are not for training); it needs no key and costs nothing")


@pytest.mark.usefixtures("key")
def test_a_captioner_that_a_key_chose_says_so_and_names_the_key_alone() -> None:
    told = "gemini (gemini-3.5-flash-lite at Google), chosen because GEMINI_API_KEY is set; the key is in GEMINI_API_KEY"
    assert said("captioner") == ("ok", told)


@pytest.mark.usefixtures("key")
def test_a_captioner_that_was_named_says_so() -> None:
    assert "chosen by STREAMCAP_CAPTIONER or --captioner" in said("captioner", captioner="gemini")[1]


def test_vertex_needs_no_key() -> None:
    told = said("captioner", captioner="gemini", vertex_project="mine")[1]
    assert "at Vertex AI project mine" in told
    assert told.endswith("no key, but application-default credentials")


@pytest.mark.parametrize(("captioner", "how"), [("gemini", "export GEMINI_API_KEY"), ("openai", "set OPENAI_API_KEY for OpenAI itself")])
def test_a_captioner_that_nothing_leads_to_fails_with_the_way(captioner: str, how: str) -> None:
    failed = [found for found in diagnose(read_settings(captioner=captioner, openai_model=MODEL, decoder="ffmpeg")) if found.check == "captioner"]
    assert [found.verdict for found in failed] == ["failed"]
    assert how in failed[0].found


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("tier", "price"),
    [
        ("standard", "$0.3 a million input tokens, $2.5 output ("),
        ("flex", "$0.15 a million input tokens, $1.25 output on the flex tier ("),
        ("auto", "on the flex tier; what flex does not serve in time: $0.3 a million"),
    ],
)
def test_the_price_is_that_of_the_tier_with_the_date_of_the_table(tier: str, price: str) -> None:
    verdict, told = said("price", gemini_tier=tier)
    assert verdict == "ok"
    assert price in told
    assert told.endswith(f"(model table {model_table().version})")


@pytest.mark.usefixtures("key")
def test_a_model_without_a_price_is_a_warning() -> None:
    found = findings(gemini_model="gemini-99")["price"]
    assert found.verdict == "warning"
    assert "STREAMCAP_MODEL_TABLE" in found.fix


@pytest.mark.usefixtures("key")
def test_a_budget_that_a_run_would_refuse_for_want_of_a_price_fails_here_too() -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_BUDGET_USD.*no price for gemini-99"):
        findings(gemini_model="gemini-99", budget_usd=5)


@pytest.mark.usefixtures("key")
def test_a_model_that_is_to_be_retired_is_a_warning_with_its_day() -> None:
    verdict, told = said("model", gemini_model="gemini-2.5-flash")
    assert verdict == "warning"
    assert told.startswith("gemini-2.5-flash w")
    assert told.endswith("retired on 2026-12-01")


@pytest.mark.usefixtures("key")
def test_each_limit_says_whose_word_it_is() -> None:
    assert said("quota", rpm=100, tpm=0, quota_share=0.5, calls_in_flight=7)[1] == (
        "100 requests a minute (STREAMCAP_RPM), no limit of tokens a minute (STREAMCAP_TPM), 150,000 requests a day (model table), "
        "$10 in ten minutes (model table), of which 50% is used; at most 7 requests at the same time"
    )


@pytest.mark.usefixtures("key")
def test_large_limits_are_told_in_full() -> None:
    assert "4,000,000 tokens a minute (model table)" in said("quota")[1]


@pytest.mark.usefixtures("key")
def test_the_budget_is_told_or_that_there_is_none() -> None:
    assert said("budget", budget_usd=2.5) == ("ok", "$2.50 on this storage in all (STREAMCAP_BUDGET_USD)")
    assert said("budget")[1].startswith("none: ")


@pytest.mark.usefixtures("key")
def test_google_itself_is_not_called() -> None:
    assert "server" not in findings()


@pytest.mark.usefixtures("key")
def test_an_address_of_your_own_for_gemini_is_looked_at_without_the_key() -> None:
    with scripted(Answer({}, 404)) as server:
        assert said("server", gemini_base_url=server.url) == ("ok", f"{server.url.removeprefix('http://')} answers")
    (seen,) = server.seen
    assert seen.method == "GET"
    assert KEY not in str(seen)


@pytest.mark.usefixtures("key")
def test_an_address_where_nobody_answers_is_a_warning_with_what_to_start() -> None:
    found = findings(gemini_base_url=NOBODY)["server"]
    assert (found.verdict, found.found) == ("warning", "127.0.0.1:9 does not answer (ConnectError)")
    assert "streamcap emulate-gemini" in found.fix


def test_a_server_that_has_the_model_is_well_and_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        found = of_a_server(monkeypatch, server.base_url)
        assert (found.verdict, found.found.partition(" ")[2]) == ("ok", f"answers and has {MODEL}")
        assert said("price", captioner="openai", openai_model=MODEL)[0] == "ok"
        assert "without a key (OPENAI_API_KEY is not set)" in said("captioner", captioner="openai", openai_model=MODEL)[1]
    assert {seen.method for seen in server.web.seen} == {"GET"}


@pytest.mark.parametrize(
    ("manners", "path", "model", "told", "fix"),
    [
        (OLLAMA, "/v1", "ears", f"does not list ears, but {MODEL}", "STREAMCAP_OPENAI_MODEL"),
        (Manners(key="another"), "/v1", MODEL, "does not accept the key (401)", "OPENAI_API_KEY"),
        (OLLAMA, "", MODEL, "answers, but 404 instead of a list of its models", "usually ends in /v1"),
    ],
    ids=["model", "key", "address"],
)
def test_what_is_wrong_with_a_server_is_a_warning_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, manners: Manners, path: str, model: str, told: str, fix: str
) -> None:
    with serving(manners) as server:
        found = of_a_server(monkeypatch, f"{server.web.url}{path}", model, KEY)
    assert (found.verdict, found.found.partition(" ")[2]) == ("warning", told)
    assert fix in found.fix
    assert KEY not in found.found + found.fix


def test_a_server_that_is_not_running_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_a_server(monkeypatch, f"{NOBODY}/v1")
    assert (found.verdict, found.fix) == ("warning", "Start the server, or correct OPENAI_BASE_URL.")


def test_recorded_answers_that_are_not_there_fail() -> None:
    with pytest.raises(SettingError, match="the file cannot be read"):
        findings(captioner="recorded", recorded_answers="nowhere.jsonl")
