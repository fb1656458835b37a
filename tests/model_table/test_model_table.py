from datetime import date
from pathlib import Path

import pytest

from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import ModelFacts, model_table

TODAY = date(2026, 11, 20)
LITE = "gemini-3.5-flash-lite"


def test_a_million_tokens_cost_what_the_table_says() -> None:
    assert model_table().of(LITE).cost_usd(TODAY, input_tokens=1_000_000, output_tokens=1_000_000) == pytest.approx(2.80)


def test_cached_input_is_charged_at_its_own_price() -> None:
    assert model_table().of(LITE).cost_usd(TODAY, input_tokens=1_000_000, cached_tokens=500_000) == pytest.approx(0.165)


def test_the_flex_tier_costs_half() -> None:
    facts = model_table().of(LITE)
    standard, flex = (facts.cost_usd(TODAY, input_tokens=1000, output_tokens=100, flex=flex) for flex in (False, True))
    assert flex == pytest.approx(standard / 2)


def test_a_price_changes_on_its_day() -> None:
    facts = model_table().of("gemini-3.8-flash")
    before, after = (facts.cost_usd(day, input_tokens=1_000_000) for day in (date(2026, 12, 31), date(2027, 1, 1)))
    assert (before, after) == (pytest.approx(0.75), pytest.approx(1.50))


def test_a_model_that_is_not_in_the_table_has_no_price_and_no_quota() -> None:
    assert model_table().of("somebody/else") == ModelFacts()
    assert model_table().of("somebody/else").cost_usd(TODAY, input_tokens=1_000_000) == 0


def test_a_model_is_found_by_its_full_name_too() -> None:
    assert model_table().of(f"models/{LITE}") == model_table().of(LITE)


def test_an_override_replaces_what_it_says_of_a_model_and_adds_to_the_version(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"version: mine\nmodels:\n  {LITE}:\n    quota: {{rpm: 10}}\n  my-own: {{}}\n")

    table = model_table(mine)

    assert table.of(LITE).quota.rpm == 10
    assert table.of(LITE).prices == model_table().of(LITE).prices
    assert table.knows("my-own")
    assert table.version == f"{model_table().version}+mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("version: a\nmodels: [", r"no YAML \(line 2: "),
        ("models: {}", "version"),
        ("", "it is empty"),
        ("version: a\nmodels: {m: {quota: {rpm: -1}}}", "rpm"),
        ("version: a\nmodels: {m: {price: 3}}", "models.m.price: there is no such field"),
    ],
)
def test_an_override_that_is_no_table_says_where(tmp_path: Path, content: str, said: str) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(content)
    with pytest.raises(SettingError, match=said):
        model_table(mine)


def test_a_version_may_be_a_date_without_quotes(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 2026-12-01\nmodels: {}\n")
    assert model_table(mine).version.endswith("+2026-12-01")


def test_an_override_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nowhere\.yaml"):
        model_table(tmp_path / "nowhere.yaml")
