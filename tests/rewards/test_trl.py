"""The rewards as GRPOTrainer calls them: named functions over columns, for strings and conversations alike."""

from typing import Any

import pytest

from streamcap_dagster.rewards import reward_weights, trl_rewards
from streamcap_dagster.rewards.trl import RewardColumnMissing

ROWS: dict[str, Any] = {
    "objectives": [["taxi stops"], ["dog barks"]],
    "history": [["A taxi turns in."], ["A dog sleeps."]],
    "window_duration": [2.0, 2.0],
    "images": [[], []],
    "trainer_state": None,
}
PROMPTS = [[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": f"What is new in {place}?"}]}] for place in ("one", "two")]


def scores(*completions: Any, **columns: Any) -> dict[str, list[float | None]]:
    rows = {"prompts": PROMPTS, "completions": list(completions), "completion_ids": [[1], [2]], **ROWS, **columns}
    return {reward.__name__: reward(**rows) for reward in trl_rewards()}


def test_each_reward_is_logged_under_its_own_name() -> None:
    assert [reward.__name__ for reward in trl_rewards()] == ["coverage", "novelty", "informativeness", "length", "silence", "format"]


def test_there_is_a_weight_for_each_reward_and_they_add_up_to_one() -> None:
    assert len(reward_weights()) == len(trl_rewards())
    assert sum(reward_weights()) == pytest.approx(1)


def test_each_row_is_held_against_its_own_columns() -> None:
    assert scores("The taxi stops.", "The taxi stops.")["coverage"] == [1.0, 0.0]


def test_conversations_and_strings_score_alike() -> None:
    as_turns = [[{"role": "assistant", "content": text}] for text in ("The taxi stops.", "A dog.")]
    as_parts = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in ("The taxi stops.", "A dog.")]
    assert scores("The taxi stops.", "A dog.") == scores(*as_turns) == scores(*as_parts)


def test_a_completion_without_text_earns_nothing() -> None:
    told = scores([{"role": "assistant", "content": None}], [{"role": "assistant", "content": [{"type": "image"}]}])
    assert {name: set(values) for name, values in told.items()} == {name: {0.0} for name in told}


def test_what_is_no_caption_earns_nothing_from_any_reward() -> None:
    told = scores("```The taxi stops.```", "What is new in two? What is new in two?")
    assert [values[0] for values in told.values()] == [0.0] * 6


def test_where_silence_is_right_only_silence_and_format_count() -> None:
    told = scores("No change.", "A dog barks.", outcome=["no_change", "no_change"])
    assert (told["silence"], told["format"]) == ([1.0, 0.0], [1.0, 1.0])
    assert told["coverage"] == told["novelty"] == told["informativeness"] == told["length"] == [None, None]


def test_where_there_is_something_to_say_silence_earns_its_format_alone() -> None:
    told = scores("No change.", "No change.")
    assert {name: values[0] for name, values in told.items() if values[0]} == {"format": 1.0}


def test_objectives_that_the_history_met_make_coverage_not_apply() -> None:
    assert scores("Something.", "Else.", history=[["The taxi stops."], ["A dog sleeps."]])["coverage"][0] is None


def test_a_judge_decides_on_coverage() -> None:
    coverage = trl_rewards(judge=lambda _, text: float(text == "it halts"))[0]
    assert coverage(prompts=PROMPTS, completions=["it halts", "it waits"], **ROWS) == [1.0, 0.0]


@pytest.mark.parametrize("column", ["objectives", "history", "window_duration"])
def test_a_column_that_is_missing_is_named(column: str) -> None:
    rows = {name: values for name, values in ROWS.items() if name != column}
    with pytest.raises(RewardColumnMissing, match=f"need the column '{column}'"):
        trl_rewards()[0](prompts=PROMPTS, completions=["a", "b"], **rows)
