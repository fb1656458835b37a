"""Short answers held against each other by their words: what is surely the same, what surely is not, and what only a reader can tell."""

import pytest

from streamcap_dagster.captions.reconstruction.short_answers import is_untold, likeness


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("red", "red"),
        ("red", "Red."),
        ("a red car", "the red cars"),
        ("on the left", "Left"),
        ("red car", "a small red car"),
        ("two", "2"),
        ("3 dogs", "three dogs"),
        ("nobody", "Nobody"),
        ("EXIT", "exit"),
        ("%", "%"),
    ],
)
def test_the_same_in_other_forms_is_the_same(expected: str, given: str) -> None:
    assert likeness(expected, given) == "same"


@pytest.mark.parametrize(
    ("expected", "given"), [("red", ""), ("red", "unknown"), ("red", "Not mentioned."), ("two", "three"), ("2 dogs", "three dogs"), ("red", " – ")]
)
def test_no_answer_and_another_number_are_other_answers(expected: str, given: str) -> None:
    assert likeness(expected, given) == "other"


@pytest.mark.parametrize(
    ("expected", "given"),
    [("car", "automobile"), ("red car", "car"), ("open", "not open"), ("nobody", "a man"), ("two dogs", "dogs"), ("€", "$"), ("%", "percent")],
)
def test_whether_other_words_mean_the_same_words_cannot_tell(expected: str, given: str) -> None:
    assert likeness(expected, given) == "unclear"


@pytest.mark.parametrize("answer", ["none", "nothing", "nobody", "0"])
def test_that_there_is_none_is_an_answer(answer: str) -> None:
    assert not is_untold(answer)
