"""A disk of the storage that is full: the run stops in a sentence, no video is marked as failed, and with room everything is made."""

import os

import pytest

from tests.assets.project import Project
from tests.heavy.operations import small_disk

pytestmark = pytest.mark.heavy
_ROOM_BYTES = 100_000
"""Enough for the catalog, too little for the copy of a video."""


def test_a_full_storage_stops_the_run_and_with_room_the_next_one_completes(project: Project) -> None:
    with small_disk(project.storage, 64):
        filler, disk = project.storage / "filler", os.statvfs(project.storage)
        filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - _ROOM_BYTES))

        full = project.streamcap("run")

        assert full.returncode == 1
        assert "stopped writing " in full.stdout
        assert "No space left on device. Free some space" in full.stdout
        assert "Traceback" not in full.stdout + full.stderr
        assert "failed" not in {video["state"] for video in project.statuses().values()}
        filler.unlink()
        assert project.streamcap("run").returncode == 0
        assert {video["state"] for video in project.statuses().values()} == {"complete"}
