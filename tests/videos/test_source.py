import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from streamcap_dagster.errors import SourceError
from streamcap_dagster.videos.source import FolderSource, SourceFile
from tests.ordinary import as_ordinary_user


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"bytes")


def uris(root: Path) -> list[str]:
    return [file.uri for file in FolderSource(root).scan() if not file.problem]


def problems(root: Path) -> dict[str, str]:
    return {file.uri: file.problem for file in FolderSource(root).scan() if file.problem}


def test_every_kind_of_video_is_found_in_all_folders_in_order(tmp_path: Path) -> None:
    put(tmp_path, "b.MP4", "a.mov", "sub/deep/c.mkv", "d.webm", "e.avi", "f.M4V", "g.ts", "h.GIF", "notes.txt", "mp4", "i.mp3")
    assert uris(tmp_path) == ["a.mov", "b.MP4", "d.webm", "e.avi", "f.M4V", "g.ts", "h.GIF", "sub/deep/c.mkv"]


def test_size_and_version_are_size_and_modification_time_of_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    os.utime(tmp_path / "a.mp4", ns=(7, 1234567890123456789))
    assert list(FolderSource(tmp_path).scan()) == [SourceFile("a.mp4", 5, "1234567890123456789")]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", ".hidden.mp4", "._a.mp4", ".trash/b.mp4")
    assert [file.uri for file in FolderSource(tmp_path).scan()] == ["a.mp4"]


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/far.mp4", "elsewhere/folder/near.mp4")
    source = tmp_path / "source"
    source.mkdir()
    (source / "link.mp4").symlink_to("../elsewhere/far.mp4")
    (source / "linked").symlink_to("../elsewhere/folder")
    assert uris(source) == ["link.mp4", "linked/near.mp4"]


def test_a_linked_folder_that_leads_back_is_walked_once(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "sub/b.mp4")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "sub" / "self").symlink_to(".")
    assert uris(tmp_path) == ["a.mp4", "sub/b.mp4"]


def test_a_video_is_named_by_its_real_folder_even_when_a_link_sorts_before_it(tmp_path: Path) -> None:
    put(tmp_path, "deep/real/b.mp4")
    (tmp_path / "a_link").symlink_to("deep/real")
    assert uris(tmp_path) == ["deep/real/b.mp4"]


def test_a_link_to_itself_and_one_to_nothing_are_named_with_a_problem(tmp_path: Path) -> None:
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    (tmp_path / "dangling.mp4").symlink_to("nowhere.mp4")
    found = problems(tmp_path)
    assert list(found) == ["dangling.mp4", "loop.mp4"]
    assert all("symbolic link that leads nowhere" in problem for problem in found.values())


def test_a_folder_named_like_a_video_has_a_problem_and_its_videos_are_found(tmp_path: Path) -> None:
    put(tmp_path, "x.mp4/inside.mp4")
    assert "folder" in problems(tmp_path)["x.mp4"]
    assert uris(tmp_path) == ["x.mp4/inside.mp4"]


def test_a_pipe_named_like_a_video_has_a_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "pipe" in problems(tmp_path)["pipe.mp4"]


def test_a_file_without_read_permission_has_a_problem() -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        put(root, "open.mp4", "closed.mp4")
        (root / "closed.mp4").chmod(0)
        found = as_ordinary_user(problems, root)
    assert list(found) == ["closed.mp4"]
    assert "may not read" in found["closed.mp4"]


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        put(root, "open.mp4", "closed/in.mp4")
        (root / "closed").chmod(0)
        found = as_ordinary_user(problems, root)
        (root / "closed").chmod(0o700)
    assert list(found) == ["closed"]
    assert "cannot be listed" in found["closed"]


def unlisted(root: Path) -> tuple[str, ...]:
    source = FolderSource(root)
    list(source.scan())
    return source.unlisted


@pytest.mark.parametrize("mode", [0, 0o444])
def test_what_is_in_a_folder_that_cannot_be_listed_or_entered_is_not_known(mode: int) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        put(root, "open.mp4", "closed/in.mp4")
        (root / "closed").chmod(mode)
        found = as_ordinary_user(problems, root), as_ordinary_user(unlisted, root)
        (root / "closed").chmod(0o700)
    assert (list(found[0]), found[1]) == (["closed"], ("closed/",))


def test_what_is_behind_a_link_that_leads_nowhere_is_not_known(tmp_path: Path) -> None:
    put(tmp_path, "source/sub/a.mp4")
    (tmp_path / "source" / "sub" / "disk").symlink_to("/not/mounted")
    assert unlisted(tmp_path / "source") == ("sub/disk/",)


def test_a_source_that_cannot_be_listed_itself_is_no_row_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("streamcap_dagster.videos.source.os.scandir", broken)
    with pytest.raises(SourceError, match=r"cannot be listed \(Input/output error\)"):
        FolderSource(tmp_path).scan()


def test_a_name_that_is_not_utf8_has_a_problem_and_a_name_that_can_be_written(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")).write_bytes(b"bytes")
    assert "UTF-8" in problems(tmp_path)["caf\\xe9.mp4"]


def test_odd_names_are_found_as_they_are(tmp_path: Path) -> None:
    odd = ["-lead.mp4", "50% of %03d.mp4", "a b.mp4", "colon:name.mp4", 'it\'s "q".mp4', "two\nlines.mp4", "été.mp4"]
    put(tmp_path, *odd)
    assert uris(tmp_path) == odd


def test_a_storage_inside_the_source_is_not_a_source(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "storage/.streamcap/staging/x.mp4", "storage/raw/videos/a.mp4")
    assert uris(tmp_path) == ["a.mp4"]


def test_the_storage_itself_is_refused_as_a_source(tmp_path: Path) -> None:
    put(tmp_path, ".streamcap/staging/x.mp4", "raw/videos/a.mp4")
    with pytest.raises(SourceError, match=r"storage that this project writes to.* Set STREAMCAP_SOURCE"):
        FolderSource(tmp_path).scan()


def test_a_missing_folder_is_said_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such folder\. Set STREAMCAP_SOURCE"):
        FolderSource(tmp_path / "nowhere").scan()


def test_a_file_in_place_of_the_folder_is_said_with_its_fix(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    with pytest.raises(SourceError, match=r"it is a file, not a folder\. Set STREAMCAP_SOURCE"):
        FolderSource(tmp_path / "a.mp4").scan()


def test_a_video_is_lent_where_it_lies(tmp_path: Path) -> None:
    put(tmp_path, "sub/a.mp4")
    with FolderSource(tmp_path).local("sub/a.mp4") as path:
        assert path == tmp_path / "sub" / "a.mp4"
