"""Drift: what was said of a segment against an independent description of where it has come to."""

import random

import pytest

from streamcap_dagster.quality.drift import drift, drifts_of
from streamcap_dagster.records import Caption
from tests.dataset.corpus import Said, captions_of, with_anchors

STREET = ("A red car stands on the street. A man sits on a bench.", "A dog lies down near the bench.")
WORDS = [
    "a",
    "the",
    "red",
    "blue",
    "car",
    "dog",
    "no",
    "leaves",
    "enters",
    "open",
    "door",
    ".",
    ",",
    ";",
    "ß",
    "界",
    "Straße",
    "猫。",
    "left",
    "three",
    "\u202e",
    "--",
    "'",
    "cars",
    "man's",
]


def texts(seed: int) -> list[str]:
    """A few texts of words by chance."""
    dice = random.Random(seed)
    return [" ".join(dice.choices(WORDS, k=dice.randint(0, 12))) for _ in range(dice.randint(1, 4))]


def captions(*texts: str, every: int = 2) -> list[Caption]:
    chain: tuple[Said, ...] = tuple(("ok", text) if text else ("blocked", "") for text in texts)
    return with_anchors(captions_of("v", [chain]), every)


def test_an_anchor_that_says_what_was_said_has_not_drifted() -> None:
    found = drift(STREET, " ".join(STREET))
    assert (found.drift, found.unsaid, found.lost) == (0.0, (), ())


def test_an_anchor_that_has_nothing_in_common_with_what_was_said_has_drifted_all_the_way() -> None:
    found = drift(["A red car."], "Two cats sleep.")
    assert (found.drift, found.unsaid, found.lost) == (1.0, ("two cats", "sleep"), ("red car",))


def test_what_the_anchor_tells_and_nobody_had_is_unsaid() -> None:
    found = drift(STREET, " ".join((*STREET, "A clock hangs on the wall.")))
    assert (found.unsaid, found.lost) == (("clock", "hangs", "wall"), ())


def test_what_was_said_and_the_anchor_does_not_tell_is_lost() -> None:
    found = drift((*STREET, "A clock hangs on the wall."), " ".join(STREET))
    assert (found.unsaid, found.lost) == ((), ("clock", "hangs", "wall"))


def test_a_thing_that_has_another_quality_in_the_anchor_is_told_with_both() -> None:
    found = drift(["A red car and a blue bus."], "A blue car and a red bus.")
    assert (found.unsaid, found.lost) == (("blue car", "red bus"), ("red car", "blue bus"))
    assert 0 < found.drift < 1


def test_a_thing_that_was_said_to_change_is_what_it_was_said_to_be_last() -> None:
    assert drift(["A red car.", "A blue car."], "A blue car.").drift == 0
    assert drift(["A blue car.", "A red car."], "A blue car.").lost == ("red car",)


@pytest.mark.parametrize("leaves", ["The dog leaves.", "The dog disappears behind the bench.", "The dog is gone.", "There is no dog any more."])
def test_what_was_said_to_leave_is_not_expected_in_the_anchor(leaves: str) -> None:
    assert drift(["A bench.", "A dog lies down."], "A bench.").lost == ("dog", "lies", "down")
    assert drift(["A bench.", "A dog lies down.", leaves], "A bench.").lost == ()


def test_what_comes_back_is_expected_again() -> None:
    assert drift(["A dog.", "The dog leaves.", "The dog is back."], "A bench.").lost == ("dog", "back")


def test_what_happens_in_passing_is_not_expected_in_the_anchor() -> None:
    assert drift(["A bench.", "A dog enters and runs."], "A bench and a dog.").drift == 0


def test_case_punctuation_and_endings_make_no_drift() -> None:
    assert drift(["Two dogs, SLEEPING!"], "two dog sleep").drift == 0


def test_the_order_of_an_anchor_s_sentences_makes_no_difference() -> None:
    there = drift(STREET, "A wall. A clock. The bench.")
    back = drift(STREET, "The bench. A clock. A wall.")
    assert (there.drift, set(there.unsaid), there.lost) == (back.drift, set(back.unsaid), back.lost)


@pytest.mark.parametrize("seed", range(40))
def test_a_drift_is_a_share_whatever_is_said(seed: int) -> None:
    said, anchor = texts(seed), texts(seed + 1000)
    assert 0 <= drift(said, " ".join(anchor)).drift <= 1


@pytest.mark.parametrize("seed", range(40))
def test_a_text_has_not_drifted_from_itself(seed: int) -> None:
    assert drift(texts(seed), "\n".join(texts(seed))).drift == 0


def test_each_anchor_is_held_against_the_segment_that_it_ends() -> None:
    found = drifts_of(captions("A door.", "A cat.", "A door, a cat.", "A dog.", "A door, a dog."))
    assert [(one.clip, one.window, one.unsaid, one.lost) for one in found] == [(0, 2, (), ()), (0, 4, (), ("cat",))]


def test_an_anchor_that_failed_has_no_drift_and_ends_no_segment() -> None:
    found = drifts_of(captions("A door.", "A cat.", "", "A dog.", "A door, a cat, a dog."))
    assert [(one.window, one.drift) for one in found] == [(4, 0.0)]


def test_an_anchor_before_which_nothing_was_said_has_no_drift() -> None:
    assert drifts_of(captions("", "", "A door.")) == ()


def test_captions_without_anchors_have_no_drift() -> None:
    assert drifts_of(captions("A door.", "A cat.", "A dog.", every=0)) == ()


def test_what_somebody_left_behind_or_through_is_still_expected() -> None:
    assert drift(["A door.", "A man stands there.", "The man leaves through the door."], "A street.").lost == ("door",)
