"""The five calls of the live test, put to the emulator: that they work, find what they look for, and cost what is said."""

from dataclasses import replace

from pydantic import SecretStr

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from streamcap_dagster.model_table import ModelTable, model_table
from tests.live.smoke import MOST_USD, Smoke, most_usd, questions, report, smoke

MODEL = "gemini-3.5-flash-lite"
FACTS = model_table().of(MODEL)


def emulated(options: Options | None = None, fault: str = "", after: int = 0) -> Smoke:
    with running(options) as emulator:
        if fault:
            emulator.order(*[None] * after, fault)  # type: ignore[arg-type]
        return smoke(emulator.url, MODEL, SecretStr("AIza-any"), FACTS)


def test_the_five_calls_find_nothing_amiss_with_the_emulator() -> None:
    seen = emulated()
    assert [answer.question.name for answer in seen.answers] == ["initial", "delta", "objectives", "nonce", "canary"]
    assert seen.problems == []


def test_the_form_of_the_answers_is_noted() -> None:
    shape = emulated().shape
    assert {"candidates[].content.parts[].text: str", "usageMetadata.promptTokensDetails[].tokenCount: int", "header x-gemini-service-tier"} <= shape


def test_a_service_that_counts_pictures_otherwise_is_found_out() -> None:
    table = ModelTable(version="x", models={MODEL: FACTS.model_copy(update={"image_tokens": {"low": 300}})})
    assert "initial: 1200 image tokens were counted for 4 pictures, where the model table says 1120" in emulated(Options(table=table)).problems


def test_a_nonce_that_does_not_come_back_is_found_out() -> None:
    (problem,) = emulated(fault="wrong_nonce", after=3).problems
    assert problem.startswith('nonce: its "nonce" is')


def test_an_answer_that_is_withheld_is_found_out() -> None:
    assert any(problem.startswith("delta: it is blocked") for problem in emulated(fault="safety", after=1).problems)


def test_the_report_says_what_only_one_of_the_two_sends() -> None:
    seen = emulated()
    other = replace(seen, shape=seen.shape - {"responseId: str"} | {"modelStatus: str"})
    lines = report(seen, other, FACTS).splitlines()
    assert lines[lines.index("only the service sends:") + 1] == "  responseId: str"
    assert lines[lines.index("only the emulator sends:") + 1] == "  modelStatus: str"


def test_the_five_calls_cost_less_than_a_cent_at_worst() -> None:
    assert sum(len(question.request.frames) for question in questions()) == 13
    assert 0 < most_usd(FACTS) < MOST_USD
