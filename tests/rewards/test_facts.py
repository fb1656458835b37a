"""Novel facts are counted by phrases, the same for every captioner."""

import pytest

from streamcap_dagster.rewards.facts import novel_facts


def test_every_phrase_with_new_words_is_a_fact() -> None:
    assert novel_facts(["A red door, closed; a cat before it.", "The door opens."]) == (3, 1)


@pytest.mark.parametrize("text", ["", "A red door.", "The red door!", "It is the door."])
def test_what_was_said_before_is_none(text: str) -> None:
    assert novel_facts(["A red door.", text])[1] == 0


def test_a_thing_said_twice_in_one_text_counts_once() -> None:
    assert novel_facts(["A cat. A cat. A cat."]) == (1,)


def test_a_number_with_a_comma_is_one_fact() -> None:
    assert novel_facts(["1,000 people wait"]) == (1,)
