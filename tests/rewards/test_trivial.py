"""The rewards are worth training on: captions as people write them beat every policy that does not look."""

import random
from dataclasses import replace

import pytest

from streamcap_dagster.rewards.trivial import GOLD, POLICIES, PolicyScores, try_policies
from tests.rewards.captions import cases


def scores_of(policy: str) -> PolicyScores:
    return next(scores for scores in try_policies(cases()).scores if scores.policy == policy)


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy != GOLD])
def test_the_gold_deltas_beat_a_policy_that_does_not_look(policy: str) -> None:
    assert scores_of(policy).total < scores_of(GOLD).total - 0.1


def test_the_gold_deltas_score_high() -> None:
    assert scores_of(GOLD).total > 0.85


def test_nobody_wins_against_gold_deltas() -> None:
    assert try_policies(cases()).winners == ()


def test_the_order_of_the_cases_does_not_matter() -> None:
    shuffled = cases()
    random.Random(1).shuffle(shuffled)
    assert try_policies(shuffled) == try_policies(cases())


def test_deltas_that_repeat_the_history_are_beaten() -> None:
    poor = [replace(case, gold=case.about.history[-1]) for case in cases()]
    assert "another window's gold" in {scores.policy for scores in try_policies(poor).winners}


def test_it_is_told_where_a_policy_is_ahead() -> None:
    one, *others = cases()
    poor = [replace(one, gold="```"), *others]
    other = next(scores for scores in try_policies(poor).scores if scores.policy == "another window's gold")
    assert one.sample_id in other.ahead


def test_a_caption_alone_is_not_beaten_by_itself() -> None:
    assert try_policies(cases()[:1]).winners == ()


def test_the_gold_deltas_win_also_where_the_gate_does_not_know_the_prompt() -> None:
    unasked = [replace(case, about=replace(case.about, prompt="")) for case in cases()]
    gold, *others = (scores.total for scores in try_policies(unasked).scores)
    assert gold > max(others) + 0.1
