"""What a watched backfill tells, whoever does its runs; the heavy tests watch one that a real daemon does."""

import io
import os
import signal
import threading

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.storage.tags import BACKFILL_ID_TAG
from rich.console import Console

from streamcap_dagster.automation.backfills import launch_backfill
from streamcap_dagster.cli.instance import open_instance
from streamcap_dagster.cli.progress import Watcher
from streamcap_dagster.cli.run import Graph
from streamcap_dagster.cli.watch_backfill import NotWatched, newest_event, watch_backfill
from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions
from tests.assets.project import PER_VIDEO_NAMES, Project


def test_every_video_is_told_as_made_failed_or_left(ready: Project) -> None:
    (ready.source / "b.mp4").write_bytes(b"other bytes")
    out = io.StringIO()
    watcher = Watcher(Console(file=out, width=200))
    with open_instance() as instance:
        backfill_id, since = _launched(instance)
        Graph(build_definitions(read_settings()), instance, {BACKFILL_ID_TAG: backfill_id}).make_videos(PER_VIDEO_NAMES, ["a", "b"])
        Graph(build_definitions(read_settings()), instance).make_videos(PER_VIDEO_NAMES, ["c"])  # somebody else's run
        _end(instance, backfill_id, BulkActionStatus.COMPLETED_FAILED)

        ended = watch_backfill(Console(file=out), instance, backfill_id, ["a", "b", "c"], watcher, since)

    assert (ended.well, ended.state.status, ended.left) == (False, "COMPLETED_FAILED", ["c"])
    assert (watcher.tally.made, watcher.tally.videos, list(watcher.tally.failures)) == (len(PER_VIDEO_NAMES), 2, ["b"])
    assert "b: failed: video b: 'b.mp4' has other bytes" in out.getvalue()


def test_why_a_run_as_a_whole_went_wrong_is_told_once(ready: Project) -> None:
    out = io.StringIO()
    with open_instance() as instance:
        backfill_id, since = _launched(instance)
        job, tags = build_definitions(read_settings()).resolve_job_def("caption_videos"), {BACKFILL_ID_TAG: backfill_id, "dagster/max_retries": "0"}
        for status in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.STARTED):
            run = instance.create_run_for_job(job, tags=tags, status=status)
        instance.report_run_failed(run, "its machine was switched off")
        _end(instance, backfill_id, BulkActionStatus.COMPLETED_FAILED)

        watch_backfill(Console(file=out, width=200), instance, backfill_id, ["a"], Watcher(Console(file=out)), since)

    assert (out.getvalue().count("was canceled"), out.getvalue().count("its machine was switched off")) == (1, 1)


def test_ctrl_c_says_that_it_goes_on_and_how_to_end_it(ready: Project) -> None:
    console = Console(file=io.StringIO())
    with open_instance() as instance:
        backfill_id, since = _launched(instance)
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()

        with pytest.raises(NotWatched, match=f"backfill {backfill_id} goes on .* `streamcap backfill --cancel {backfill_id}` ends it"):
            watch_backfill(console, instance, backfill_id, ["a"], Watcher(console), since)


def test_a_silent_daemon_is_told_once(ready: Project) -> None:
    out = io.StringIO()
    with open_instance() as instance:
        backfill_id, since = _launched(instance)
        threading.Timer(3.0, _end, (instance, backfill_id, BulkActionStatus.CANCELED)).start()

        watch_backfill(Console(file=out, width=200), instance, backfill_id, ["a"], Watcher(Console(file=out)), since)

    assert out.getvalue().count("has given no sign of life") == 1


def _launched(instance: dg.DagsterInstance) -> tuple[str, int]:
    since = newest_event(instance)
    return launch_backfill(instance, build_definitions(read_settings()).resolve_asset_graph(), ["a", "b", "c"], "a test", {}), since


def _end(instance: dg.DagsterInstance, backfill_id: str, status: BulkActionStatus) -> None:
    """As a daemon does."""
    backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    instance.update_backfill(backfill._replace(status=status))
