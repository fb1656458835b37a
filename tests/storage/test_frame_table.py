"""Frames as a Parquet file: what was written is read back, by window or by row, without ever holding much of it."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Frame
from streamcap_dagster.storage import frame_table
from streamcap_dagster.storage.frame_table import (
    BYTES_PER_GROUP,
    ROWS_PER_GROUP,
    read_frames,
    read_pictures,
    read_positions,
    read_rows,
    read_windows,
    write_frames,
)

WINDOWS, PER_WINDOW = 30, 8


def frames(clips: int = 3, size_bytes: int = 50) -> list[Frame]:
    """Clips of thirty windows of eight frames; each frame's bytes are its own."""
    return [frame(clip, window, k, size_bytes) for clip in range(clips) for window in range(WINDOWS) for k in range(PER_WINDOW)]


def frame(clip: int, window: int, k: int, size_bytes: int) -> Frame:
    jpeg = f"{clip} {window} {k} ".encode().ljust(size_bytes, b"\x00")
    at = clip * 60 + window * 2 + k / 4
    return Frame(clip, window, k, at, at - 1 / 30, 512, 384, hashlib.sha256(jpeg).hexdigest(), jpeg)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cat.parquet"
    assert write_frames(path, iter(frames()), "ffmpeg") == len(frames())
    return path


@pytest.fixture
def groups_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which row groups are read from here on."""
    read: list[int] = []
    original = pq.ParquetFile.read_row_group

    def noted(self: pq.ParquetFile, group: int, *arguments: object, **more: object) -> object:
        read.append(group)
        return original(self, group, *arguments, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    return read


def test_frames_are_read_back_exactly_and_in_order(path: Path) -> None:
    assert list(read_frames(path)) == frames()


def test_the_file_tells_what_decoded_it(path: Path) -> None:
    assert pq.read_schema(path).metadata[b"streamcap.decoder"] == b"ffmpeg"


def test_the_same_frames_are_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "again.parquet", frames(), "ffmpeg")

    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_a_row_group_holds_few_rows(path: Path) -> None:
    metadata = pq.ParquetFile(path).metadata

    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [ROWS_PER_GROUP] * 11 + [16]


def test_a_row_group_holds_few_bytes_however_large_the_frames(tmp_path: Path) -> None:
    large = [frame(0, window, 0, BYTES_PER_GROUP // 3) for window in range(7)]
    write_frames(tmp_path / "large.parquet", iter(large), "ffmpeg")
    metadata = pq.ParquetFile(tmp_path / "large.parquet").metadata

    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [4, 3]


def test_frames_are_written_while_they_come(tmp_path: Path) -> None:
    """However long the video is, no more than a row group waits to be written."""
    written: list[int] = []

    def coming() -> Iterator[Frame]:
        for number, one in enumerate(frames(size_bytes=10_000)):
            if number % ROWS_PER_GROUP == 1:
                written.append((tmp_path / "cat.parquet").stat().st_size)
            yield one

    write_frames(tmp_path / "cat.parquet", coming(), "ffmpeg")

    steps = [after - before for before, after in itertools.pairwise(written)]
    assert all(step >= ROWS_PER_GROUP * 10_000 for step in steps)


def test_the_windows_of_one_clip_come_in_order_with_their_frames(path: Path) -> None:
    windows = list(read_windows(path, 1))

    assert [window for window, _ in windows] == list(range(WINDOWS))
    assert [one for _, shown in windows for one in shown] == [one for one in frames() if one.clip == 1]


def test_the_pictures_of_a_clip_are_those_of_its_windows_also_where_a_window_is_in_two_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_table, "ROWS_PER_GROUP", 11)
    path = tmp_path / "cat.parquet"
    write_frames(path, frames(), "ffmpeg")

    read = [(one.window, one.sha256, one.jpeg.to_pylist()) for one in read_pictures(path, 1)]

    assert read == [(window, tuple(one.sha256 for one in shown), [one.jpeg for one in shown]) for window, shown in read_windows(path, 1)]
    assert len(read) == WINDOWS


def test_only_the_row_groups_of_the_clip_are_read(path: Path, groups_read: list[int]) -> None:
    list(read_windows(path, 1))

    first, last = WINDOWS * PER_WINDOW, 2 * WINDOWS * PER_WINDOW - 1
    assert groups_read == list(range(first // ROWS_PER_GROUP, last // ROWS_PER_GROUP + 1))


def test_a_clip_that_is_not_there_has_no_windows(path: Path) -> None:
    assert list(read_windows(path, 7)) == []


def test_rows_are_read_by_number_from_only_the_groups_that_hold_them(path: Path, groups_read: list[int]) -> None:
    rows = [0, 1, ROWS_PER_GROUP - 1, 3 * ROWS_PER_GROUP, len(frames()) - 1]

    assert list(read_rows(path, rows)) == [frames()[row] for row in rows]
    assert groups_read == [0, 3, 11]


def test_positions_are_everything_but_the_pictures(path: Path) -> None:
    positions = read_positions(path)

    assert "jpeg" not in positions.column_names
    assert positions.column_names == [name for name in frame_table.SCHEMA.names if name != "jpeg"]
    assert positions["k"].to_pylist()[:9] == [0, 1, 2, 3, 4, 5, 6, 7, 0]


def test_a_video_without_frames_is_an_empty_table(tmp_path: Path) -> None:
    assert write_frames(tmp_path / "none.parquet", (), "ffmpeg") == 0

    assert list(read_frames(tmp_path / "none.parquet")) == []
    assert list(read_windows(tmp_path / "none.parquet", 0)) == []


@pytest.mark.parametrize("cut", [0, 100, -4])
def test_a_file_that_is_not_whole_is_refused_by_name(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(ObjectUnreadable, match=r"^frames/cat\.parquet cannot be read: .*Delete it and make its asset again\.$"):
        list(read_frames(path))
