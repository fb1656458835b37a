"""New videos flow in by themselves: Dagster's daemon with the source's sensor switched on, and nobody at the keyboard."""

import json
import subprocess
import sys

import dagster as dg
import pytest

from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.automation.corpus import videos_in
from tests.heavy.daemon import daemon, until
from tests.media import make_video

pytestmark = pytest.mark.heavy

OLD = {"clock", "life", "still"}


@pytest.mark.timeout(600)
def test_new_videos_are_made_and_get_into_the_dataset_and_a_broken_one_is_red(made: Project) -> None:
    made.environment["STREAMCAP_LOOK_EVERY_S"] = "2"
    make_video(made.source / "new.mp4", seconds=8, size="160x120", fps="15", picture="testsrc2")
    _with_broken_pictures(made, "broken")

    with dg.DagsterInstance.from_config(str(made.home)) as instance, daemon(made):
        _switch_on(made, "source_sensor")
        backfill = until(lambda: next(iter(instance.get_backfills()), None), 200, "the sensor's run to launch a backfill")
        follows = dg.RunsFilter(job_name="build_dataset", statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
        (run,) = until(lambda: instance.get_runs(filters=follows), 250, "the dataset to follow")
        ended = instance.get_backfill(backfill.backfill_id)

    assert (backfill.title, videos_in(backfill)) == ("source_sensor: 2 missing", {"new", "broken"})
    assert ended is not None
    assert (ended.status.value, run.status) == ("COMPLETED_FAILED", dg.DagsterRunStatus.SUCCESS)
    assert all(made.materialized(name) == {*OLD, "new"} for name in PER_VIDEO_NAMES[2:])
    statuses = made.statuses()
    assert {name: status["state"] for name, status in statuses.items()} == {**dict.fromkeys({*OLD, "new"}, "complete"), "broken": "failed"}
    assert "cannot be decoded" in statuses["broken"]["reason"]
    assert "new" in {example["video_id"] for example in json.loads((made.storage / "processed/train.json").read_text())}


def _with_broken_pictures(project: Project, name: str) -> None:
    """A video that looks whole to the catalog, and half of whose pictures cannot be decoded."""
    path = make_video(project.source / f"{name}.mp4", seconds=7, size="160x120", fps="15", arguments=("-c:v", "mjpeg", "-q:v", "3", "-movflags", "+faststart"))
    data = path.read_bytes()
    quarter = len(data) // 4
    path.write_bytes(data[: 2 * quarter] + bytes(quarter) + data[3 * quarter :])


def _switch_on(project: Project, sensor: str) -> None:
    command = [sys.executable, "-m", "dagster", "sensor", "start", sensor, "-m", "streamcap_dagster.definitions"]
    done = subprocess.run(command, env=project.env, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
