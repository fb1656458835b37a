"""The local copies: too little room is only slower, and a place where nothing can be written is one sentence that names the setting."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from tests.gcs_runs.clouds import INCOMING, Reference, check_complete, cloud_project, final_objects, run, torn, upload_videos


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for less than one video."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.heavy
def test_a_cache_with_no_room_for_a_single_file_only_fetches_again(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    upload_videos(gcs, reference)
    check_complete(cloud_project(tmp_path, gcs, reference, STREAMCAP_SOURCE=INCOMING, STREAMCAP_CACHE_GB="0.0000001"), gcs, reference)


@pytest.mark.heavy
def test_a_full_disk_under_the_cache_is_told_of_each_video_and_another_run_with_room_completes(
    gcs: Running, reference: Reference, tmp_path: Path, tiny_disk: Path
) -> None:
    project = cloud_project(tmp_path / "project", gcs, reference)

    full = run(project, STREAMCAP_CACHE=str(tiny_disk))

    assert full.status == 1
    told = [line for line in full.told.splitlines() if line.startswith("failed ")]
    assert len(told) >= 1, full.said
    assert all(f"the cache {tiny_disk}" in line and "the disk is full" in line and "STREAMCAP_CACHE" in line for line in told), full.said
    assert "Traceback" not in full.said
    assert torn(final_objects(gcs), reference) == []
    check_complete(project, gcs, reference)


def test_a_cache_that_cannot_be_written_is_one_sentence(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    """A file stands where its folder should be, which not even root can write in."""
    (tmp_path / "file").write_text("in the way")
    ran = run(cloud_project(tmp_path / "project", gcs, reference, STREAMCAP_CACHE=str(tmp_path / "file/cache")))

    assert ran.status == 1
    assert "STREAMCAP_CACHE" in ran.said, ran.said
    assert "Traceback" not in ran.said
    assert torn(final_objects(gcs), reference) == []
