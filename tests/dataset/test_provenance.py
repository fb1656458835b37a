"""Every row tells where it comes from, beside the fields that trainers know, and is another one when that changes."""

from datetime import UTC, datetime
from pathlib import Path

import datasets
import pytest

from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.applying import apply_review, caption_sha256
from streamcap_dagster.reviews.records import Decision, Review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import Said, store_preferences, store_video, video

FACTS = {"license": "CC-BY-4.0", "credit": "Zoë 🎬", "url": "https://example.org/watch?v=a&b=c"}
ORIGIN = {
    "source_sha256": "0" * 64,
    "license": "CC-BY-4.0",
    "credit": "Zoë 🎬",
    "source_url": "https://example.org/watch?v=a&b=c",
    "group": "a street",
    "split": "validation",
}
CHAIN: tuple[Said, ...] = (("ok", "A red door."), ("no_change", ""), ("ok", "It opens."), ("ok", "A cat."))
PAIRS = ("sft", "rl", "preference")


@pytest.fixture
def entry(storage: FolderStorage) -> DatasetVideo:
    """A video with rows for every config, of which everything is known."""
    store_video(storage, "a", [CHAIN])
    store_preferences(storage, "a")
    return DatasetVideo(video("a", **FACTS), "validation", group="a street")


def rows(storage: FolderStorage, config: str) -> list[dict[str, object]]:
    """The rows of a config without their pictures."""
    found = datasets.load_dataset(str(storage.root / keys.DATASET), config, split="validation")
    return list(found.remove_columns([name for name in found.column_names if name.startswith("frames_window") or name == "images"]))


@pytest.mark.parametrize("config", [*PAIRS, "stream"])
def test_every_row_tells_what_is_known_of_its_video(storage: FolderStorage, entry: DatasetVideo, config: str) -> None:
    build_dataset(storage, [entry])
    assert [{name: row[name] for name in ORIGIN} for row in rows(storage, config)] == [ORIGIN] * len(rows(storage, config))


@pytest.mark.parametrize("config", PAIRS)
def test_a_row_of_two_windows_tells_which_they_are_and_who_said_what(storage: FolderStorage, entry: DatasetVideo, config: str) -> None:
    build_dataset(storage, [entry])
    (row,) = (row for row in rows(storage, config) if row["window"] == 2)
    told = {name: row[name] for name in ("sample_id", "clip", "window", "outcome", "captioner", "model", "prompt_version")}
    assert told == {"sample_id": "a/0/2", "clip": 0, "window": 2, "outcome": "ok", "captioner": "recorded", "model": "none", "prompt_version": "p1"}
    assert (row["frame_pts_window1"], row["frame_pts_window2"]) == ([2.0, 3.0], [4.0, 5.0])


def test_the_history_is_what_was_said_up_to_window_1(storage: FolderStorage, entry: DatasetVideo) -> None:
    build_dataset(storage, [entry])
    told = {row["window"]: row["history"] for row in rows(storage, "sft")}
    assert told == {1: ["A red door."], 2: ["A red door."], 3: ["A red door.", "It opens."]}


def test_what_a_reviewer_dropped_is_in_no_history(storage: FolderStorage, entry: DatasetVideo) -> None:
    initials, deltas = (read_record(storage, key("a"), Captions) for key in (keys.initial_captions, keys.delta_captions))
    (dropped,) = (caption for caption in deltas.captions if caption.window == 2)
    decision = Decision(clip=0, window=2, verdict="drop", caption_sha256=caption_sha256(dropped), by="ann", at=datetime(2026, 1, 1, tzinfo=UTC), revision=1)
    write_record(storage, keys.reviewed("a"), apply_review(Review(video_id="a", decisions=(decision,)), initials, deltas).reviewed)
    build_dataset(storage, [entry])

    assert {row["window"]: row["history"] for row in rows(storage, "sft")}[3] == ["A red door."]


def test_a_silent_row_tells_its_outcome(storage: FolderStorage, entry: DatasetVideo) -> None:
    build_dataset(storage, [entry])
    assert [row["outcome"] for row in rows(storage, "sft")] == ["no_change", "ok", "ok"]


def test_a_row_of_a_clip_tells_when_each_of_its_pictures_was_shown(storage: FolderStorage, entry: DatasetVideo) -> None:
    build_dataset(storage, [entry])
    (row,) = rows(storage, "stream")
    assert (row["sample_id"], row["frame_pts"]) == ("a/0", [float(second) for second in range(8)])


def test_a_row_of_a_clip_names_every_prompt_that_it_was_asked_with(storage: FolderStorage, entry: DatasetVideo) -> None:
    deltas = read_record(storage, keys.delta_captions("a"), Captions)
    asked = tuple(caption.model_copy(update={"prompt_version": "p2"}) for caption in deltas.captions)
    write_record(storage, keys.delta_captions("a"), Captions(video_id="a", captions=asked))
    build_dataset(storage, [entry])
    assert rows(storage, "stream")[0]["prompt_version"] == "p1 p2"


def test_a_row_of_a_clip_names_everybody_who_captioned_it(storage: FolderStorage, entry: DatasetVideo) -> None:
    deltas = read_record(storage, keys.delta_captions("a"), Captions)
    by_two = (deltas.captions[0], *(caption.model_copy(update={"captioner": "offline", "model": "offline-1"}) for caption in deltas.captions[1:]))
    write_record(storage, keys.delta_captions("a"), Captions(video_id="a", captions=by_two))
    build_dataset(storage, [entry])
    (row,) = rows(storage, "stream")
    assert (row["captioner"], row["model"]) == ("recorded offline", "none offline-1")


@pytest.mark.parametrize("config", PAIRS)
def test_a_row_of_two_windows_names_everybody_whose_words_it_holds(storage: FolderStorage, entry: DatasetVideo, config: str) -> None:
    initials = read_record(storage, keys.initial_captions("a"), Captions)
    rehearsed = tuple(caption.model_copy(update={"captioner": "offline", "model": "offline-1"}) for caption in initials.captions)
    write_record(storage, keys.initial_captions("a"), Captions(video_id="a", captions=rehearsed))
    build_dataset(storage, [entry])

    assert {(row["captioner"], row["model"]) for row in rows(storage, config)} == {("offline recorded", "offline-1 none")}


def test_a_row_tells_the_prompt_of_its_delta(storage: FolderStorage, entry: DatasetVideo) -> None:
    deltas = read_record(storage, keys.delta_captions("a"), Captions)
    asked = tuple(caption.model_copy(update={"prompt_version": "p2"}) for caption in deltas.captions)
    write_record(storage, keys.delta_captions("a"), Captions(video_id="a", captions=asked))
    build_dataset(storage, [entry])
    assert {row["prompt_version"] for row in rows(storage, "sft")} == {"p2"}


@pytest.mark.parametrize("fact", ["license", "credit", "url"])
def test_what_is_told_anew_of_a_video_makes_its_shards_anew(storage: FolderStorage, entry: DatasetVideo, fact: str) -> None:
    before = build_dataset(storage, [entry])
    told = DatasetVideo(entry.video.model_copy(update={fact: "another"}), entry.split, group=entry.group)
    after = build_dataset(storage, [told])
    assert len(after.written) == 4
    assert not set(before.shards) & set(after.shards)


def test_another_group_makes_shards_anew(storage: FolderStorage, entry: DatasetVideo) -> None:
    before = build_dataset(storage, [entry])
    after = build_dataset(storage, [DatasetVideo(entry.video, entry.split, group="another street")])
    assert not set(before.shards) & set(after.shards)


def test_what_is_told_anew_of_one_video_leaves_the_shards_of_others(storage: FolderStorage) -> None:
    entries = [store_video(storage, f"v{number:02d}") for number in range(12)]
    before = build_dataset(storage, entries, shard_bytes=20_000)
    told = DatasetVideo(video("v00", license="CC0-1.0"), "train")
    after = build_dataset(storage, [told, *entries[1:]], shard_bytes=20_000)
    assert len(set(before.shards) & set(after.shards)) >= len(before.shards) // 2
    assert 0 < len(after.written) < len(after.shards)


def test_no_row_tells_where_on_this_machine_its_video_was(storage: FolderStorage, entry: DatasetVideo, tmp_path: Path) -> None:
    build_dataset(storage, [entry])
    assert all(str(tmp_path) not in str(row) for config in (*PAIRS, "stream") for row in rows(storage, config))
