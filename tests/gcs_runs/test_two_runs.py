"""Two runs on one bucket, and runs that are killed: everything is made whole, once, and no answer that is kept is asked again."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import running
from tests.gcs_runs.clouds import PAID, Reference, cloud_project, digests, ended, final_objects, kill, run, running_command, torn, until
from tests.gcs_runs.rounds import play, racers
from tests.gemini.runs import answered

LEASES_END_S = 45
"""How long whoever cannot know that a holder is gone waits for its lease."""
ROUNDS = 5


def test_two_runs_that_begin_together_both_end_well_and_leave_one_whole(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    projects = [cloud_project(tmp_path / name, gcs, reference) for name in ("one", "other")]
    with ExitStack() as runs:
        said = [ended(process) for process in [runs.enter_context(running_command(project)) for project in projects]]

    assert [ran.status for ran in said] == [0, 0], said
    assert digests(final_objects(gcs)) == digests(reference.objects)


def test_a_killed_run_is_gone_on_with_at_once_and_no_kept_answer_is_asked_again(gcs: Running, paid_reference: Reference, tmp_path: Path) -> None:
    project = cloud_project(tmp_path, gcs, paid_reference, **PAID)
    with running(Options(latency_ms=(200, 400))) as gemini:
        project.environment["STREAMCAP_GEMINI_BASE_URL"] = gemini.url
        with running_command(project) as process:
            until(lambda: gemini.journal.answered >= 3, process)
            kill(process)
        until(lambda: gemini.journal.in_flight == 0)
        assert torn(final_objects(gcs), paid_reference) == []
        began_s = time.monotonic()
        done = run(project)

    assert done.status == 0, done.said
    assert time.monotonic() - began_s < LEASES_END_S
    assert digests(final_objects(gcs)) == digests(paid_reference.objects)
    assert sum(answered(gemini.journal.rows).values()) - len(answered(gemini.journal.rows)) <= int(PAID["STREAMCAP_CALLS_IN_FLIGHT"])


@pytest.mark.parametrize("leases", [(), ("--without-leases",)], ids=["leases", "no leases"])
def test_of_two_processes_that_make_one_video_at_the_same_time_one_wins_whole(gcs: Running, reference: Reference, leases: tuple[str, ...]) -> None:
    """The model answers each in other words. Without leases the preconditions alone stand between them."""
    with racers(reference.videos.parent, gcs, *leases) as both:
        outcomes = [play(both, gcs, number) for number in range(ROUNDS)]

    assert [outcome.unvouched() for outcome in outcomes] == [[]] * ROUNDS
    assert all(outcome.winners for outcome in outcomes)
    assert all("another process wrote it at the same time" in reason for outcome in outcomes for reason in outcome.failures)
