"""What goes wrong on the way to a bucket and back: a run lives through it, and leaves what a run leaves that nothing disturbed."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.gcs_runs.clouds import (
    BUCKET,
    INCOMING,
    Reference,
    cloud_project,
    digests,
    ended,
    final_objects,
    run,
    running_command,
    torn,
    until,
    upload_videos,
    wrote,
)

STORM_S, AWAY_S = 3, 2
SENTENCE = "Stopped. What was finished is kept; run the same command again to go on."
FETCHED = (
    Fault("truncated", on="download", where="incoming/clock", after=500),
    Fault("corrupted", on="download", where="incoming/clock", after=500),
    Fault("cut_download", on="download", where="incoming/life", after=500),
    Fault("corrupted", on="download", where="initial_captions/clock", after=50),
    Fault("truncated", on="download", where="sft_examples/life", after=50),
    Fault("html_502", on="download", where="rl_examples/life"),
    Fault("lost_answer", on="delete", where="leases/life"),
    Fault("lost_answer", on="delete", where="calls/"),
    Fault("stale_list", on="list", seconds=60),
    Fault("repeating_list", on="list"),
)
SENT = (
    Fault("cut_upload", on="upload", after=300),
    Fault("corrupted_upload", on="upload", after=10),  # what frames the object and its description
    Fault("corrupted_upload", on="upload", after=450),  # the object
    Fault("lost_answer", on="upload"),
    Fault("too_fast_429", on="upload"),
)
"""Which object an upload is of stands in its body, so that these befall whatever is sent next."""


@pytest.fixture
def bad_line() -> Iterator[Running]:
    """An emulator that fails every twentieth request, and lists three objects to a page."""
    with running(Options(buckets=(BUCKET,), faults=0.05, seed=4, page_size=3)) as emulator:
        yield emulator


def test_what_is_spoilt_cut_or_unanswered_on_the_way_leaves_no_trace(bad_line: Running, reference: Reference, tmp_path: Path) -> None:
    upload_videos(bad_line, reference)
    project = cloud_project(tmp_path, bad_line, reference, STREAMCAP_SOURCE=INCOMING)
    bad_line.order(*FETCHED, *(one for fault in SENT * 5 for one in (fault, Fault("none", on="upload"))))

    ran = run(project)

    assert ran.status == 0, ran.said
    assert digests(final_objects(bad_line)) == digests(reference.objects)
    assert bad_line.service.faults.pending == 0
    assert sum(row.fault == "corrupted_upload" and row.status == 400 for row in bad_line.journal.rows) > 5


def test_a_bucket_that_answers_503_and_then_is_gone_and_comes_back_is_waited_for(reference: Reference, tmp_path: Path) -> None:
    kept = Options(buckets=(BUCKET,), folder=tmp_path / "kept")
    with ExitStack() as runs:
        with running(kept) as first:
            process = runs.enter_context(running_command(cloud_project(tmp_path / "project", first, reference)))
            until(lambda: first.journal.count() >= 15, process)
            first.storm(STORM_S)
            until(lambda: wrote(first, "frames/clock.parquet"), process)
        time.sleep(AWAY_S)
        with running(kept, int(first.url.rsplit(":", 1)[1])) as second:
            ran = ended(process)
            found = final_objects(second)

    assert ran.status == 0, ran.said
    assert digests(found) == digests(reference.objects)
    assert any(row.status == 503 for row in first.journal.rows)


def test_a_run_that_waits_for_a_lost_bucket_ends_as_soon_as_it_is_told(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    project = cloud_project(tmp_path, gcs, reference)
    with running_command(project) as process:
        until(lambda: wrote(gcs, "clips/life.json"), process)
        gcs.storm(600)
        failing = gcs.journal.count()
        until(lambda: gcs.journal.count() >= failing + 3, process)
        began_s = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        ran = ended(process, within_s=40)

    assert ran.status == 130
    assert [line for line in ran.complained.splitlines() if line and "It is waited for" not in line] == [SENTENCE]
    assert time.monotonic() - began_s < 30
    gcs.storm(0)
    assert torn(final_objects(gcs), reference) == []
