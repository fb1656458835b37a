"""What is wrong with files of all videos is found when they are read back: each fault alone, and none in files as they are written."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamcap_dagster.dataset import hub_dataset, json_files
from streamcap_dagster.dataset.checking import MOST_FAULTS, ReadBack, split_faults
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.json_files import write_examples_json
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_video

TWO: dict[str, Split] = {"a": "train", "b": "train"}
Rows = list[dict[str, Any]]


def other_words(rows: Rows) -> None:
    rows[1]["caption_window1"] = "Something else."


def another_video(rows: Rows) -> None:
    rows[1]["video_id"] = "z"


def in_another_order(rows: Rows) -> None:
    rows[0], rows[1] = rows[1], rows[0]


def one_lost(rows: Rows) -> None:
    del rows[0]


def one_twice(rows: Rows) -> None:
    rows.insert(1, rows[1])


def a_video_lost(rows: Rows) -> None:
    del rows[:2]


def a_video_again(rows: Rows) -> None:
    rows.append(rows[0])


JSON_FAULTS: dict[Callable[[Rows], None], str] = {
    other_words: "the rows of video a are not those that it gave",
    in_another_order: "the rows of video a are not those that it gave",
    one_lost: "1 rows are of video a, which gave 2",
    one_twice: "3 rows are of video a, which gave 2",
    a_video_lost: "video a gave 2 rows, of which none is in it",
    a_video_again: "1 rows are of video a, which gave none or has had its rows before",
}


@pytest.fixture
def spoil_json(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Rows], None]], list[str]]:
    """Writes train.json of two videos, with a fault between writing and reading back; returns what was found."""
    read_back = json_files._read_back

    def written(spoil: Callable[[Rows], None]) -> list[str]:
        def spoilt(storage: Storage, key: str, *more: Any) -> Any:
            rows = json.loads(storage.read(key))
            spoil(rows)
            lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
            storage.write(key, f"[\n{lines}\n]\n".encode())
            return read_back(storage, key, *more)

        monkeypatch.setattr(json_files, "_read_back", spoilt)
        for video_id in TWO:
            store_video(storage, video_id)
        return write_examples_json(storage, list(TWO), TWO, "sft").found.faults

    return written


def test_a_json_file_as_it_is_written_has_no_fault(spoil_json: Callable[[Callable[[Rows], None]], list[str]]) -> None:
    assert spoil_json(lambda rows: None) == []


@pytest.mark.parametrize(("spoil", "fault"), JSON_FAULTS.items(), ids=[spoil.__name__ for spoil in JSON_FAULTS])
def test_a_json_file_with_other_rows_than_the_videos_gave_is_told(
    spoil_json: Callable[[Callable[[Rows], None]], list[str]], spoil: Callable[[Rows], None], fault: str
) -> None:
    assert spoil_json(spoil) == [f"{keys.TRAIN_JSON}: {fault}"]


def test_a_json_file_that_breaks_off_is_told(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    read_back = json_files._read_back

    def cut(storage: Storage, key: str, *more: Any) -> Any:
        storage.write(key, storage.read(key)[:-40])
        return read_back(storage, key, *more)

    monkeypatch.setattr(json_files, "_read_back", cut)
    store_video(storage, "a")

    faults = write_examples_json(storage, ["a"], {"a": "train"}, "sft").found.faults

    assert [fault for fault in faults if "which is no example" in fault]


SHARD_FAULTS: dict[Callable[[Rows], None], str] = {
    other_words: "row 1 is not the one that video a gave",
    another_video: "row 1 is of video z, not of a",
    in_another_order: "row 0 is not the one that video a gave",
}


@pytest.fixture
def spoil_shard(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Rows], None]], list[str]]:
    """Builds the dataset of two videos, with a fault in the sft shard between writing and reading back; returns what was found."""
    write_shard = hub_dataset.write_shard

    def built(spoil: Callable[[Rows], None]) -> list[str]:
        def spoilt(path: Any, shard: Any, files: Any) -> None:
            write_shard(path, shard, files)
            if shard.config == "sft":
                table = pq.read_table(path)
                rows = table.to_pylist()
                spoil(rows)
                pq.write_table(pa.Table.from_pylist(rows, table.schema), path)

        monkeypatch.setattr(hub_dataset, "write_shard", spoilt)
        return [fault.split(": ", 1)[1] for fault in build_dataset(storage, [store_video(storage, video_id) for video_id in TWO]).found.faults]

    return built


def test_shards_as_they_are_written_have_no_fault(spoil_shard: Callable[[Callable[[Rows], None]], list[str]]) -> None:
    assert spoil_shard(lambda rows: None) == []


@pytest.mark.parametrize(("spoil", "fault"), SHARD_FAULTS.items(), ids=[spoil.__name__ for spoil in SHARD_FAULTS])
def test_a_shard_with_other_rows_than_the_videos_gave_is_told(
    spoil_shard: Callable[[Callable[[Rows], None]], list[str]], spoil: Callable[[Rows], None], fault: str
) -> None:
    assert fault in spoil_shard(spoil)


@pytest.mark.parametrize(("spoil", "rows"), [(one_lost, 3), (one_twice, 5)], ids=["one lost", "one twice"])
def test_a_shard_with_more_or_fewer_rows_is_told(spoil_shard: Callable[[Callable[[Rows], None]], list[str]], spoil: Callable[[Rows], None], rows: int) -> None:
    assert f"it has {rows} rows, where the videos gave 4" in spoil_shard(spoil)


def test_a_shard_that_cannot_be_read_is_told_although_it_is_not_written_again(storage: FolderStorage) -> None:
    entries = [store_video(storage, "a")]
    (sft,) = [key for key in build_dataset(storage, entries).shards if "/sft/" in key]
    storage.write(sft, b"no parquet")

    (fault,) = build_dataset(storage, entries).found.faults

    assert "it cannot be read back" in fault


def test_whose_rows_are_in_which_split_is_read_from_the_files(storage: FolderStorage) -> None:
    splits: dict[str, Split] = {"a": "train", "b": "test"}
    entries = [store_video(storage, video_id, split=split) for video_id, split in splits.items()]

    expected = {"train": {"a"}, "validation": set(), "test": {"b"}}
    assert build_dataset(storage, entries).found.seen == expected
    assert build_dataset(storage, entries).found.seen == expected
    assert write_examples_json(storage, ["a", "b"], splits, "sft").found.seen == expected


def test_splits_without_a_video_in_common_have_no_fault() -> None:
    assert list(split_faults({"train": {"a", "b"}, "test": {"c"}}, {"a": "one", "b": "one", "c": "two"})) == []


def test_a_video_in_two_splits_is_told() -> None:
    assert list(split_faults({"train": {"a"}, "test": {"a"}}, {})) == ["video a is in train and in test"]


def test_videos_of_one_group_in_two_splits_are_told() -> None:
    faults = split_faults({"train": {"a"}, "validation": {"b"}}, {"a": "one", "b": "one"})
    assert list(faults) == ["video a in train and video b in validation are of one group"]


def test_nobody_looks_on_once_there_are_many_faults() -> None:
    found = ReadBack()

    found.judge("file", lambda: (str(number) for number in range(10 * MOST_FAULTS)))

    assert len(found.faults) == MOST_FAULTS
