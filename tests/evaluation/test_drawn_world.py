"""The measures on drawn videos, as they are plotted: the right captions have full marks, and every other policy less, in the order that a person would say."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.evaluation.measures import MEASURES, OVERALL, Scores, score
from streamcap_dagster.evaluation.speech import POLICIES, Said, said_by_policy
from streamcap_dagster.evaluation.tally import tally
from streamcap_dagster.truth import DrawnTruth

TRUTHS = [plot(11, number).truth for number in range(8)]


def windows(truth: DrawnTruth, window_s: float = 2.0) -> list[Said]:
    return [Said(0, number, number * window_s, (number + 1) * window_s, number == 0, "") for number in range(int(truth.duration_s // window_s))]


@pytest.fixture(scope="module")
def scores() -> dict[str, Scores]:
    return {policy: score(policy, [tally(truth, said_by_policy(policy, truth, windows(truth))) for truth in TRUTHS]) for policy in POLICIES}


def test_the_right_captions_have_full_marks(scores: dict[str, Scores]) -> None:
    perfect = {name: interval.value for name, interval in scores["perfect"].measures.items()}
    assert {measure.name: perfect[measure.name] for measure in MEASURES if measure.better == "more" and perfect[measure.name] != 1} == {}
    assert [name for name in ("redundancy", "repeated", "leaked", "false_events", "false_things") if perfect[name]] == []


def test_policies_are_ranked_as_a_person_would(scores: dict[str, Scores]) -> None:
    ranked = {policy: scores[policy].overall for policy in POLICIES}
    assert ranked["perfect"] > ranked["previous"] > ranked["shuffled"] > ranked["repeat"] == ranked["silent"] == 0


def test_bounds_tell_the_best_three_apart(scores: dict[str, Scores]) -> None:
    perfect, previous, shuffled = (scores[policy].measures[OVERALL] for policy in ("perfect", "previous", "shuffled"))
    assert (perfect.low or 0) > (previous.high or 1)
    assert (previous.low or 0) > (shuffled.high or 1)


@pytest.mark.parametrize("window_s", [1.0, 3.0])
def test_the_right_captions_of_other_windows_have_full_marks_too(window_s: float) -> None:
    told = score("perfect", [tally(truth, said_by_policy("perfect", truth, windows(truth, window_s))) for truth in TRUTHS])
    assert told.overall == pytest.approx(1)


def test_what_was_true_is_never_made_up_when_it_is_said_again(scores: dict[str, Scores]) -> None:
    counts = scores["repeat"].counts
    assert (counts["false_event"], counts["false_thing"], counts["leaked"]) == (0, 0, 0)


def changed(change: Callable[[DrawnTruth, Said], str]) -> Scores:
    """The right deltas, each changed in one way."""
    return score("changed", [tally(truth, [at if at.full else replace(at, text=change(truth, at)) for at in perfect(truth)]) for truth in TRUTHS])


def perfect(truth: DrawnTruth) -> list[Said]:
    return said_by_policy("perfect", truth, windows(truth))


def other_colours(truth: DrawnTruth, at: Said) -> str:
    """Every colour of the world becomes one that nothing has."""
    return re.sub(rf"\b({'|'.join(truth.colours)})\b", "turquoise", at.text)


CHANGES: dict[str, tuple[Callable[[DrawnTruth, Said], str], str]] = {
    "other colours": (other_colours, "false_events"),
    "every second one left out": (lambda _, at: at.text if at.window % 2 else "", "event_recall"),
    "a thing that is not there": (lambda _, at: f"{at.text} A wooden traffic cone vanishes." if at.text else "", "false_events"),
    "words about the camera": (lambda _, at: at.text or "The camera pans to the left.", "idle_silence"),
    "the scene again": (lambda truth, at: f"{at.text} {truth.scene}" if at.text else "", "repeated"),
    "talk in silences": (lambda _, at: at.text or "Everything stays as it is.", "silence_recall"),
}


@pytest.mark.parametrize(("change", "shows_in"), CHANGES.values(), ids=CHANGES)
def test_each_fault_costs_and_shows_in_its_own_measure(scores: dict[str, Scores], change: Callable[[DrawnTruth, Said], str], shows_in: str) -> None:
    faulty, right = changed(change), scores["perfect"]
    better = next(measure.better for measure in MEASURES if measure.name == shows_in)
    now, before = (one.measures[shows_in].value for one in (faulty, right))

    assert faulty.overall < right.overall
    assert now is not None
    assert before is not None
    assert now < before if better == "more" else now > before
