"""The catalog over several scans of a folder of real videos."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.errors import MissingTool, SourceError, UnusableVideo, VideoUnreadable
from streamcap_dagster.storage import keys
from streamcap_dagster.videos import catalog
from streamcap_dagster.videos.catalog import update_catalog
from streamcap_dagster.videos.copying import hash_file
from streamcap_dagster.videos.probe import Probed
from streamcap_dagster.videos.source import FolderSource
from tests.videos.scanned import Project, later


def test_the_first_scan_lists_every_video_with_what_was_probed(project: Project) -> None:
    update = project.scan()
    assert (update.added, update.changed, update.removed, update.failed) == (("a", "b"), (), (), ())
    row = project.rows()["b"]
    assert (row.uri, row.status, row.reason, row.codec, row.width, row.duration_s, row.fps) == ("sub/b.mp4", "ok", "", "h264", 64, 1.0, 25.0)
    assert row.sha256 == hash_file(project.folder / "sub" / "b.mp4")


def test_a_second_scan_opens_no_file_and_changes_no_byte(project: Project) -> None:
    first = project.scan()
    manifest, cache = project.storage.read(keys.MANIFEST), project.storage.read(keys.SCAN)
    second = project.scan()
    assert project.read == []
    assert (second.videos, second.added, second.changed, second.content_hash) == (first.videos, (), (), first.content_hash)
    assert (project.storage.read(keys.MANIFEST), project.storage.read(keys.SCAN)) == (manifest, cache)


def test_a_file_with_a_new_time_and_the_same_bytes_is_hashed_and_not_probed(project: Project) -> None:
    project.scan()
    later(project.folder / "a.mp4")
    update = project.scan()
    assert project.read == ["hash a.mp4"]
    assert update.changed == ()
    project.scan()
    assert project.read == []


def test_other_bytes_under_the_same_name_are_noticed_and_keep_the_id(project: Project, made: dict[str, bytes]) -> None:
    before = project.scan().videos[0]
    (project.folder / "a.mp4").write_bytes(made["blue"])
    later(project.folder / "a.mp4")
    update = project.scan()
    after = update.videos[0]
    assert (update.changed, update.added, after.video_id) == (("a",), (), "a")
    assert after.sha256 != before.sha256


def test_a_removed_file_keeps_its_row_and_is_reported_once(project: Project) -> None:
    before = project.scan().videos[0]
    (project.folder / "a.mp4").unlink()
    update = project.scan()
    row = project.rows()["a"]
    assert (update.removed, row.status, row.sha256) == (("a",), "removed", before.sha256)
    assert row.reason == "It is no longer in the source. Put it back to go on with it."
    assert project.scan().removed == ()


def test_a_file_that_comes_back_is_ok_again(project: Project, made: dict[str, bytes]) -> None:
    before = project.scan().videos[0]
    (project.folder / "a.mp4").unlink()
    project.scan()
    (project.folder / "a.mp4").write_bytes(made["red"])
    update = project.scan()
    assert (update.added, update.changed, update.removed) == ((), (), ())
    assert update.videos[0] == before


def test_a_file_comes_back_although_the_cache_never_learned_that_it_was_gone(project: Project, made: dict[str, bytes]) -> None:
    """The run that marked it as removed died before it wrote the cache."""
    project.scan()
    cache = project.storage.read(keys.SCAN)
    (project.folder / "a.mp4").rename(project.folder.with_name("a.mp4"))
    project.scan()
    project.storage.write(keys.SCAN, cache)
    project.folder.with_name("a.mp4").rename(project.folder / "a.mp4")
    project.scan()
    assert project.rows()["a"].status == "ok"


def test_the_id_of_a_removed_file_goes_to_no_other(project: Project, made: dict[str, bytes]) -> None:
    project.scan()
    (project.folder / "a.mp4").rename(project.folder / "sub" / "a.mp4")
    update = project.scan()
    assert update.removed == ("a",)
    assert [video_id for video_id in update.added if video_id.startswith("a-")] == list(update.added)


def test_ids_stay_when_a_file_arrives_that_sorts_first_and_has_the_same_stem(project: Project, made: dict[str, bytes]) -> None:
    project.scan()
    (project.folder / "Sub").mkdir()
    (project.folder / "Sub" / "b.mp4").write_bytes(made["red"])
    project.scan()
    assert project.rows()["b"].uri == "sub/b.mp4"


def test_two_videos_with_the_same_stem_both_stand(project: Project, made: dict[str, bytes]) -> None:
    (project.folder / "sub" / "a.mp4").write_bytes(made["blue"])
    update = project.scan()
    assert [video.uri for video in update.videos if video.video_id.startswith("a")] == ["a.mp4", "sub/a.mp4"]
    assert update.failed == ()


def test_a_bad_file_fails_alone_with_one_sentence(project: Project) -> None:
    (project.folder / "bad.mp4").write_text("no video")
    update = project.scan()
    row = project.rows()["bad"]
    assert (update.failed, update.added) == (("bad",), ("a", "b", "bad"))
    assert (row.size_bytes, row.sha256) == (8, hash_file(project.folder / "bad.mp4"))
    assert row.reason == "It is not a video: no known format recognises its bytes. Remove it from the source, or put a video in its place."


def test_a_bad_file_is_probed_again_only_when_its_bytes_change(project: Project, made: dict[str, bytes]) -> None:
    (project.folder / "bad.mp4").write_text("no video")
    project.scan()
    assert project.scan().failed == ("bad",)
    later(project.folder / "bad.mp4")
    project.scan()
    assert project.read == ["hash bad.mp4"]
    (project.folder / "bad.mp4").write_bytes(made["red"])
    update = project.scan()
    assert (update.failed, update.changed, project.rows()["bad"].status) == ((), ("bad",), "ok")


def test_an_entry_with_a_problem_is_listed_as_failed(project: Project) -> None:
    (project.folder / "loop.mp4").symlink_to("loop.mp4")
    (project.folder / "x.mp4").mkdir()
    assert project.scan().failed == ("loop", "x")
    assert "symbolic link that leads nowhere" in project.rows()["loop"].reason


def test_a_problem_that_is_mended_without_a_new_time_is_noticed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission to read leaves the modification time as it was."""
    with monkeypatch.context() as patch:
        patch.setattr("streamcap_dagster.videos.source.os.access", lambda path, mode: not str(path).endswith("a.mp4"))
        assert project.scan().failed == ("a",)
    assert project.scan().failed == ()


def test_a_permission_that_is_lost_without_a_new_time_is_noticed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(project.folder / "a.mp4", ns=(0, 0))
    project.scan()
    monkeypatch.setattr("streamcap_dagster.videos.source.os.access", lambda path, mode: not str(path).endswith("a.mp4"))
    assert project.scan().failed == ("a",)


@pytest.mark.parametrize("fault", [OSError(5, "Input/output error"), VideoUnreadable("a.mp4", "ffprobe was stopped", "Check the disk.")])
def test_a_reading_that_failed_is_tried_again_at_the_next_scan(project: Project, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def broken(path: Path, uri: str) -> Probed:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "probe_video", broken)
        assert project.scan().failed == ("a", "b")
    assert project.scan().failed == ()


def test_a_file_that_grows_while_it_is_read_fails_until_it_is_whole(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def growing(path: Path) -> str:
        with path.open("ab") as file:
            file.write(b"more")
        return hash_file(path)

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "hash_file", growing)
        assert project.scan().failed == ("a", "b")
    assert "changed while it was read" in project.rows()["a"].reason
    assert project.scan().failed == ()


def test_a_lost_scan_cache_costs_time_and_changes_nothing(project: Project) -> None:
    first = project.scan()
    project.storage.delete(keys.SCAN)
    second = project.scan()
    assert (second.content_hash, second.changed, second.added) == (first.content_hash, (), ())
    assert sorted(project.read) == ["hash a.mp4", "hash b.mp4", "probe a.mp4", "probe b.mp4"]


def test_a_spoiled_scan_cache_costs_time_and_changes_nothing(project: Project) -> None:
    first = project.scan()
    project.storage.write(keys.SCAN, b"\xff no table")
    assert project.scan().content_hash == first.content_hash
    project.scan()
    assert project.read == []


def test_what_another_ffprobe_said_is_asked_again_without_reading_the_bytes_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = project.scan()
    monkeypatch.setattr("streamcap_dagster.videos.probe.ffprobe_version", lambda: "99.9")
    second = project.scan()
    assert sorted(project.read) == ["probe a.mp4", "probe b.mp4"]
    assert second.content_hash == first.content_hash
    project.scan()
    assert project.read == []


def test_a_better_probe_reaches_a_file_that_failed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def knows_no_codec(path: Path, uri: str) -> Probed:
        raise UnusableVideo(uri, "its video codec is not known to this FFmpeg", "Install a newer FFmpeg, or convert the file.")

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "probe_video", knows_no_codec)
        assert project.scan().failed == ("a", "b")
    assert project.scan().failed == ("a", "b")
    monkeypatch.setattr("streamcap_dagster.videos.probe.PROBE_VERSION", "next")
    assert project.scan().failed == ()


def test_a_new_time_and_another_ffprobe_are_both_noticed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.scan()
    later(project.folder / "a.mp4")
    monkeypatch.setattr("streamcap_dagster.videos.probe.ffprobe_version", lambda: "99.9")
    project.scan()
    assert sorted(project.read) == ["hash a.mp4", "probe a.mp4", "probe b.mp4"]


def test_ffprobe_is_asked_for_its_version_once_in_a_scan(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("streamcap_dagster.videos.probe.ffprobe_version", lambda: asked.append("asked") or "99.9")
    project.scan()
    assert asked == ["asked"]


def test_a_lost_manifest_is_made_again_in_spite_of_the_cache(project: Project) -> None:
    first = project.scan()
    project.storage.delete(keys.MANIFEST)
    assert project.scan().content_hash == first.content_hash


def empty(folder: Path) -> None:
    (folder / "a.mp4").unlink()
    (folder / "sub" / "b.mp4").unlink()


def unmount(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("lose", [empty, unmount])
def test_a_source_without_any_video_removes_nothing(project: Project, lose: Callable[[Path], None]) -> None:
    project.scan()
    manifest = project.storage.read(keys.MANIFEST)
    lose(project.folder)
    with pytest.raises(SourceError, match="STREAMCAP_SOURCE"):
        project.scan()
    assert project.storage.read(keys.MANIFEST) == manifest


def test_the_number_of_workers_does_not_show_in_the_result(project: Project, made: dict[str, bytes]) -> None:
    for number in range(3):
        (project.folder / f"c{number}.mp4").write_bytes(made["red"])
    one = project.scan(workers=1).content_hash
    project.storage.delete(keys.MANIFEST)
    project.storage.delete(keys.SCAN)
    assert project.scan(workers=4).content_hash == one


def test_progress_counts_the_files_that_had_to_be_read(project: Project, made: dict[str, bytes]) -> None:
    project.scan()
    for name in ("c.mp4", "d.mp4"):
        (project.folder / name).write_bytes(made["red"])
    told: list[tuple[int, int, str]] = []
    update_catalog(FolderSource(project.folder), project.storage, workers=2, on_video=lambda *what: told.append(what))
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    assert {uri for *_, uri in told} == {"c.mp4", "d.mp4"}


def test_without_ffprobe_nothing_is_written(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool):
        project.scan()
    assert project.storage.stat(keys.MANIFEST) is None


def test_names_that_are_hard_to_write_down_come_back_from_the_manifest(project: Project, made: dict[str, bytes]) -> None:
    odd = ["-lead.mp4", "a b.mp4", 'it\'s "q", or not.mp4', "two\nlines.mp4", "été.mp4", "n" * 246 + ".mp4", "frame%03d.mp4"]
    for name in odd:
        (project.folder / name).write_bytes(made["red"])
    assert project.scan().failed == ()
    assert {row.uri for row in project.rows().values()} == {*odd, "a.mp4", "sub/b.mp4"}
    project.scan()
    assert project.read == []
