"""Coverage tells whether a text conveys an objective that was still open."""

import pytest

from streamcap_dagster.rewards import coverage


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("The door opens.", "door opens"),
        ("The door is opening.", "door opens"),
        ("Doors opened.", "door opens"),
        ("Two women leave the shop carrying bags.", "woman leaves shop"),
        ("A color photo of a harbour.", "colour photo"),
        ("The man sat down on the bench.", "man sits down on bench"),
        ("The man does not move.", "man is not moving"),
        ("门打开了。", "门打开"),
    ],
)
def test_an_objective_is_met_by_its_words_in_whatever_form(text: str, objective: str) -> None:
    assert coverage(text, [objective]) == 1.0


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("A cat sleeps on the sofa.", "door opens"),
        ("The door does not open.", "door opens"),
        ("The door opens.", "door does not open"),
        ("A door. A window opens.", "door opens"),
        ("No change.", "light changes"),
        ("", "door opens"),
        ("The centre is empty.", "woman enters"),
    ],
)
def test_an_objective_is_not_met_by_other_words(text: str, objective: str) -> None:
    assert coverage(text, [objective]) == 0.0


def test_a_part_of_the_words_conveys_a_part() -> None:
    assert 0 < coverage("A woman enters the room.", ["character enters room"]) < 1


def test_coverage_is_the_share_of_the_objectives() -> None:
    assert coverage("The taxi stops.", ["taxi stops", "driver gets out"]) == 0.5


def test_a_pronoun_takes_its_words_from_the_sentence_before() -> None:
    assert coverage("A boy runs in. He grabs the flour.", ["boy grabs flour"]) == 1.0


def test_a_pronoun_takes_its_words_from_the_last_of_the_history() -> None:
    history = ["A man in a coat gets out."]
    assert coverage("He opens a suitcase.", ["man opens suitcase"], history) > coverage("He opens a suitcase.", ["man opens suitcase"])


def test_words_that_a_pronoun_borrows_convey_nothing_alone() -> None:
    assert coverage("It is so.", ["man opens suitcase"], ["A man stands near a suitcase."]) == 0.0


def test_what_the_history_met_is_neutral() -> None:
    objectives = ["taxi stops", "man gets out"]
    assert coverage("A man gets out.", objectives, ["The taxi stops."]) == coverage("A man gets out.", ["man gets out"]) == 1.0


def test_what_the_history_conveyed_in_part_is_not_earned_again() -> None:
    objectives, history = ["something moves to the left at the bottom"], ["Something moves to the right at the bottom."]
    assert coverage("Something moves to the right at the bottom.", objectives, history) == 0.0
    assert coverage("Something moves to the left at the bottom.", objectives, history) == 1.0


def test_words_scattered_over_the_history_do_not_meet_an_objective() -> None:
    assert coverage("Nobody is there.", ["man opens door"], ["A man walks.", "A door.", "A shop opens."]) == 0.0


def test_with_nothing_left_to_convey_coverage_is_full() -> None:
    assert coverage("Whatever.", []) == coverage("Whatever.", ["taxi stops"], ["The taxi stops."]) == 1.0


def test_an_endless_list_does_not_count_as_one_statement() -> None:
    filler = " ".join(f"thing{number}" for number in range(40))
    assert coverage(f"man {filler} suitcase {filler} opens", ["man opens suitcase"]) == 0.0
