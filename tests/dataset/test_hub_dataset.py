"""The Hugging Face dataset as a trainer finds it: loaded with `datasets`, byte for byte what was captioned."""

import io
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from PIL import Image

from streamcap_dagster.dataset import rows as dataset_rows
from streamcap_dagster.dataset import shards as dataset_shards
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.policies import Windowing
from streamcap_dagster.records import Captions, RlExample, SftExample
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from tests.dataset.corpus import HELLO, Said, caption_records, frames_of, jpeg, store_video, video

TWO_CLIPS: tuple[tuple[Said, ...], ...] = ((("ok", "A door."), ("ok", "It opens."), ("no_change", "")), (("ok", "A cat."), ("blocked", ""), ("ok", "A dog.")))


def folder(storage: FolderStorage) -> str:
    return str(storage.root / keys.DATASET)


def load(storage: FolderStorage, config: str, split: str = "train") -> datasets.Dataset:
    return datasets.load_dataset(folder(storage), config, split=split)


def as_stored(rows: datasets.Dataset, column: str) -> datasets.Dataset:
    """The pictures of a column undecoded."""
    return rows.cast_column(column, datasets.List(datasets.Image(decode=False)))


def jpegs(video_id: str, clip: int, *windows: int) -> list[bytes]:
    return [frame.jpeg for frame in frames_of(video_id, TWO_CLIPS) if frame.clip == clip and frame.window in windows]


def shard_bytes(storage: FolderStorage) -> dict[str, tuple[int, bytes]]:
    """Inode and content of every shard."""
    shards = sorted(Path(folder(storage)).rglob("*.parquet"))
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in shards}


@pytest.mark.parametrize(("config", "record"), [("sft", SftExample), ("rl", RlExample)])
def test_the_columns_begin_with_the_fields_of_the_records(storage: FolderStorage, config: str, record: type[SftExample]) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    assert load(storage, config).column_names[: len(record.model_fields)] == list(record.model_fields)


@pytest.mark.parametrize("config", ["sft", "rl"])
def test_pictures_of_pairs_are_byte_identical_to_what_was_captioned(storage: FolderStorage, config: str) -> None:
    build_dataset(storage, [store_video(storage, "a", TWO_CLIPS)])
    rows = as_stored(as_stored(load(storage, config), "frames_window1"), "frames_window2")
    last = rows[len(rows) - 1]
    assert [image["bytes"] for image in last["frames_window1"]] == jpegs("a", 1, 1)
    assert [image["bytes"] for image in last["frames_window2"]] == jpegs("a", 1, 2)


def test_a_stream_row_holds_a_whole_clip_byte_for_byte(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", TWO_CLIPS)])
    row = as_stored(load(storage, "stream"), "images")[1]
    assert [image["bytes"] for image in row["images"]] == jpegs("a", 1, 0, 1, 2)
    assert row["frames_per_window"] == [2, 2, 2]


def test_a_stream_row_keeps_silence_and_failures(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", TWO_CLIPS)])
    first, second = load(storage, "stream").remove_columns("images")
    assert [window["outcome"] for window in first["windows"]] == ["ok", "ok", "no_change"]
    assert {"start_s": 62.0, "end_s": 64.0, "kind": "delta", "outcome": "blocked", "text": ""}.items() <= second["windows"][1].items()
    assert (second["start_time"], second["end_time"], second["captioner"], second["model"]) == (60.0, 66.0, "recorded", "none")


def test_a_stream_row_tells_how_its_own_video_was_cut_and_sampled(storage: FolderStorage) -> None:
    lengths = {"a": 2.0, "b": 0.5}
    build_dataset(storage, [store_video(storage, video_id, windowing=Windowing(window_duration_s=length)) for video_id, length in lengths.items()])
    told = {row["video_id"]: (row["window_duration"], row["fps"]) for row in load(storage, "stream").remove_columns("images")}
    assert told == {"a": (2.0, 1.0), "b": (0.5, 4.0)}


def test_no_picture_carries_a_path(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    assert all(image["path"] is None for row in as_stored(load(storage, "sft"), "frames_window1") for image in row["frames_window1"])


def test_pictures_decode(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    shown = load(storage, "sft")[0]["frames_window2"][1]
    assert shown.tobytes() == Image.open(io.BytesIO(jpegs("a", 0, 1)[1])).tobytes()


def test_the_dataset_streams(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    rows = datasets.load_dataset(folder(storage), "sft", split="train", streaming=True)
    assert [row["caption_window2_delta"] for row in rows] == ["It opens.", ""]


def test_awkward_text_comes_back_as_it_was(storage: FolderStorage) -> None:
    awkward = "---\n]]> `x` | *y* \"'\\ <script> {{}} 👩‍👩‍👧 żółć\u2028"
    build_dataset(storage, [store_video(storage, "a", [[("ok", awkward), ("ok", awkward)]])])
    assert load(storage, "sft")[0]["conversations"][1] == {"role": "assistant", "content": awkward}


def test_three_splits_of_twenty_five_videos_load_apart(storage: FolderStorage) -> None:
    split_of = {f"v{number:02d}": ("train", "validation", "test")[max(0, number - 22)] for number in range(25)}
    entries = [store_video(storage, video_id, split=split) for video_id, split in split_of.items()]  # type: ignore[arg-type]
    build_dataset(storage, entries, shard_bytes=100_000)
    for config in ("sft", "rl", "stream"):
        found = {split: set(rows["video_id"]) for split, rows in datasets.load_dataset(folder(storage), config).items()}
        assert found == {split: {video_id for video_id in split_of if split_of[video_id] == split} for split in ("train", "validation", "test")}


def test_a_config_without_rows_is_not_declared(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [[("ok", "A door."), ("blocked", "")]])])
    assert datasets.get_dataset_config_names(folder(storage)) == ["stream"]


def test_without_videos_there_is_a_card_and_no_shard(storage: FolderStorage) -> None:
    report = build_dataset(storage, [])
    assert [stored.key for stored in storage.list(keys.DATASET)] == ["processed/dataset/README.md"]
    assert not report.shards


def test_a_video_without_clips_changes_nothing(storage: FolderStorage) -> None:
    one = store_video(storage, "a")
    alone = build_dataset(storage, [one])
    both = build_dataset(storage, [one, store_video(storage, "b", [])])
    assert (both.card_sha256, both.skipped) == (alone.card_sha256, {})


def test_shards_stay_below_their_size_and_a_larger_video_is_divided(storage: FolderStorage) -> None:
    chain: list[Said] = [("ok", f"News {i}.") for i in range(40)]
    build_dataset(storage, [store_video(storage, "a", [chain])], shard_bytes=60_000)
    sizes = [path.stat().st_size for path in Path(folder(storage), "sft").iterdir()]
    assert len(sizes) > 1
    assert max(sizes) < 70_000
    assert load(storage, "sft")["caption_window2_delta"].count("News 39.") == 1


def test_a_row_group_holds_no_more_than_its_share(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_shards, "ROW_GROUP_BYTES", 10_000)
    chain: list[Said] = [("ok", f"News {i}.") for i in range(20)]
    report = build_dataset(storage, [store_video(storage, "a", [chain])])
    shard = pq.ParquetFile(storage.root / report.shards[0])
    groups = [shard.read_row_group(group).to_pylist() for group in range(shard.num_row_groups)]
    pictures = [sum(len(image["bytes"]) for row in group for image in row["frames_window1"] + row["frames_window2"]) for group in groups]
    assert len(pictures) > 3
    assert max(pictures) <= 10_000


def test_the_same_videos_make_the_same_bytes_anywhere(storage: FolderStorage, tmp_path: Path) -> None:
    other = FolderStorage(tmp_path / "other")
    for root, order in ((storage, "abc"), (other, "cab")):
        build_dataset(root, [store_video(root, video_id) for video_id in order])
    files = [{path.relative_to(folder(root)): path.read_bytes() for path in Path(folder(root)).rglob("*.*")} for root in (storage, other)]
    assert files[0] == files[1]


def test_making_it_again_writes_no_shard(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "abc"]
    first = build_dataset(storage, entries)
    before = shard_bytes(storage)
    again = build_dataset(storage, entries)
    assert (again.written, again.card_sha256, shard_bytes(storage)) == ([], first.card_sha256, before)


def test_one_more_video_leaves_most_shards_as_they_are(storage: FolderStorage) -> None:
    entries = [store_video(storage, f"v{number:02d}") for number in range(24)]
    build_dataset(storage, entries, shard_bytes=60_000)
    before = shard_bytes(storage)
    report = build_dataset(storage, [*entries, store_video(storage, "new")], shard_bytes=60_000)
    after = shard_bytes(storage)
    assert {name: after[name] for name in before.keys() & after.keys()} == {name: before[name] for name in before.keys() & after.keys()}
    assert len(report.written) <= 6 < len(before.keys() & after.keys())


def test_a_changed_caption_changes_the_shard_that_holds_it(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    before = shard_bytes(storage)
    build_dataset(storage, [store_video(storage, "a", [[("ok", "A red door."), ("ok", "It shuts."), ("no_change", "")]])])
    assert not before.keys() & shard_bytes(storage).keys()
    assert load(storage, "sft")["caption_window2_delta"][0] == "It shuts."


def test_other_frames_under_the_same_words_change_the_shard_that_holds_them(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    build_dataset(storage, [entry])
    before = shard_bytes(storage)
    with storage.staged(keys.frames("a")) as path:
        write_frames(path, frames_of("other", HELLO), "by hand")
    for key, captions in zip((keys.initial_captions("a"), keys.delta_captions("a")), caption_records("other", HELLO), strict=True):
        write_record(storage, key, captions.model_copy(update={"video_id": "a"}))
    build_dataset(storage, [entry])
    assert not before.keys() & shard_bytes(storage).keys()


def test_the_card_shows_the_same_rows_however_the_videos_are_spread(storage: FolderStorage) -> None:
    entries = [store_video(storage, f"v{number:02d}") for number in range(12)]
    report = build_dataset(storage, entries, shard_bytes=20_000)
    assert [example.video_id for example in report.contents.measures.shown] == ["v00", "v01", "v02"]


def test_a_video_that_is_gone_leaves_the_dataset(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    build_dataset(storage, entries)
    build_dataset(storage, entries[:1])
    assert set(load(storage, "sft")["video_id"]) == {"a"}
    assert len(shard_bytes(storage)) == 3


@pytest.mark.parametrize("name", ["NOTES.md", "embeddings.parquet", "sft/scores.parquet", "sft/train-00000-of-00001.parquet"])
def test_a_file_that_a_person_put_there_stays(storage: FolderStorage, name: str) -> None:
    storage.write(f"{keys.DATASET}/{name}", b"mine")
    build_dataset(storage, [store_video(storage, "a")])
    assert storage.read(f"{keys.DATASET}/{name}") == b"mine"


@pytest.mark.parametrize("key", [keys.frames("b"), keys.initial_captions("b"), keys.delta_captions("b")])
def test_a_video_without_what_every_row_needs_is_named_and_the_others_go_on(storage: FolderStorage, key: str) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    storage.delete(key)
    report = build_dataset(storage, entries)
    assert key in report.skipped["b"]
    assert set(load(storage, "stream")["video_id"]) == {"a"}


def test_a_video_without_rl_examples_still_gives_its_other_rows(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    storage.delete(keys.rl_examples("b"))
    report = build_dataset(storage, entries)
    assert "no rl rows" in report.skipped["b"]
    assert (set(load(storage, "sft")["video_id"]), set(load(storage, "rl")["video_id"])) == ({"a", "b"}, {"a"})


def test_a_video_without_its_clips_still_gives_its_pairs(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    storage.delete(keys.clips("b"))
    report = build_dataset(storage, entries)
    assert "no stream rows" in report.skipped["b"]
    assert (set(load(storage, "sft")["video_id"]), set(load(storage, "stream")["video_id"])) == ({"a", "b"}, {"a"})


def test_frames_that_were_made_again_after_captioning_are_refused(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    with storage.staged(keys.frames("b")) as path:
        write_frames(path, frames_of("other", TWO_CLIPS), "by hand")
    report = build_dataset(storage, entries)
    assert "other frames than those that were captioned" in report.skipped["b"]
    assert set(load(storage, "sft")["video_id"]) == {"a"}


def test_frames_that_end_too_early_are_refused(storage: FolderStorage) -> None:
    entry = store_video(storage, "a")
    with storage.staged(keys.frames("a")) as path:
        write_frames(path, list(frames_of("a", TWO_CLIPS))[:4], "by hand")
    assert "window 2 of clip 0 has a caption but no frames" in build_dataset(storage, [entry]).skipped["a"]


@pytest.mark.parametrize("damage", [b"", b"PAR1 not at all PAR1"])
def test_broken_frames_are_refused(storage: FolderStorage, damage: bytes) -> None:
    entries = [store_video(storage, video_id) for video_id in "ab"]
    storage.write(keys.frames("b"), damage)
    report = build_dataset(storage, entries)
    assert "cannot be read" in report.skipped["b"]
    assert set(load(storage, "rl")["video_id"]) == {"a"}


def test_frames_broken_in_the_middle_are_refused(storage: FolderStorage) -> None:
    entries = [store_video(storage, video_id, TWO_CLIPS) for video_id in "ab"]
    whole = storage.read(keys.frames("b"))
    middle = whole.index(jpeg("b", 1, 0, 0)) - 20
    storage.write(keys.frames("b"), whole[:middle] + b"\xff" * 40 + whole[middle + 40 :])
    report = build_dataset(storage, entries)
    assert set(report.skipped) == {"b"}
    assert set(load(storage, "stream")["video_id"]) == {"a"}


def test_examples_of_windows_without_captions_are_refused(storage: FolderStorage) -> None:
    entry = store_video(storage, "a", TWO_CLIPS)
    captions = read_record(storage, keys.delta_captions("a"), Captions)
    write_record(storage, keys.delta_captions("a"), Captions(video_id="a", captions=captions.captions[:1]))
    assert "which has no caption" in build_dataset(storage, [entry]).skipped["a"]


def test_a_clip_too_large_for_one_row_is_left_out_of_stream_with_the_reason(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_rows, "LARGEST_CLIP_BYTES", 2_000)
    report = build_dataset(storage, [store_video(storage, "a")])
    assert [config for config, _ in report.contents.left_out] == ["rl", "stream"]
    assert report.contents.rows["stream", "train"] == 0


def test_a_second_writer_waits_for_the_first_which_may_be_gone_without_having_said_so(storage: FolderStorage) -> None:
    first = ExitStack()
    first.enter_context(storage.lease("hf_dataset"))
    began_s = time.monotonic()
    threading.Timer(0.3, first.close).start()

    build_dataset(storage, [])

    assert time.monotonic() - began_s >= 0.3


def test_a_video_that_was_never_captioned_is_named(storage: FolderStorage) -> None:
    assert keys.initial_captions("a") in build_dataset(storage, [DatasetVideo(video("a"), "train")]).skipped["a"]
