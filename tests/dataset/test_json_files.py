"""train.json, rl.json and their held-out parts: whole arrays, one record per line, in the schema's order."""

import json

import pytest

from streamcap_dagster.dataset.json_files import write_examples_json
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.records import RlExample, SftExample
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_video

AWKWARD = 'He said "no" \\ <b>&amp;</b> ]]> `x` | *y* \u2028 end 🎬 żółć'
THREE: dict[str, Split] = {"a": "train", "b": "validation", "c": "test"}


def lines(storage: FolderStorage, key: str) -> list[str]:
    return storage.read(key).decode().split("\n")


def test_every_record_is_on_a_line_of_its_own_within_an_array(storage: FolderStorage) -> None:
    store_video(storage, "a")
    write_examples_json(storage, ["a"], {"a": "train"}, "sft")
    first, *records, last, end = lines(storage, keys.TRAIN_JSON)
    assert (first, last, end) == ("[", "]", "")
    assert [json.loads(record.rstrip(",")) for record in records] == json.loads(storage.read(keys.TRAIN_JSON))


@pytest.mark.parametrize(("kind", "key", "record"), [("sft", keys.TRAIN_JSON, SftExample), ("rl", keys.RL_JSON, RlExample)])
def test_the_fields_are_those_of_the_schema_in_order(storage: FolderStorage, kind: str, key: str, record: type[SftExample]) -> None:
    store_video(storage, "a")
    write_examples_json(storage, ["a"], {"a": "train"}, kind)  # type: ignore[arg-type]
    assert list(json.loads(storage.read(key))[0]) == list(record.model_fields)


def test_awkward_text_comes_back_as_it_was(storage: FolderStorage) -> None:
    store_video(storage, "a", [[("ok", AWKWARD), ("ok", AWKWARD)]])
    write_examples_json(storage, ["a"], {"a": "train"}, "sft")
    assert len(lines(storage, keys.TRAIN_JSON)) == 4
    assert json.loads(storage.read(keys.TRAIN_JSON))[0]["caption_window2_delta"] == AWKWARD


def test_each_split_has_its_file(storage: FolderStorage) -> None:
    for video_id in THREE:
        store_video(storage, video_id)
    report = write_examples_json(storage, list(THREE), THREE, "rl")
    found = {key: json.loads(storage.read(f"processed/{key}.json"))[0]["video_id"] for key in ("rl", "rl_validation", "rl_test")}
    assert found == {"rl": "a", "rl_validation": "b", "rl_test": "c"}
    assert report.rows == {"train": 1, "validation": 1, "test": 1}


def test_a_split_that_became_empty_loses_its_file(storage: FolderStorage) -> None:
    for video_id in THREE:
        store_video(storage, video_id)
    write_examples_json(storage, list(THREE), THREE, "sft")
    write_examples_json(storage, ["a", "b"], THREE, "sft")
    assert [stored.key for stored in storage.list("processed/")] == [keys.TRAIN_JSON, "processed/validation.json"]


def test_without_videos_train_json_is_an_empty_array(storage: FolderStorage) -> None:
    report = write_examples_json(storage, [], {}, "sft")
    assert json.loads(storage.read(keys.TRAIN_JSON)) == []
    assert report.skipped == {}


def test_a_video_without_examples_is_read_and_gives_no_line(storage: FolderStorage) -> None:
    store_video(storage, "a")
    store_video(storage, "b", [])
    report = write_examples_json(storage, ["a", "b"], {"a": "train", "b": "train"}, "sft")
    assert (report.rows["train"], report.skipped) == (2, {})


def test_videos_with_missing_or_broken_examples_are_named_and_the_others_go_on(storage: FolderStorage) -> None:
    store_video(storage, "a")
    store_video(storage, "b")
    storage.write(keys.sft_examples("b"), b"{]")
    report = write_examples_json(storage, ["a", "b", "gone"], dict.fromkeys(("a", "b", "gone"), "train"), "sft")
    assert {record["video_id"] for record in json.loads(storage.read(keys.TRAIN_JSON))} == {"a"}
    assert set(report.skipped) == {"b", "gone"}
    assert keys.sft_examples("gone") in report.skipped["gone"]


def test_pairs_that_made_no_example_are_counted_by_reason(storage: FolderStorage) -> None:
    store_video(storage, "a", [[("ok", "A door."), ("blocked", ""), ("blocked", "")]])
    assert write_examples_json(storage, ["a"], {"a": "train"}, "sft").left_out == {"delta caption: blocked": 2}


def test_the_order_of_the_videos_does_not_matter(storage: FolderStorage) -> None:
    for video_id in THREE:
        store_video(storage, video_id)
    every = dict.fromkeys(THREE, "train")
    write_examples_json(storage, ["a", "b", "c"], every, "sft")  # type: ignore[arg-type]
    before = storage.read(keys.TRAIN_JSON)
    write_examples_json(storage, ["c", "a", "b"], every, "sft")  # type: ignore[arg-type]
    assert storage.read(keys.TRAIN_JSON) == before
