from pathlib import Path

import pytest

from streamcap_dagster.clips.policies import ManualSpan, read_manual_spans
from streamcap_dagster.errors import SettingError


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "selection.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_spans_are_read_by_video_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "video_id,start_s,end_s\nb,10,14\na,0,4.5\nb,2,6\n")
    assert read_manual_spans(path) == {"b": (ManualSpan(10, 14), ManualSpan(2, 6)), "a": (ManualSpan(0, 4.5),)}


@pytest.mark.parametrize(("keep", "kept"), [("", True), ("1", True), ("TRUE", True), (" yes ", True), ("0", False), ("False", False), ("no", False)])
def test_a_span_can_be_marked_as_dropped(tmp_path: Path, keep: str, kept: bool) -> None:
    assert read_manual_spans(written(tmp_path, f"video_id,start_s,end_s,keep\na,0,4,{keep}\n"))["a"][0].keep is kept


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_a_spreadsheet_writes_is_read(tmp_path: Path, line_end: str) -> None:
    text = line_end.join(["video_id,start_s,end_s,keep,note", 'a,0,4,1,"good, clear"', "", "a,6,10", ""])
    assert read_manual_spans(written(tmp_path, text, "utf-8-sig")) == {"a": (ManualSpan(0, 4), ManualSpan(6, 10))}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Not An Id,0,4", "'Not An Id' is not a video id"),
        (",0,4", "'' is not a video id"),
        ("a,zero,4", "'zero' to '4' is no span"),
        ("a,0", "'0' to None is no span"),
        ("a,4,4", "'4' to '4' is no span"),
        ("a,6,4", "'6' to '4' is no span"),
        ("a,-1,4", "'-1' to '4' is no span"),
        ("a,nan,4", "'nan' to '4' is no span"),
        ("a,0,inf", "'0' to 'inf' is no span"),
        ("a,0,4,maybe", "keep is 'maybe'"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named_by_its_line(tmp_path: Path, row: str, why: str) -> None:
    path = written(tmp_path, f"video_id,start_s,end_s,keep\na,0,4,\n{row}\n")
    with pytest.raises(SettingError) as raised:
        read_manual_spans(path)
    assert str(raised.value).startswith(f"STREAMCAP_CLIPS_CSV={str(path)!r} cannot be used: line 3: {why}")


def test_a_file_without_its_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="its first line must name the columns video_id,start_s,end_s"):
        read_manual_spans(written(tmp_path, "a,0,4\n"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="its first line must name the columns"):
        read_manual_spans(written(tmp_path, ""))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read as a UTF-8 CSV file"):
        read_manual_spans(tmp_path / "nowhere.csv")


def test_a_spreadsheet_that_is_no_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "selection.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(SettingError, match="cannot be read as a UTF-8 CSV file"):
        read_manual_spans(path)
