"""What is said of videos in metadata files beside them, and what becomes of it in the catalog of a folder."""

import io
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamcap_dagster.storage import keys
from streamcap_dagster.videos.metadata import About, Described, describe
from tests.videos.scanned import Project, later

VIDEOS = ("a.mp4", "sub/b.mp4", "sub/c.mp4")


def said(folder: Path, **files: str | bytes) -> Described:
    """What files say, named `metadata_csv` or, in a sub-folder, `sub__metadata_jsonl`."""
    uris = []
    for name, text in files.items():
        uri = name.replace("__", "/").replace("_", ".")
        (folder / uri).parent.mkdir(exist_ok=True)
        (folder / uri).write_bytes(text if isinstance(text, bytes) else text.encode())
        uris.append(uri)
    return describe(dict.fromkeys(uris, ""), VIDEOS, lambda uri: nullcontext(folder / uri))


def test_a_csv_tells_licence_credit_address_and_group(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv='file_name,license,credit,url,group\na.mp4,cc-by-4.0,"Müller, Ada",https://example.org/a,cam 1\n')
    assert found == Described({"a.mp4": About("cc-by-4.0", "Müller, Ada", "https://example.org/a", "cam 1")})


def test_json_lines_tell_the_same(tmp_path: Path) -> None:
    line = '{"file_name": "a.mp4", "license": "cc0-1.0", "credit": ["Ada", "Bo"], "group": 7, "url": null}'
    assert said(tmp_path, metadata_jsonl=f"{line}\n\n") == Described({"a.mp4": About("cc0-1.0", "Ada, Bo", "", "7")})


def test_parquet_tells_the_same(tmp_path: Path) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"file_name": ["a.mp4", "sub/b.mp4"], "license": ["cc0-1.0", None], "group": [7, None]}), file)
    found = said(tmp_path, metadata_parquet=file.getvalue())
    assert found == Described({"a.mp4": About("cc0-1.0", "", "", "7"), "sub/b.mp4": About()})


def test_a_table_that_is_no_parquet_leaves_what_was_known(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_parquet=b"file_name,license\na.mp4,x\n")
    (remark,) = found.remarks
    assert remark.startswith("metadata.parquet cannot be read (Parquet magic bytes not found")
    assert found.of("a.mp4", About("x")) == About("x")


def test_names_are_relative_to_the_folder_of_the_file_that_names_them(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,license\nsub/b.mp4,top\n./sub//c.mp4,top\n", sub__metadata_csv="file_name,license\nb.mp4,deep\n")
    assert {uri: about.license for uri, about in found.about.items()} == {"sub/b.mp4": "deep", "sub/c.mp4": "top"}
    assert found.remarks == ()


@pytest.mark.parametrize("name", ["none.mp4", "../a.mp4", "/a.mp4", "file://a.mp4", "sub"])
def test_a_name_that_no_video_has_is_told_and_the_others_hold(tmp_path: Path, name: str) -> None:
    found = said(tmp_path, metadata_csv=f"file_name,license\n{name},x\na.mp4,y\n")
    assert found.about == {"a.mp4": About("y")}
    assert found.remarks == (f"metadata.csv names a file that no video of the source is, such as {name!r}. Names are relative to its own folder.",)


def test_many_unknown_names_are_one_sentence(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,license\n" + "".join(f"{number}.mp4,x\n" for number in range(1234)))
    assert found.remarks == ("metadata.csv names 1,234 files that no video of the source is, such as '0.mp4'. Names are relative to its own folder.",)


def test_a_line_that_is_no_json_is_passed_over_alone(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_jsonl='{"file_name": "a.mp4", "license": "x"}\n{"file_name": \n[1]\n{"file_name": "sub/b.mp4", "license": "y"}\n')
    assert set(found.about) == {"a.mp4", "sub/b.mp4"}
    assert found.remarks == ("metadata.jsonl: line 2 is not JSON; it is passed over, and so is 1 more. Mend it, and the next scan reads it.",)


def test_a_row_that_ends_early_is_passed_over_alone(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,license\na.mp4\nsub/b.mp4,y\n")
    assert set(found.about) == {"sub/b.mp4"}
    assert found.remarks == ("metadata.csv: line 2 has 1 cells, and there are 2 columns; it is passed over. Mend it, and the next scan reads it.",)


def test_without_a_column_of_names_nothing_is_taken_and_its_columns_are_named(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="name,license\na.mp4,x\n")
    assert found == Described({}, ("metadata.csv has no column file_name, so nothing is taken from it; it has name, license.",))


def test_a_missing_licence_column_is_told_and_the_rest_holds(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,credit\na.mp4,Ada\n")
    assert found == Described({"a.mp4": About(credit="Ada")}, ("metadata.csv has no column license, so the licence of its videos is unknown.",))


def test_other_columns_are_ignored_and_named_once(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,license,fps,text\na.mp4,x,25,hello\nsub/b.mp4,x,25,hello\n")
    assert found.remarks == ("metadata.csv: of its columns only license, credit, url, group are used, not fps, text.",)


def test_a_video_that_is_spoken_of_twice_has_the_last_line(tmp_path: Path) -> None:
    found = said(tmp_path, metadata_csv="file_name,license\na.mp4,x\na.mp4,y\n")
    assert found == Described({"a.mp4": About("y")}, ("metadata.csv speaks of 'a.mp4' more than once; its last line counts.",))


SPOILED = [b"", b"\xff\xfe\x00\x01", b"\xef\xbb\xbf", b"\0" * 100, b'"' + b"x" * 200_000, b"[" * 200_000, b"\n\n"]


@pytest.mark.parametrize("name", ["metadata_csv", "metadata_jsonl"])
@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_spoiled_file_says_nothing_of_any_video(tmp_path: Path, name: str, spoiled: bytes) -> None:
    assert said(tmp_path, **{name: spoiled}).about == {}


def test_bytes_that_are_no_text_are_shown_by_their_codes(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        metadata_csv=b"\xef\xbb\xbffile_name,license,credit\r\na.mp4,x,M\xfcller\r\n",
        sub__metadata_jsonl=b'{"file_name": "b.mp4", "credit": "\\ud800"}',
    )
    assert {uri: about.credit for uri, about in found.about.items()} == {"a.mp4": "M\\udcfcller", "sub/b.mp4": "\\ud800"}


def test_what_cannot_be_read_now_leaves_what_was_known_of_its_folder(tmp_path: Path) -> None:
    found = describe({"sub/metadata.csv": ""}, VIDEOS, lambda uri: nullcontext(tmp_path / uri))
    before = About("x")
    assert found.remarks == ("sub/metadata.csv cannot be read (No such file or directory), so what was known of its videos stays as it was.",)
    assert (found.of("sub/b.mp4", before), found.of("a.mp4", before)) == (before, About())


def test_the_catalog_knows_what_is_said_of_its_videos(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license,credit,url,group\na.mp4,cc-by-4.0,Ada,https://example.org,cam 1\n")
    project.scan()
    row = project.rows()["a"]
    assert (row.license, row.credit, row.url, row.group) == ("cc-by-4.0", "Ada", "https://example.org", "cam 1")
    assert project.rows()["b"].license == ""


def test_a_licence_that_changes_is_noticed_without_opening_a_video(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,unknown\n")
    before = project.scan()
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    after = project.scan()
    assert (project.read, after.changed, after.added) == ([], (), ())
    assert (project.rows()["a"].license, after.content_hash == before.content_hash) == ("cc0-1.0", False)
    assert project.rows()["a"].content == before.videos[0].content


def test_metadata_that_is_gone_is_said_no_more(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    project.scan()
    (project.folder / "metadata.csv").unlink()
    project.scan()
    assert (project.rows()["a"].license, project.read) == ("", [])


def test_broken_metadata_loses_no_video_and_is_told(project: Project) -> None:
    (project.folder / "metadata.jsonl").write_text("{\n")
    update = project.scan()
    assert (len(update.videos), update.failed) == (2, ())
    assert update.remarks == ("metadata.jsonl: line 1 is not JSON; it is passed over. Mend it, and the next scan reads it.",)


def test_metadata_that_cannot_be_read_now_takes_no_licence_away(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    manifest = project.scan().content_hash
    (project.folder / "metadata.csv").unlink()
    (project.folder / "metadata.csv").symlink_to("/proc/self/mem")  # which nobody can read from its start
    update = project.scan()
    assert (update.content_hash, len(update.remarks)) == (manifest, 1)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [pipe, loop, nowhere])
def test_what_is_only_named_like_metadata_is_told_and_nobody_waits_for_it(project: Project, make: Callable[[Path], None]) -> None:
    make(project.folder / "metadata.csv")
    update = project.scan()
    (remark,) = update.remarks
    assert remark.startswith("metadata.csv cannot be read (it is a ")
    assert len(update.videos) == 2


def test_a_folder_that_is_named_like_metadata_is_a_folder(project: Project) -> None:
    (project.folder / "metadata.csv").mkdir()
    assert project.scan().remarks == ()


def test_metadata_in_hidden_folders_is_not_read(project: Project) -> None:
    (project.folder / ".old").mkdir()
    (project.folder / ".old" / "metadata.csv").write_text("file_name,license\n../a.mp4,x\n")
    assert project.scan().remarks == ()


def test_a_video_that_is_gone_keeps_what_was_said_of_it(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    project.scan()
    (project.folder / "a.mp4").unlink()
    (project.folder / "metadata.csv").unlink()
    project.scan()
    assert (project.rows()["a"].status, project.rows()["a"].license) == ("removed", "cc0-1.0")


def test_nothing_about_metadata_makes_a_look_at_an_unchanged_source_write_otherwise(project: Project) -> None:
    (project.folder / "metadata.csv").write_text("file_name,license\na.mp4,cc0-1.0\n")
    project.scan()
    manifest = project.storage.read(keys.MANIFEST)
    later(project.folder / "metadata.csv")
    project.scan()
    assert project.storage.read(keys.MANIFEST) == manifest
