"""The two thresholds of the dataset, and what a check that forbids to go on does to a run."""

from collections.abc import Iterator

import dagster as dg
import pytest

from streamcap_dagster.assets.corpus_checks import OUTCOMES, ROWS, every_video_is_in, few_failed, no_fault, unless_blocked
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.settings import read_settings

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.mark.parametrize(
    ("outcomes", "failed", "passed", "severity"),
    [
        ({"ok": 60, "no_change": 40}, 0, True, WARN),
        ({"ok": 59, "no_change": 39, "blocked": 2}, 0, True, WARN),
        ({"ok": 57, "no_change": 40, "blocked": 1, "empty": 1, "invalid": 1}, 0, False, WARN),
        ({"ok": 79, "truncated": 21}, 0, False, ERROR),
        ({"ok": 100}, 2, False, WARN),
        ({"ok": 100}, 20, False, ERROR),
        ({}, 0, True, WARN),
    ],
    ids=["all well", "as many as is allowed", "some windows", "many windows", "some videos", "many videos", "nothing at all"],
)
def test_more_that_failed_than_is_allowed_warns_and_much_more_is_an_error(outcomes: dict[str, int], failed: int, passed: bool, severity: object) -> None:
    result = few_failed(outcomes, 40, [f"v{number}" for number in range(failed)], read_settings(warn_failed_share=0.02, max_failed_share=0.2))

    assert (result.passed, result.severity) == (passed, severity)


def test_the_videos_that_are_not_in_are_told_one_after_the_other() -> None:
    assert every_video_is_in({"owl": "It is no video. Remove it.", "cat": "It is empty."}).description == "It is no video. Remove it; It is empty"


def test_one_of_a_few_is_no_error() -> None:
    assert few_failed({"ok": 5, "blocked": 5}, 2, ["owl"], read_settings()).severity == WARN


def test_what_failed_is_told_in_numbers() -> None:
    result = few_failed({"ok": 3, "blocked": 1}, 3, ["owl"], read_settings())

    assert result.description == (
        "1 of 4 windows have no usable caption (25.0%) and 1 of 4 videos failed (25.0%), with STREAMCAP_WARN_FAILED_SHARE=0.02, STREAMCAP_MAX_FAILED_SHARE=0.2"
    )


def _run(check: dg.AssetCheckResult) -> dg.ExecuteInProcessResult:
    """An asset with this result, and one that is made of it."""

    @dg.asset(check_specs=[dg.AssetCheckSpec(str(check.check_name), asset="whole", blocking=True)])
    def whole() -> Iterator[Materialized]:
        yield from unless_blocked("whole", Materialized(check_results=[check]))

    @dg.asset(deps=["whole"])
    def published() -> None: ...

    return dg.materialize([whole, published], instance=dg.DagsterInstance.ephemeral(), raise_on_error=False)


def _made(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.step_materialization_data.materialization.asset_key.to_user_string() for event in result.all_events if event.is_step_materialization]


def test_nothing_is_made_of_what_is_wrong_and_the_failure_says_what_and_how_to_fix_it() -> None:
    result = _run(no_fault(ROWS, ["train.json: a", "b", "c", "d"], reused=False))

    assert _made(result) == ["whole"]
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None
    assert failure.description == (
        "whole did not pass the check rows_equal_videos: train.json: a; b; c. Materialize it again: it is written anew. If that comes to the same, report this."
    )


def test_a_warning_holds_up_nothing() -> None:
    assert _made(_run(few_failed({"ok": 95, "blocked": 5}, 3, [], read_settings()))) == ["whole", "published"]


def test_too_many_failures_hold_up_what_is_made_of_the_dataset() -> None:
    result = few_failed({"ok": 20, "blocked": 20}, 3, [], read_settings())

    assert result.check_name == OUTCOMES
    assert _made(_run(result)) == ["whole"]
