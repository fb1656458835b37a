"""A bucket that is away for long, runs that are killed anywhere, clocks that are wrong: what is left is whole, and the next run completes it."""

import random
import sys
import time
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.gemini.options import Options as GeminiOptions
from streamcap_dagster.emulators.gemini.server import running
from tests.gcs import gcs
from tests.gcs_runs.clouds import (
    BUCKET,
    PAID,
    Reference,
    check_complete,
    cloud_project,
    digests,
    ended,
    final_objects,
    kill,
    running_command,
    torn,
    until,
    wrote,
)
from tests.gcs_runs.conftest import paid_reference, reference
from tests.gcs_runs.rounds import play, racers
from tests.gemini.runs import answered

__all__ = ["gcs", "paid_reference", "reference"]

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

ROUNDS = 100
IN_FLIGHT = int(PAID["STREAMCAP_CALLS_IN_FLIGHT"])
BEAT_S = 1.0
ELSEWHERE = """
import sys, time
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.storage import processes
from streamcap_dagster.storage.gcs.leases import Leases
processes.this_machine = lambda: {host!r}
Leases.__init__.__defaults__ = ({beat_s}, time.monotonic)
PacedCaptioner.__init__.__kwdefaults__["heartbeat_s"] = {beat_s}
from streamcap_dagster.cli import main
sys.argv = ["streamcap", "run"]
main()
"""
WITH_A_MAD_CLOCK = """
import itertools, sys, time
told, jumps = time.time, itertools.cycle([0, 3 * 86400, -2 * 86400, 3600, -90, 30 * 86400])
time.time = lambda: told() + next(jumps)
from streamcap_dagster.cli import main
sys.argv = ["streamcap", "run"]
main()
"""


def on_machine(host: str) -> list[str]:
    """`streamcap run` on a machine of that name, which beats, and looks at the others, often."""
    return [sys.executable, "-c", ELSEWHERE.format(host=host, beat_s=BEAT_S)]


def asked_again(gemini: object) -> int:
    rows = answered(gemini.journal.rows)  # type: ignore[attr-defined]
    return sum(rows.values()) - len(rows)


def test_a_bucket_that_is_busy_for_half_a_minute_is_waited_for(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    project = cloud_project(tmp_path, gcs, reference)
    with running_command(project) as process:
        until(lambda: wrote(gcs, "clips/clock.json"), process)
        gcs.storm(30)
        assert ended(process).status == 0

    assert digests(final_objects(gcs)) == digests(reference.objects)


def test_a_bucket_that_stays_away_past_the_deadline_stops_the_run_in_one_sentence(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    project = cloud_project(tmp_path, gcs, reference)
    with running_command(project, STREAMCAP_STORAGE_DEADLINE_S="10") as process:
        until(lambda: wrote(gcs, "clips/clock.json"), process)
        gcs.storm(600)
        began_s = time.monotonic()
        ran = ended(process)

    assert ran.status == 1
    assert time.monotonic() - began_s < 40
    assert ran.said.count(f"gs://{BUCKET}") == 1, ran.said
    assert all(words in ran.said for words in ("for 10 s the service answered 503", "STREAMCAP_STORAGE_DEADLINE_S", "Run the same command again"))
    gcs.storm(0)
    assert torn(final_objects(gcs), reference) == []
    check_complete(project, gcs, reference)


@pytest.mark.parametrize("requests", [3, 30, 60, 90, 120])
def test_credentials_that_expire_at_any_time_stop_the_run_and_the_next_goes_on(gcs: Running, reference: Reference, tmp_path: Path, requests: int) -> None:
    project = cloud_project(tmp_path, gcs, reference)
    with running_command(project) as process:
        until(lambda: gcs.journal.count() >= requests, process)
        gcs.expire_credentials()
        ran = ended(process)
    gcs.allow_all()

    assert ran.status == 1
    assert ran.said.count("does not accept the credentials") == 1, ran.said
    assert torn(final_objects(gcs), reference) == []
    check_complete(project, gcs, reference)


@pytest.mark.parametrize("seed", range(2))
def test_of_runs_that_are_killed_at_any_time_only_what_was_in_flight_is_asked_again(gcs: Running, paid_reference: Reference, tmp_path: Path, seed: int) -> None:
    chance, kills = random.Random(seed), 3
    project = cloud_project(tmp_path, gcs, paid_reference, **PAID)
    with running(GeminiOptions(latency_ms=(200, 600))) as gemini:
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = gemini.url
        for _ in range(kills):
            gcs.journal.clear()
            with running_command(project) as process:
                until(lambda: gcs.journal.count() >= 10, process)
                time.sleep(chance.uniform(0.1, 2))
                kill(process)
            assert torn(final_objects(gcs), paid_reference) == []
        until(lambda: gemini.journal.in_flight == 0)
        check_complete(project, gcs, paid_reference)

    assert asked_again(gemini) <= kills * IN_FLIGHT


def test_of_two_runs_on_two_machines_the_other_does_the_work_of_the_one_that_is_killed(gcs: Running, paid_reference: Reference, tmp_path: Path) -> None:
    """Nobody can know that a process of another machine is gone, so its lease is waited out."""
    with running(GeminiOptions(latency_ms=(3000, 4000))) as gemini:
        paid = {**PAID, "STREAMCAP_GEMINI_BASE_URL": gemini.url}
        projects = [cloud_project(tmp_path / host, gcs, paid_reference, **paid) for host in ("here", "there")]
        with running_command(projects[0], *on_machine("here")) as one:
            until(lambda: gemini.journal.requests >= 1, one)
            with running_command(projects[1], *on_machine("there")) as other:
                until(lambda: any("/leases/" in row.name and row.status == 412 for row in gcs.journal.rows), one, other)
                kill(one)
                ran = ended(other)

    assert ran.status == 0, ran.said
    assert digests(final_objects(gcs)) == digests(paid_reference.objects)
    assert asked_again(gemini) <= IN_FLIGHT


def test_wrong_clocks_disturb_nobodys_turn(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    projects = [cloud_project(tmp_path / name, gcs, reference) for name in ("sane", "mad")]
    with running_command(projects[0]) as sane, running_command(projects[1], sys.executable, "-c", WITH_A_MAD_CLOCK) as mad:
        said = [ended(process) for process in (sane, mad)]

    assert [ran.status for ran in said] == [0, 0], said
    assert digests(final_objects(gcs)) == digests(reference.objects)


@pytest.mark.parametrize("leases", [(), ("--without-leases",)], ids=["leases", "no leases"])
def test_of_two_processes_that_make_one_video_at_the_same_time_one_always_wins_whole(gcs: Running, reference: Reference, leases: tuple[str, ...]) -> None:
    with racers(reference.videos.parent, gcs, *leases) as both:
        outcomes = [play(both, gcs, number) for number in range(ROUNDS)]

    assert [(number, outcome.unvouched()) for number, outcome in enumerate(outcomes) if outcome.unvouched()] == []
    assert [number for number, outcome in enumerate(outcomes) if not outcome.winners] == []
    assert {reason for outcome in outcomes for reason in outcome.failures if "another process wrote it at the same time" not in reason} == set()
