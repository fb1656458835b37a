"""All thresholds are in one place, and a flag tells which of them was passed."""

import re
from dataclasses import replace

import pytest

from streamcap_dagster.quality import thresholds
from streamcap_dagster.quality.thresholds import METRICS, Levels, flags
from tests.quality.said import last, measured


@pytest.mark.parametrize(("value", "verdict"), [(0.49, "ok"), (0.5, "warn"), (0.79, "warn"), (0.8, "error"), (2, "error")])
def test_a_value_is_judged_by_the_worst_level_that_it_reaches(value: float, verdict: str) -> None:
    assert Levels(0.5, 0.8).verdict(value) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.3, "ok"), (0.25, "warn"), (0.01, "warn"), (0, "error")])
def test_where_less_is_worse_it_is_judged_from_above(value: float, verdict: str) -> None:
    assert Levels(0.25, 0, falling=True).verdict(value) == verdict


def test_without_a_level_of_error_nothing_is_one() -> None:
    assert Levels(1).verdict(1_000_000) == "warn"


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_what_is_wrong_is_not_reached_before_what_is_worth_a_look(metric: thresholds.Metric) -> None:
    for levels in (metric.window, metric.video, metric.dataset):
        assert levels.error is None or (levels.error <= levels.warn if levels.falling else levels.error >= levels.warn)


def test_an_error_is_flagged_beside_the_warning_that_it_is_too() -> None:
    assert flags({"redundancy": 1.0, "novelty": 0.9}) == ("redundancy", "redundancy_error")


def test_every_metric_is_one_that_windows_are_measured_by() -> None:
    assert {*METRICS} <= {*measured("A dog.")[0].model_dump()}


def test_every_flag_of_a_window_is_the_name_of_a_metric() -> None:
    said = "I'm sorry, in frame 3 of this video the dog continues to bark: bark bark bark bark bark bark bark bark bark bark bark bark at 0:05."
    window = last(said, said, said)
    assert {re.sub("_error$", "", flag) for flag in window.flags} <= {*METRICS}
    assert len(window.flags) > 8


def test_another_threshold_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = thresholds.version()
    monkeypatch.setitem(METRICS, "times", METRICS["refusal"])
    assert thresholds.version() != before


def test_another_level_of_drift_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = thresholds.version()
    monkeypatch.setattr(thresholds, "DRIFT", replace(thresholds.DRIFT, video=Levels(0.9)))
    assert thresholds.version() != before
