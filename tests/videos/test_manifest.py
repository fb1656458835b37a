import logging
from pathlib import Path

import pandas as pd
import pytest

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Video
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import Seen, holds_more_than, read_manifest, read_rows, read_seen, write_manifest, write_seen

ODD = ["two\nlines.mp4", "carriage\rreturn.mp4", 'a "quote", a comma.mp4', "été 日本.mp4", "=1+1.mp4", "caf\\xe9.mp4", "-1.mp4", " space .mp4"]


def row(video_id: str, uri: str) -> Video:
    return Video(
        video_id=video_id, uri=uri, sha256="ab", size_bytes=1 << 40, width=64, duration_s=4.004, fps=30000 / 1001, audio=True, first_pts=-3, status="ok"
    )


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


def test_there_is_nothing_before_the_first_scan(storage: FolderStorage) -> None:
    assert (read_manifest(storage), read_seen(storage)) == ({}, {})


@pytest.mark.parametrize("uri", ODD)
def test_a_row_comes_back_as_it_was(storage: FolderStorage, uri: str) -> None:
    video = row("a", uri)
    write_manifest(storage, [video])
    assert read_manifest(storage) == {"a": video}


def test_rows_are_in_order_of_id_whatever_order_they_come_in(storage: FolderStorage) -> None:
    videos = [row(video_id, f"{video_id}.mp4") for video_id in ("b", "a", "c")]
    first = write_manifest(storage, videos)
    assert write_manifest(storage, videos[::-1]) == first == storage.read(keys.MANIFEST)
    assert list(read_manifest(storage)) == ["a", "b", "c"]


def test_the_columns_are_the_fields_of_a_video_and_other_readers_see_one_row_per_video(storage: FolderStorage, tmp_path: Path) -> None:
    write_manifest(storage, [row(f"v{number}", uri) for number, uri in enumerate(ODD)])
    table = pd.read_csv(tmp_path / "storage" / keys.MANIFEST)
    assert list(table.columns) == list(Video.model_fields)
    assert list(table["uri"]) == ODD


SAID = {"license": "cc-by-4.0", "credit": 'Ada "A." Müller, Köln', "url": "https://example.org/a?b=1,2", "group": "köln 7"}


def test_what_is_said_of_a_video_comes_back_as_it_was(storage: FolderStorage) -> None:
    video = row("a", "a.mp4").model_copy(update=SAID)
    write_manifest(storage, [video])
    assert read_manifest(storage) == {"a": video}


def test_a_manifest_from_before_there_was_a_licence_in_it_still_reads(storage: FolderStorage, tmp_path: Path) -> None:
    write_manifest(storage, [row("a", "a.mp4")])
    path = tmp_path / "storage" / keys.MANIFEST
    pd.read_csv(path, keep_default_na=False).drop(columns=list(SAID)).to_csv(path, index=False)
    assert read_manifest(storage) == {"a": row("a", "a.mp4")}
    assert read_rows(storage).video("a").license == ""


def test_what_is_said_of_a_video_is_no_part_of_its_content() -> None:
    assert row("a", "a.mp4").model_copy(update=SAID).content == row("a", "a.mp4").content


def test_a_manifest_that_was_spoiled_by_hand_is_named(storage: FolderStorage) -> None:
    write_manifest(storage, [row("a", "a.mp4")])
    storage.write(keys.MANIFEST, storage.read(keys.MANIFEST).replace(b'"ok"', b'"fine"'))
    with pytest.raises(ObjectUnreadable, match=r"raw/manifest\.csv cannot be read: status"):
        read_manifest(storage)


def test_rows_are_the_videos_that_are_asked_for(storage: FolderStorage) -> None:
    videos = [row(f"v{number}", uri) for number, uri in enumerate(ODD)]
    write_manifest(storage, videos)

    assert [read_rows(storage).video(video.video_id) for video in videos] == videos


def test_a_row_has_another_digest_when_any_cell_is_another(storage: FolderStorage) -> None:
    digests = set()
    for video in (row("a", "a.mp4"), row("a", "b.mp4"), row("a", "a.mp4").model_copy(update={"audio": False})):
        write_manifest(storage, [video, row("b", "other.mp4")])
        digests.add(read_rows(storage).digest("a"))

    assert len(digests) == 3


def test_a_row_that_is_spoiled_is_named_only_when_it_is_asked_for(storage: FolderStorage) -> None:
    write_manifest(storage, [row("a", "a.mp4"), row("b", "b.mp4")])
    storage.write(keys.MANIFEST, storage.read(keys.MANIFEST).replace(b'"ok"', b'"fine"', 1))
    rows = read_rows(storage)

    assert rows.video("b").video_id == "b"
    with pytest.raises(ObjectUnreadable, match=r"raw/manifest\.csv cannot be read: status"):
        rows.video("a")


def test_a_row_that_ends_early_is_named(storage: FolderStorage) -> None:
    write_manifest(storage, [row("a", "a.mp4")])
    storage.write(keys.MANIFEST, storage.read(keys.MANIFEST) + b'"b","b.mp4"\n')

    with pytest.raises(ObjectUnreadable, match="'b': a row has 2 cells"):
        read_manifest(storage)


@pytest.mark.parametrize(("videos", "more"), [(0, False), (2, False), (3, True)])
def test_whether_there_are_many_videos_is_known_without_looking_at_them(storage: FolderStorage, videos: int, more: bool) -> None:
    if videos:
        write_manifest(storage, [row(f"v{number}", f"{number}.mp4") for number in range(videos)])

    assert holds_more_than(storage, 2) is more


def test_the_scan_cache_comes_back_as_it_was(storage: FolderStorage) -> None:
    seen = {uri: Seen(5, "1234567890123456789", "ab", "probe 1, ffprobe 7.1") for uri in ODD}
    write_seen(storage, seen)
    assert read_seen(storage) == seen


SPOILED = [
    b"uri,size_bytes,version,sha256,probed_by\na.mp4,many,1,ab,probe 1\n",
    b"uri,size_bytes,version,sha256,probed_by\na.mp4,1\n",
    b"uri,size_bytes,version,sha256,probed_by\na.mp4,1,1,ab\n",
    b"uri,size_bytes,mtime_ns,sha256,probed_by\na.mp4,1,1,ab,probe 1\n",
    b"uri,size_bytes,version\na.mp4,1,1\n",
    b"\xff\xfe\x00",
    b'"' + b"x" * 200_000,
]


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_spoiled_scan_cache_is_named_in_the_log_and_counts_as_empty(storage: FolderStorage, spoiled: bytes, caplog: pytest.LogCaptureFixture) -> None:
    storage.write(keys.SCAN, spoiled)
    with caplog.at_level(logging.WARNING):
        assert read_seen(storage) == {}
    assert "ledger/scan.csv cannot be read" in caplog.text
    assert "every file of the source is read again" in caplog.text
