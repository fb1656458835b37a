"""The measures of captions: what they come to, and whom they rank before whom."""

import random

import pytest

from streamcap_dagster.evaluation.measures import MEASURES, OVERALL, Scores, score
from streamcap_dagster.evaluation.speech import POLICIES, said_by, said_by_policy
from streamcap_dagster.evaluation.tally import tally
from tests.evaluation.world import EMPTY, EVENTS, PERFECT, captions, event, world

WINDOWS = said_by(captions(*PERFECT))


def shifted(by_s: float) -> tuple[object, ...]:
    """The same events at another time, so that worlds differ."""
    return tuple(event.model_copy(update={"start_s": event.start_s + by_s, "end_s": event.end_s + by_s}) for event in EVENTS)


WORLDS = [world(f"world-{number}", events=shifted(by_s)) for number, by_s in enumerate((0.0, 0.4, 2.0, 2.4, 4.0, 4.4))]


def scores_of(policy: str) -> Scores:
    return score(policy, [tally(truth, said_by_policy(policy, truth, WINDOWS)) for truth in WORLDS])


def values(scores: Scores) -> dict[str, float | None]:
    return {name: interval.value for name, interval in scores.measures.items()}


def test_the_perfect_captions_are_perfect() -> None:
    perfect = values(scores_of("perfect"))
    of_all = [measure.name for measure in MEASURES if measure.better == "more"]
    of_none = ("redundancy", "repeated", "leaked", "false_events", "false_things", "failed")
    assert [name for name in of_all if perfect[name] != 1] == []
    assert [name for name in of_none if perfect[name] != 0] == []


def test_policies_are_ranked_as_a_person_would() -> None:
    ranked = {policy: scores_of(policy).overall for policy in POLICIES}
    assert ranked["perfect"] > ranked["previous"] > ranked["shuffled"] > ranked["repeat"] == ranked["silent"] == 0


def test_bounds_leave_no_doubt_that_the_perfect_captions_are_best() -> None:
    lowest = scores_of("perfect").measures[OVERALL].low
    others = [scores_of(policy).measures[OVERALL].high for policy in POLICIES if policy != "perfect"]
    assert all(lowest is not None and high is not None and high < lowest for high in others)


@pytest.mark.parametrize(
    ("policy", "weak", "strong"),
    [("silent", "event_recall", "silence_recall"), ("repeat", "silence_recall", "event_recall"), ("previous", "silence_recall", "event_recall")],
)
def test_each_policy_fails_where_it_should(policy: str, weak: str, strong: str) -> None:
    measured = values(scores_of(policy))
    assert (measured[weak] or 0) < 0.7
    assert (measured[strong] or 0) > 0.9


def test_captions_of_another_window_leak() -> None:
    assert (values(scores_of("shuffled"))["leaked"] or 0) > 0


def test_captions_of_the_window_before_come_a_window_later() -> None:
    late, right = values(scores_of("previous"))["delay"], values(scores_of("perfect"))["delay"]
    assert late is not None
    assert right is not None
    assert late - right == pytest.approx(2.0, abs=0.75)


def test_the_three_of_livestar_are_as_it_defines_them() -> None:
    said = said_by(captions(*["", "A red ball rolls in.", "", "", "", "The man walks to the box.", "The red ball turns blue.", "", "The man leaves.", "So."]))
    measured = values(score("run", [tally(world(), said)]))
    delays = (4.0 - 3.5, 12.0 - 7.0, 14.0 - 13.0, 18.0 - 15.0)
    captions_of_segments = (1, 1, 1, 2)

    assert measured["delay"] == pytest.approx(sum(delays) / 4)
    assert measured["redundancy"] == sum(abs(1 - count) for count in captions_of_segments) / 4
    assert measured["coverage"] == 1


def test_a_segment_that_nobody_tells_is_late_by_all_of_it() -> None:
    measured = values(score("run", [tally(world(), said_by(captions(*EMPTY)))]))
    assert measured["delay"] == pytest.approx(((6.0 - 3.5) + (12.0 - 7.0) + (14.0 - 13.0) + (20.0 - 15.0)) / 4)
    assert (measured["coverage"], measured["redundancy"]) == (0, 1)


def test_types_are_told_apart() -> None:
    said = said_by(captions(*["" if "ball" in text else text for text in PERFECT]))
    types = {of_type.type: of_type for of_type in score("run", [tally(world(), said)]).types}
    assert {name: of_type.recall for name, of_type in types.items()} == {"enter": 0, "move": 1, "change": 0, "leave": 1, "camera": None}
    assert types["camera"].silence == 1


def test_a_false_event_is_against_the_precision_of_its_type() -> None:
    said = said_by(captions(*[*PERFECT[:9], "A dog rolls in."]))
    types = {of_type.type: of_type.precision for of_type in score("run", [tally(world(), said)]).types}
    assert (types["enter"], types["leave"]) == (0.5, 1)


def test_what_is_made_up_where_there_is_something_to_tell_costs() -> None:
    made_up = [*PERFECT[:7], f"{PERFECT[7]} A dog enters.", "", ""]
    right, more = (score("run", [tally(world(), said_by(captions(*texts)))]).overall for texts in (PERFECT, made_up))
    assert more < right


def test_a_world_without_events_is_judged_by_silence_alone() -> None:
    calm = world(events=(event(0, "camera", 8.2, 9.8, "The camera shakes.", (), semantic=False),))
    assert score("run", [tally(calm, said_by(captions(*EMPTY)))]).overall == 1


def test_a_world_in_which_something_happens_all_the_time_is_judged_by_its_events_alone() -> None:
    busy = world(events=EVENTS[:1])
    assert score("run", [tally(busy, said_by(captions(*PERFECT[:2])))]).overall == 1


def test_the_order_of_windows_and_of_videos_is_of_no_matter() -> None:
    shuffled = captions(*PERFECT)
    random.Random(1).shuffle(shuffled)
    tallies = [tally(truth, WINDOWS) for truth in WORLDS]
    assert tally(world(), said_by(shuffled)) == tally(world(), WINDOWS)
    assert values(score("run", tallies)) == pytest.approx(values(score("run", tallies[::-1])))


def test_bounds_are_the_same_every_time() -> None:
    assert scores_of("previous").measures == scores_of("previous").measures


def test_one_video_says_nothing_of_others() -> None:
    assert score("run", [tally(world(), WINDOWS)]).measures[OVERALL].low is None
