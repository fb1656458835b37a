"""Whether Dagster finds the dataset fresh, as its daemon evaluates it on a given day."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import FRESHNESS_EVALUATORS_BY_POLICY_TYPE
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions

DATASET = dg.AssetKey("hf_dataset")
LOOKED_AT = datetime(2026, 5, 1, 2, tzinfo=UTC)


def state(instance: dg.DagsterInstance) -> FreshnessState:
    node = build_definitions(read_settings()).resolve_asset_graph().get(DATASET)
    evaluator = FRESHNESS_EVALUATORS_BY_POLICY_TYPE[type(node.freshness_policy)]()
    return asyncio.run(evaluator.evaluate_freshness(LoadingContextForTest(instance), node))


@pytest.mark.parametrize(("nights", "expected"), [(1, FreshnessState.PASS), (2, FreshnessState.WARN), (7, FreshnessState.WARN), (8, FreshnessState.FAIL)])
def test_a_dataset_that_no_night_has_looked_at_is_warned_of_and_after_a_week_is_overdue(nights: int, expected: FreshnessState) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        with freeze_time(LOOKED_AT):
            instance.report_runless_asset_event(dg.AssetMaterialization(DATASET))
        with freeze_time(LOOKED_AT + timedelta(days=nights)):
            assert state(instance) == expected


def test_the_daemon_of_the_instance_that_is_shipped_evaluates_it(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert "FRESHNESS_DAEMON" in instance.get_required_daemon_types()
