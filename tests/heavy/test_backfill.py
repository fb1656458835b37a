"""Backfills that Dagster's daemon runs side by side, with a captioner that has to be paid."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionStatus

from streamcap_dagster.automation.backfills import launch_backfill
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES
from tests.gemini.runs import answered, emulator_process, gemini_project, key_of
from tests.heavy.daemon import daemon, until

pytestmark = pytest.mark.heavy

VIDEOS = ["video0", "video1"]


@pytest.mark.timeout(600)
def test_two_backfills_of_the_same_videos_complete_both_and_pay_for_one(tmp_path: Path) -> None:
    project = gemini_project(tmp_path / "project", len(VIDEOS))
    with emulator_process(tmp_path / "journal.jsonl", "--latency-ms", "400..800", "--key", key_of(project)) as emulator:
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = emulator.url
        assert project.materialize(["video_catalog"]).returncode == 0
        with dg.DagsterInstance.from_config(str(project.home)) as instance:
            graph = build_definitions(read_settings()).resolve_asset_graph()
            for name in ("first", "second"):
                launch_backfill(instance, graph, VIDEOS, name, {})

            def ended() -> list[BulkActionStatus]:
                states = [backfill.status for backfill in instance.get_backfills()]
                return states if all(state in BULK_ACTION_TERMINAL_STATUSES for state in states) else []

            with daemon(project):
                states = until(ended, 300, "both backfills to end")
            began = [run.start_time for run in instance.get_run_records(limit=2)]
            over = [run.end_time for run in instance.get_run_records(limit=2)]

    assert states == [BulkActionStatus.COMPLETED_SUCCESS] * 2
    assert max(began) < min(over), "the runs were not side by side"
    assert all(project.materialized(name) == set(VIDEOS) for name in PER_VIDEO_NAMES)
    assert (len(emulator.rows()), set(answered(emulator.rows()).values())) == (2 * 4, {1})
