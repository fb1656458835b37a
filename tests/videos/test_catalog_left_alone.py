"""What a scan leaves as it was: files that may still be being written, and folders that cannot be listed."""

import os
from pathlib import Path

import pytest

from streamcap_dagster.videos.settling import Settled
from tests.videos.scanned import Project


def moments(project: Project, **seconds: int) -> None:
    """Let files have been changed so many seconds after the first of all."""
    for name, second in seconds.items():
        os.utime(next(project.folder.rglob(f"{name}.mp4")), ns=(0, second * 1_000_000_000))


def test_a_new_file_that_has_not_settled_is_not_opened_and_taken_once_it_has(project: Project) -> None:
    moments(project, a=1, b=2)
    update = project.scan(settled=Settled(until=1_000_000_000))
    row = project.rows()["b"]
    assert (update.failed, project.read) == (("b",), ["hash a.mp4", "probe a.mp4"])
    assert (row.status, row.reason) == ("failed", "It changed a moment ago, so it may not be written completely. A later look takes it.")
    assert update.remarks == ("'sub/b.mp4' changed a moment ago and may not be written completely; a later look takes what has settled.",)
    assert project.scan(settled=Settled(until=2_000_000_000)).failed == ()


def test_a_changed_file_that_has_not_settled_keeps_its_row_until_it_has(project: Project, made: dict[str, bytes]) -> None:
    moments(project, a=1, b=2)
    before = project.scan()
    (project.folder / "a.mp4").write_bytes(made["red"][:-100])
    moments(project, a=3)
    update = project.scan(settled=Settled(until=2_000_000_000))
    assert (update.videos, project.read) == (before.videos, [])
    assert project.scan().changed == ("a",)


def test_a_file_that_is_cataloged_as_it_is_has_nothing_to_wait_for(project: Project) -> None:
    before = project.scan()
    update = project.scan(settled=Settled(until=0, quiet_s=3600))
    assert (update.videos, update.remarks) == (before.videos, ())


def test_a_file_that_changed_within_the_last_while_has_not_settled(project: Project) -> None:
    os.utime(project.folder / "a.mp4")
    moments(project, b=2)
    assert project.scan(settled=Settled(quiet_s=3600)).failed == ("a",)


def test_a_file_that_a_clock_dates_far_into_the_future_has_settled(project: Project) -> None:
    moments(project, a=2**32, b=2)
    assert project.scan(settled=Settled(quiet_s=3600)).failed == ()


def close(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody list a folder, root included."""
    monkeypatch.setattr("streamcap_dagster.videos.source.os.access", lambda path, mode: Path(path) != folder)


def test_videos_in_a_folder_that_cannot_be_listed_stay_what_they_were(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "sub" / "metadata.csv").write_text("file_name,license\nb.mp4,cc0-1.0\n")
    before = project.scan()
    with monkeypatch.context() as patch:
        close(project.folder / "sub", patch)
        update = project.scan()
    assert [video for video in update.videos if video.video_id != "sub"] == list(before.videos)
    assert (update.removed, update.failed) == ((), ("sub",))
    assert update.remarks == ("'sub/' cannot be listed, so what is known of 1 video that may still be there stays as it was.",)


def test_a_folder_that_can_be_listed_again_has_no_file_to_be_read_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.scan()
    with monkeypatch.context() as patch:
        close(project.folder / "sub", patch)
        project.scan()
    assert project.scan().removed == ("sub",)
    assert project.read == []


def test_a_disk_that_is_not_mounted_behind_a_link_removes_nothing(project: Project) -> None:
    disk = project.folder.with_name("disk")
    (project.folder / "sub").rename(disk)
    (project.folder / "sub").symlink_to(disk)
    project.scan()
    disk.rename(disk.with_name("elsewhere"))
    update = project.scan()
    assert (update.removed, project.rows()["b"].status) == ((), "ok")
    assert update.remarks == ("'sub/' cannot be listed, so what is known of 1 video that may still be there stays as it was.",)


def test_what_was_said_of_a_whole_source_names_no_stranger_while_a_folder_cannot_be_listed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\nsub/b.mp4,cc0-1.0\n")
    project.scan()
    close(project.folder / "sub", monkeypatch)
    (remark,) = project.scan().remarks
    assert remark.startswith("'sub/' cannot be listed")
