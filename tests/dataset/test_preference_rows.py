"""Preference pairs in the dataset: read from what each video has of them, and a dataset is whole without any."""

import datasets
import pytest

from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.records import NO_CHANGE, Captions
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import HELLO, frames_of, preference_pair, store_preferences, store_video

AWKWARD = "---\n]]> `x` | *y* \"'\\ <script> {{}} 👩‍👩‍👧 żółć\u2028"
CONFIGS = ("sft", "rl", "stream")


def load(storage: FolderStorage, config: str = "preference") -> datasets.Dataset:
    return datasets.load_dataset(str(storage.root / keys.DATASET), config, split="train")


def videos_of(storage: FolderStorage, config: str) -> set[str]:
    return set(load(storage, config)["video_id"])


def test_a_preference_row_holds_the_pair_as_it_was_made(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a")
    build_dataset(storage, [entry])

    first, second = load(storage).remove_columns(["frames_window1", "frames_window2"])

    assert first["prompt"] == "What is new? So far: A red door."
    assert (first["chosen"], first["rejected"]) == ("It opens.", "A red door.")
    assert (first["margin"], first["length_matched"], first["ranked_by"], first["objectives"]) == (0.7, False, "score", ["door opens"])
    assert first["candidates"][1] == {
        "text": "A red door.",
        "generator": "history",
        "redundancy": 1.0,
        "informativeness": 0.0,
        "coverage": 0.5,
        "score": 0.2,
        "rank": 2,
    }
    assert second["chosen"] == NO_CHANGE


def test_a_preference_row_tells_how_its_video_was_cut_and_sampled(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a")
    build_dataset(storage, [entry])
    row = load(storage).remove_columns(["frames_window1", "frames_window2"])[1]
    assert (row["start_time"], row["fps"], row["source_fps"], row["window_duration"]) == (2.0, 1.0, 29.97, 2.0)


def test_pictures_of_preference_rows_are_byte_identical_to_what_was_captioned(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a")
    build_dataset(storage, [entry])
    undecoded = datasets.List(datasets.Image(decode=False))
    row = load(storage).cast_column("frames_window1", undecoded).cast_column("frames_window2", undecoded)[1]
    shown = [[image["bytes"] for image in row[name]] for name in ("frames_window1", "frames_window2")]
    assert shown == [[frame.jpeg for frame in frames_of("a", HELLO) if frame.window == window] for window in (1, 2)]


def test_a_window_may_have_several_pairs(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a", *(preference_pair(1, chosen, "A red door.") for chosen in ("It opens.", "It swings open.")), preference_pair(2, "B", "C"))
    build_dataset(storage, [entry])
    assert load(storage)["chosen"][:] == ["It opens.", "It swings open.", "B"]
    assert load(storage)["sample_id"][:] == ["a/0/1", "a/0/1/length", "a/0/2"]


def test_awkward_words_come_back_as_they_were(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a", preference_pair(1, AWKWARD, "A red door."))
    report = build_dataset(storage, [entry])
    assert (load(storage)["chosen"][0], report.found.faults) == (AWKWARD, [])


def test_a_storage_without_preferences_has_a_whole_dataset_without_that_config(storage: FolderStorage) -> None:
    report = build_dataset(storage, [store_video(storage, "a")])
    assert report.skipped == {}
    assert set(datasets.get_dataset_config_names(str(storage.root / keys.DATASET))) == set(CONFIGS)


def test_videos_without_preferences_stand_beside_those_that_have_some(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    store_preferences(storage, "b")
    report = build_dataset(storage, entries)
    assert (report.skipped, videos_of(storage, "preference"), videos_of(storage, "sft")) == ({}, {"b"}, {"a", "b"})


def test_preferences_that_come_later_leave_the_shards_of_the_other_configs(storage: FolderStorage) -> None:
    entries = [store_video(storage, "a")]
    before = build_dataset(storage, entries)
    store_preferences(storage, "a")
    after = build_dataset(storage, entries)
    assert set(before.shards) < set(after.shards)
    assert [key.split("/")[2] for key in after.written] == ["preference"]


def test_preferences_that_are_no_record_cost_their_video_that_config_alone(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    for video_id in "ab":
        store_preferences(storage, video_id)
    storage.write(keys.preference_examples("b"), b'{"video_id": "b", "examples": [{')

    report = build_dataset(storage, entries)

    assert report.skipped.keys() == {"b"}
    assert report.skipped["b"].startswith("no preference rows: ")
    assert keys.preference_examples("b") in report.skipped["b"]
    assert videos_of(storage, "preference") == {"a"}
    assert all(videos_of(storage, config) == {"a", "b"} for config in CONFIGS)


@pytest.mark.parametrize("window", [0, 3, 40])
def test_a_pair_of_windows_without_captions_costs_its_video_that_config_alone(storage: FolderStorage, window: int) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a", preference_pair(window, "It opens.", "A red door."))
    report = build_dataset(storage, [entry])
    assert "which has no caption" in report.skipped["a"]
    assert videos_of(storage, "sft") == {"a"}


def test_pairs_are_counted_and_what_was_left_out_is_told_in_the_card(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a")
    report = build_dataset(storage, [entry])
    card = storage.read(CARD).decode()
    assert report.contents.rows["preference", "train"] == 2
    assert "| `preference` | train | 2 |" in card
    assert "| `preference` | all candidates are alike | 1 |" in card


def test_a_caption_that_is_gone_costs_the_pairs_that_speak_of_it(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    store_preferences(storage, "a")
    deltas = read_record(storage, keys.delta_captions("a"), Captions)
    write_record(storage, keys.delta_captions("a"), Captions(video_id="a", captions=deltas.captions[:1]))
    assert "its examples speak of window 2 of clip 0, which has no caption" in build_dataset(storage, [entry]).skipped["a"]
