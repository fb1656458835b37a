"""How often the storage is asked for a dataset of many videos: for each by number, and many at a time."""

from collections import Counter
from pathlib import Path

import pytest

from streamcap_dagster.dataset import pictures
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.json_files import write_examples_json
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.storage import keys
from tests.dataset.corpus import store_preferences, store_video, video
from tests.storage.counted import CountedStorage

KNOWN = ("frames/", "sft_examples/", "preference_examples/")
VIDEOS = [f"v{number:02d}" for number in range(16)]


@pytest.fixture
def far(tmp_path: Path) -> CountedStorage:
    storage = CountedStorage(tmp_path / "data", latency_s=0.005)
    for video_id in VIDEOS:
        store_video(storage, video_id)
        store_preferences(storage, video_id)
    storage.requests.clear()
    storage.most_at_once = 0
    return storage


def entries(storage: CountedStorage, known: bool) -> list[DatasetVideo]:
    sizes = {stored.key: stored.size_bytes for folder in KNOWN for stored in storage.list(folder)} if known else {}
    storage.requests.clear()
    return [DatasetVideo(video(video_id), "train", sizes) for video_id in VIDEOS]


def asked(storage: CountedStorage) -> Counter[tuple[str, str]]:
    return Counter((operation, key.split("/")[0]) for operation, key in storage.requests)


def test_each_video_is_asked_for_its_records_and_frames_and_for_no_size_that_is_known(far: CountedStorage) -> None:
    build_dataset(far, entries(far, known=True))

    read = {
        ("read", folder): len(VIDEOS)
        for folder in ("initial_captions", "delta_captions", "caption_quality", "reviewed", "sft_examples", "rl_examples", "clips", "preference_examples")
    }
    shown = 3
    shards_card_and_pictures = {("list", "processed"): 1, ("write", "processed"): 4 + 3 + shown, ("lease", "hf_dataset"): 2}
    read_back = {("stat", "processed"): 4, ("range", "processed"): 12}
    assert asked(far) == {**read, **shards_card_and_pictures, **read_back, ("stat", "frames"): len(VIDEOS) + shown, ("range", "frames"): 2 * shown}
    assert far.most_at_once >= 4


def test_however_many_videos_a_shard_holds_few_of_their_files_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_HELD", 5)
    few, many = (CountedStorage(tmp_path / name) for name in ("few", "many"))
    for storage in (few, many):
        for video_id in VIDEOS:
            store_video(storage, video_id)

    report = build_dataset(few, entries(few, known=True))
    monkeypatch.undo()

    assert (report.skipped, few.most_lent) == ({}, 5)
    assert report.shards == build_dataset(many, entries(many, known=True)).shards
    assert asked(few)["stat", "frames"] <= 4 * len(VIDEOS)


def test_a_dataset_that_is_there_already_needs_no_frames(far: CountedStorage) -> None:
    build_dataset(far, entries(far, known=True))
    again = entries(far, known=True)

    assert build_dataset(far, again).written == []
    assert ("stat", "frames") not in asked(far)


def test_sizes_that_nobody_knows_are_asked_for(far: CountedStorage) -> None:
    report = build_dataset(far, entries(far, known=False))

    assert asked(far)["stat", "sft_examples"] == len(VIDEOS)
    assert report.size_bytes == {stored.key: stored.size_bytes for stored in far.list(f"{keys.DATASET}/")}


def test_the_json_files_are_read_for_side_by_side_and_what_was_written_is_known(far: CountedStorage) -> None:
    report = write_examples_json(far, VIDEOS, dict.fromkeys(VIDEOS, "train"), "sft")

    (written,) = report.files
    assert asked(far) == {("read", "sft_examples"): len(VIDEOS), ("write", "processed"): 1, ("stat", "processed"): 1, ("delete", "processed"): 2}
    assert (written.key, written.size_bytes) == (keys.TRAIN_JSON, len(far.read(keys.TRAIN_JSON)))
    assert far.most_at_once >= 4
