"""What an estimate comes to in money and time, and the words in which a person is told."""

from dataclasses import replace
from datetime import date

import pytest

from streamcap_dagster.captions.estimate import Estimate, Terms, VideoEstimate
from streamcap_dagster.captions.estimate.sentence import amount, amount_of_time, money, summary
from streamcap_dagster.captions.estimate.volume import Volume
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.model_table import ModelFacts, Price, TierPrice

FACTS = ModelFacts(
    prices=(Price(valid_from=date(2026, 1, 1), input=1.0, output=10.0, flex=TierPrice(input=0.5, output=5.0)),),
    image_tokens={"low": 280, "high": 1120},
)
PROMOTED = FACTS.model_copy(update={"prices": (*FACTS.prices, Price(valid_from=date(2026, 12, 1), input=2.0, output=20.0))})
DAY = date(2026, 11, 20)
HUNDRED = Volume(calls=100, text_tokens=44_000, images=200, output_tokens=5_000)
"""At FACTS 100,000 input tokens: 10 cents for them and 5 for the output."""


def terms(**more: object) -> Terms:
    return replace(Terms("gemini", "gemini-x", paid=True, facts=FACTS, day=DAY, prices_of="2026-10-31"), **more)  # type: ignore[arg-type]


def estimate(
    left: Volume = HUNDRED, held: int = 0, steps: int = 5, gated: int | None = 10, whole: Volume | None = HUNDRED, videos: int = 1, **more: object
) -> Estimate:
    video = VideoEstimate("street", 1800.0, 110, gated, held, left, steps, whole)
    return Estimate(terms(**more), (video,) * videos)


def test_money_is_that_of_the_day_for_text_pictures_and_output() -> None:
    assert estimate().usd == pytest.approx(0.15)


def test_closer_looks_cost_more() -> None:
    assert estimate(resolution="high").usd == pytest.approx(0.15 + 200 * 840e-6)


@pytest.mark.parametrize(("tier", "flex_usd", "likely"), [("standard", None, 0.15), ("flex", 0.075, 0.075), ("auto", 0.075, 0.15)])
def test_flex_is_told_where_it_was_chosen_and_auto_is_judged_by_the_standard_price(tier: str, flex_usd: float | None, likely: float) -> None:
    told = estimate(tier=tier)
    assert (told.flex_usd, told.terms.likely_usd(told.left)) == (pytest.approx(flex_usd), pytest.approx(likely))


@pytest.mark.parametrize("facts", [ModelFacts(image_tokens={"low": 280}), ModelFacts(prices=FACTS.prices)], ids=["no price", "no image tokens"])
def test_what_is_not_known_of_a_model_makes_its_cost_unknown_and_not_nothing(facts: ModelFacts) -> None:
    told = estimate(facts=facts, quota=Quota(budget_usd=1))
    assert (told.usd, told.usd_per_hour, told.exceeds_budget) == (None, None, None)
    assert "unknown" in summary(told)


def test_an_hour_of_video_costs_what_all_its_calls_cost_however_many_are_answered() -> None:
    assert estimate(left=Volume(), held=100).usd_per_hour == pytest.approx(0.30)


def test_a_video_that_was_partly_made_before_says_nothing_about_an_hour() -> None:
    assert estimate(whole=None).usd_per_hour is None


@pytest.mark.parametrize(("budget", "spent", "exceeds"), [(None, 0, None), (0.2, 0, False), (0.1, 0, True), (0.2, 0.1, True)])
def test_the_budget_holds_for_what_is_spent_and_what_is_to_come(budget: float | None, spent: float, exceeds: bool | None) -> None:
    assert estimate(quota=Quota(budget_usd=budget), spent_usd=spent).exceeds_budget is exceeds


QUOTAS = [
    ({"quota": Quota(rpm=10, share=1)}, 600, "requests per minute"),
    ({"quota": Quota(rpm=10, share=0.5)}, 1200, "requests per minute"),
    ({"quota": Quota(tpm=1000, share=1)}, 6000, "tokens per minute"),
    ({"quota": Quota(rpd=50, share=0.8)}, 2 * 86_400, "requests per day"),
    ({"quota": Quota(usd_per_10min=0.05, share=0.8)}, 3 * 600, "money per ten minutes"),
    ({"quota": Quota(in_flight=2)}, 150, "STREAMCAP_CALLS_IN_FLIGHT=2"),
    ({"steps": 90}, 270, "the longest chain, 90 calls"),
    ({"steps": 10, "videos": 40, "videos_in_flight": 2, "quota": Quota(in_flight=1000)}, 600, "STREAMCAP_VIDEOS_IN_FLIGHT=2"),
]


@pytest.mark.parametrize(("more", "seconds", "binding"), QUOTAS, ids=[binding for _, _, binding in QUOTAS])
def test_time_is_told_by_what_binds(more: dict[str, object], seconds: float, binding: str) -> None:
    wall = estimate(**more).wall  # type: ignore[arg-type]
    assert wall.seconds == pytest.approx(seconds)
    assert binding in wall.binding


def test_a_quota_of_the_day_that_is_enough_for_all_holds_nothing_up() -> None:
    assert estimate(quota=Quota(rpd=100, usd_per_10min=1, share=1)).wall.seconds == estimate().wall.seconds


def test_a_paragraph_tells_all_of_it() -> None:
    told = summary(estimate(held=25, quota=Quota(rpm=10, share=1, budget_usd=0.1)))
    assert told == (
        "gemini (gemini-x): 1 video of 30 min in 110 windows, 10 of them without a visible change, which nobody is asked about. "
        "They take up to 125 calls, of which 25 (20%) are answered already and 100 are left. "
        "That is 100 k input tokens (56 k of them pictures) and 5 k output tokens. "
        "At the prices of 2026-10-31 they cost about $0.15, $0.30 per hour of video. "
        "That exceeds STREAMCAP_BUDGET_USD=0.1: a run would stop there and keep what it paid for. "
        "It takes at least about 10 min; what it waits for most is the requests per minute of your quota. "
        "Answers of no use are asked again: a few percent more."
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gated": None}, "There are no up-to-date frames yet, so this is an upper bound: the no-change gate and kept answers are not counted without them."),
        ({"paid": False}, "Nothing is paid: gemini costs nothing."),
        ({"left": Volume(), "held": 7}, "All 7 calls they take are answered already, so nothing is left to ask."),
        ({"left": Volume()}, "There is nothing to ask."),
        ({"quota": Quota(budget_usd=9), "spent_usd": 1.5}, "That is within STREAMCAP_BUDGET_USD=9 with the $1.50 spent so far."),
        ({"tier": "auto"}, "about $0.15 on the standard tier ($0.075 as far as flex serves it), $0.30 per hour"),
        ({"tier": "flex"}, "Flex answers may take minutes each"),
        ({"facts": ModelFacts()}, "200 pictures whose tokens are not known for this model"),
        ({"facts": ModelFacts()}, "the model table has no price for gemini-x (STREAMCAP_MODEL_TABLE can add one)"),
        ({"facts": PROMOTED}, "At the prices of 2026-10-31, which change on 2026-12-01, they cost about $0.15"),
        ({"thinks": True}, "thinks before it answers is billed as output and not counted"),
        ({"canary_every": 50}, "Canaries add one call to every 50."),
        ({"held": 100_000}, "(99%) are answered already"),
    ],
)
def test_the_paragraph_says_how_things_stand(more: dict[str, object], said: str) -> None:
    assert said in summary(estimate(**more))  # type: ignore[arg-type]


def test_what_costs_nothing_is_told_no_price_and_no_budget() -> None:
    told = summary(estimate(paid=False, quota=Quota(budget_usd=0.01)))
    assert "$" not in told
    assert "BUDGET" not in told


@pytest.mark.parametrize(("usd", "said"), [(0, "$0.00"), (0.000123, "$0.00012"), (0.075, "$0.075"), (0.15, "$0.15"), (1234.5, "$1,234.50"), (None, "unknown")])
def test_money_is_readable(usd: float | None, said: str) -> None:
    assert money(usd) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (999, "999"), (1000, "1 k"), (12_345, "12.3 k"), (999_999, "1 M"), (4_500_000, "4.5 M"), (2_000_000_000, "2,000 M")]
)
def test_amounts_are_readable(count: int, said: str) -> None:
    assert amount(count) == said


@pytest.mark.parametrize(("seconds", "said"), [(40, "40 s"), (720, "12 min"), (12_000, "3 h 20 min"), (190_800, "2 days 5 h"), (86_400, "1 day 0 h")])
def test_times_are_readable(seconds: float, said: str) -> None:
    assert amount_of_time(seconds) == said
