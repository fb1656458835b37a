"""Two runs on the same windows: by how much one is better, and how sure that is."""

from collections.abc import Callable

import pytest

from streamcap_dagster.evaluation.comparing import Place, Values, Verdict, difference, win_rate

PLACES: list[Place] = [(f"video-{video}", 0, window) for video in range(12) for window in range(8)]


def run(value: Callable[[Place], float | None]) -> Values:
    return {place: value(place) for place in PLACES}


def noise(place: Place) -> float:
    return (hash_of(place) % 100) / 1000


def hash_of(place: Place) -> int:
    return int(place[0].removeprefix("video-")) * 37 + place[2] * 61


OLD = run(noise)
BETTER = run(lambda place: noise(place) + 0.2)
OTHERWISE = run(lambda place: noise((place[0], 0, (place[2] + 3) % 8)))


def test_a_run_that_is_better_everywhere_is_surely_better() -> None:
    found = difference(OLD, BETTER)
    assert found.change.value == pytest.approx(0.2)
    assert (found.change.low, found.change.high) == (pytest.approx(0.2), pytest.approx(0.2))
    assert found.sure


def test_a_run_that_differs_by_chance_is_not_surely_better() -> None:
    assert not difference(OLD, OTHERWISE).sure


def test_the_same_run_differs_by_nothing() -> None:
    found = difference(OLD, OLD)
    assert (found.change.value, found.change.low, found.change.high, found.sure) == (0, 0, 0, False)


def test_pairing_gives_narrower_bounds_than_two_runs_by_themselves() -> None:
    found = difference(OLD, BETTER)
    assert found.old.low is not None
    assert found.old.high is not None
    assert found.change.high is not None
    assert found.change.low is not None
    assert found.change.high - found.change.low < (found.old.high - found.old.low) / 10


def test_swapping_the_runs_turns_the_difference_round() -> None:
    one, other = difference(OLD, OTHERWISE).change, difference(OTHERWISE, OLD).change
    assert (one.value, one.low, one.high) == (pytest.approx(-(other.value or 0)), pytest.approx(-(other.high or 0)), pytest.approx(-(other.low or 0)))


def test_the_order_of_windows_is_of_no_matter() -> None:
    assert difference(dict(reversed(OLD.items())), BETTER) == difference(OLD, BETTER)


def test_a_window_counts_for_a_run_where_the_measure_applies_to_it() -> None:
    half = run(lambda place: None if place[2] % 2 else 1.0)
    assert difference(OLD, half).new.value == 1


def test_a_measure_that_applies_nowhere_is_not_measured() -> None:
    found = difference(OLD, run(lambda place: None))
    assert (found.new.value, found.change.value, found.sure) == (None, None, False)


def test_of_one_video_nothing_is_sure() -> None:
    one = {place: value for place, value in OLD.items() if place[0] == "video-0"}
    found = difference(one, dict.fromkeys(one, 1.0))
    assert (found.change.low, found.sure) == (None, False)


def test_runs_measured_on_other_windows_are_not_compared() -> None:
    with pytest.raises(ValueError, match="video-0"):
        difference(OLD, {place: value for place, value in OLD.items() if place != ("video-0", 0, 0)})


def test_nobody_wins_where_nothing_was_judged() -> None:
    assert win_rate({}).rate.value is None


def test_ties_are_half_a_win() -> None:
    judged: dict[Place, Verdict] = {place: ("new", "new", "tie", "old")[place[2] % 4] for place in PLACES}
    found = win_rate(judged)
    assert (found.old, found.ties, found.new, found.rate.value) == (24, 24, 48, 0.625)


def test_a_run_that_wins_twice_as_often_in_every_video_wins_surely() -> None:
    found = win_rate({place: "old" if place[2] % 3 == 0 else "new" for place in PLACES})
    assert found.rate.low is not None
    assert found.rate.low > 0.5
