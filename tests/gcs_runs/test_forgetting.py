"""`streamcap forget` in a bucket: no object and no local copy of a forgotten video is left."""

from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from tests.gcs_runs.clouds import INCOMING, Reference, cloud_project, run, upload_videos


@pytest.mark.heavy
def test_nothing_of_a_forgotten_video_is_left_in_a_bucket_and_its_cache(tmp_path: Path, gcs: Running, reference: Reference) -> None:
    upload_videos(gcs, reference)
    project = cloud_project(tmp_path, gcs, reference, STREAMCAP_SOURCE=INCOMING)
    assert run(project).status == 0
    done = project.streamcap("forget", "life", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "softDeletePolicy" in done.stdout
    listed = {"dataset/raw/manifest.csv", "dataset/ledger/scan.csv"}
    holding = {name for name, data in gcs.objects("bucket").items() if "life" in name or b"life" in data}
    assert holding == {"incoming/life.mp4", "dataset/tombstones/life.json", *listed}
    film = (reference.videos / "life.mp4").read_bytes()
    copies = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not [data for data in copies if data == film or b"life" in data]
    assert run(project).status == 0
