"""The scores in docs/: the page says what the numbers say, and the numbers are of the measures that there are."""

import json
from typing import Any

import pytest

from docs.drawn_world_scores import RESULT, page
from streamcap_dagster.evaluation.measures import MEASURES


@pytest.fixture
def told() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(RESULT.read_text())
    return content


def test_the_page_is_made_of_the_numbers(told: dict[str, Any]) -> None:
    assert RESULT.with_suffix(".md").read_text() == "\n".join(page(told["scores"], told["measures"])) + "\n"


def test_the_measures_are_those_of_today(told: dict[str, Any]) -> None:
    assert told["measures"] == {measure.name: {"better": measure.better, "unit": measure.unit, "about": measure.about} for measure in MEASURES}


def test_the_published_ranking_is_as_a_person_would_have_it(told: dict[str, Any]) -> None:
    overall = {name: score["measures"]["overall"]["value"] for name, score in told["scores"].items()}
    assert overall["recorded"] == 1
    assert 1 > overall["previous"] > overall["shuffled"] > overall["repeat"] == overall["silent"] == 0
    assert 1 > overall["offline"] > overall["silent"]
