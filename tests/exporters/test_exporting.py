"""What holds for every format: which rows it gets, what its folder holds after an export, a kill or a full disk, and what it refuses."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, SettingError, StorageError
from streamcap_dagster.exporters.exporting import Exported, export
from streamcap_dagster.exporters.table import EXPORTERS, exporter_of
from streamcap_dagster.exporters.target import RECORD
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.tombstones import lay_tombstone
from tests.exporters.corpus import SAID, WORDS, Row, frames, sft_row, store_dataset, stream_row
from tests.exporters.dying import lines

REPOSITORY = Path(__file__).parents[2]


def exported(storage: FolderStorage, out: Path, *splits: str, force: bool = False) -> Exported:
    return export(storage, lines(), WORDS, out, splits=splits, force=force)


def images(out: Path, split: str = "train") -> dict[bytes, Path]:
    return {path.read_bytes(): path for path in sorted(out.glob(f"images/{split}/*/*.jpg"))}


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file() and ".streamcap" not in path.parts}


def test_every_split_is_exported_with_its_rows_images_and_bytes_counted(dataset: FolderStorage, out: Path) -> None:
    done = exported(dataset, out)

    assert {split: (tally.rows, tally.images) for split, tally in done.splits.items()} == {"train": (1, 6), "validation": (1, 6)}
    assert done.splits["train"].size_bytes == len((out / "train.jsonl").read_bytes()) + sum(map(len, images(out)))


def test_only_the_split_that_is_asked_for_is_exported_and_others_stay(dataset: FolderStorage, out: Path) -> None:
    assert set(exported(dataset, out, "validation").splits) == {"validation"}
    assert not (out / "train.jsonl").exists()
    exported(dataset, out, "train")
    assert (out / "validation.jsonl").exists()
    assert images(out, "validation")


def test_an_image_that_several_rows_hold_is_written_once(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(), stream_row(sample_id="cat/again")]]}})
    done = exported(storage, out)

    assert done.splits["train"].images == 12
    assert set(images(out)) == {image for window in range(len(SAID)) for image in frames("cat", window)}


def test_rows_of_all_files_come_in_the_order_of_the_card(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row("b"), stream_row("c")], [stream_row("a")]]}})
    exported(storage, out)

    assert [json.loads(line)["id"] for line in (out / "train.jsonl").read_text().splitlines()] == ["b/0", "c/0", "a/0"]


def test_a_file_that_the_card_does_not_list_does_not_count(dataset: FolderStorage, out: Path) -> None:
    dataset.write(f"{keys.DATASET}/stream/train-unfinished.parquet", b"half")
    assert exported(dataset, out, "train").splits["train"].rows == 1


def test_what_the_dataset_has_no_more_is_removed_with_the_next_export(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    store_dataset(dataset, {"stream": {"train": [[stream_row("fox")]]}})
    exported(dataset, out)

    assert set(images(out)) == {image for window in range(len(SAID)) for image in frames("fox", window)}


def test_a_split_that_the_dataset_has_no_more_is_removed_with_the_next_export(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    store_dataset(dataset, {"stream": {"train": [[stream_row()]]}})
    exported(dataset, out)

    assert not images(out, "validation")
    assert not (out / "validation.jsonl").exists()


def test_a_split_of_an_earlier_dataset_is_not_left_beside_a_new_one(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    store_dataset(dataset, {"stream": {"train": [[stream_row()]], "validation": [[stream_row("fox")]]}})
    done = exported(dataset, out, "train")

    assert (done.outdated, done.removed) == (("validation",), True)
    assert not images(out, "validation")
    assert not (out / "validation.jsonl").exists()
    assert (set(done.splits), set(json.loads((out / RECORD).read_text())["splits"])) == ({"train"}, {"train"})


def test_a_split_of_an_earlier_dataset_stays_where_other_files_are_and_is_told(dataset: FolderStorage, out: Path) -> None:
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    exported(dataset, out, force=True)
    store_dataset(dataset, {"stream": {"train": [[stream_row()]], "validation": [[stream_row("fox")]]}})
    done = exported(dataset, out, "train")

    assert (done.outdated, done.removed) == (("validation",), False)
    assert (out / "validation.jsonl").exists()


def test_files_that_got_their_names_just_before_a_kill_do_not_stay(dataset: FolderStorage, out: Path) -> None:
    store_dataset(dataset, {"stream": {"train": [[stream_row()]], "validation": [[stream_row("dog")], [stream_row("fox")]]}})
    died = subprocess.run([sys.executable, "-m", "tests.exporters.dying", str(dataset.root), str(out), "2"], cwd=REPOSITORY, check=False)
    assert died.returncode == -signal.SIGKILL
    for name in ("train-00002.parquet", "validation.jsonl", "train-notes.txt"):
        (out / name).write_bytes(b"whole")
    exported(dataset, out, "train")

    assert sorted(path.name for path in out.glob("*.*")) == [RECORD, ".streamcap", "train-notes.txt", "train.jsonl"]
    assert not images(out, "validation")


@pytest.mark.parametrize("taken", [("dog", "2" * 64), ("hound", "1" * 64)])
def test_no_row_of_a_video_that_was_taken_down_is_exported_whatever_its_name(storage: FolderStorage, out: Path, taken: tuple[str, str]) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(), stream_row("dog", source_sha256="1" * 64)]]}})
    lay_tombstone(storage, *taken)
    done = exported(storage, out)

    assert [json.loads(line)["id"] for line in (out / "train.jsonl").read_text().splitlines()] == ["cat/0"]
    assert set(images(out)) == {image for window in range(len(SAID)) for image in frames("cat", window)}
    assert done.splits["train"].left_out == {"row of a video that was taken down; build the dataset anew": 1}


def test_a_split_that_was_exported_before_a_video_was_taken_down_does_not_stay(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    lay_tombstone(dataset, "dog", "1" * 64)

    assert exported(dataset, out, "train").outdated == ("validation",)
    assert not images(out, "validation")


def test_a_killed_export_goes_on_in_its_folder_and_leaves_what_an_undisturbed_one_does(dataset: FolderStorage, out: Path, tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-m", "tests.exporters.dying", str(dataset.root), str(out), "1"], cwd=REPOSITORY, check=False)
    assert died.returncode == -signal.SIGKILL
    written = {path: path.stat().st_mtime_ns for path in images(out).values()}
    assert written

    exported(dataset, out)
    exported(dataset, tmp_path / "undisturbed")
    assert files(out) == files(tmp_path / "undisturbed")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert not list(out.glob(".streamcap/staging/*"))


@pytest.fixture
def full_at() -> Iterator[Callable[[int], None]]:
    """Call it with how large a file may get, which is what a full disk looks like to whoever writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["lines", "trl-sft"])
def test_a_full_disk_is_one_sentence_and_what_was_whole_stays(dataset: FolderStorage, out: Path, full_at: Callable[[int], None], name: str) -> None:
    exporter = lines() if name == "lines" else exporter_of(name)
    export(dataset, exporter, WORDS, out)
    before = files(out)
    store_dataset(dataset, {"stream": {"train": [[stream_row("fox"), stream_row("owl")]]}})
    full_at(500)
    with pytest.raises(StorageError, match=r"^writing the export failed in .*: File too large\. Free some space, or give a folder on a larger disk with --out"):
        export(dataset, exporter, WORDS, out)
    full_at(resource.RLIM_INFINITY)

    assert {name: data for name, data in files(out).items() if name in before} == before


def test_a_folder_with_other_files_is_refused_and_with_force_nothing_of_it_is_removed(dataset: FolderStorage, out: Path) -> None:
    (out / "images" / "train").mkdir(parents=True)
    (out / "images" / "train" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(SettingError, match="holds other files; give another folder, or add --force"):
        exported(dataset, out)
    exported(dataset, out, force=True)

    assert (out / "images" / "train" / "holiday.jpg").read_bytes() == b"mine"
    assert (out / "train.jsonl").exists()


def test_a_folder_of_another_format_is_refused(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    with pytest.raises(SettingError, match="it holds lines of stream"):
        export(dataset, exporter_of("trl-sft"), WORDS, out)


def test_a_folder_of_another_cadence_or_choice_is_refused(dataset: FolderStorage, out: Path, tmp_path: Path) -> None:
    export(dataset, exporter_of("trl-sft"), WORDS, out, cadence_s=4)
    with pytest.raises(SettingError, match="it holds trl-sft of stream with windows of 4 s; give another folder"):
        export(dataset, exporter_of("trl-sft"), WORDS, out)
    judged = exporter_of("openai-batch").with_options({"task": "judge"})
    export(dataset, judged, WORDS, tmp_path / "judged")
    with pytest.raises(SettingError, match="it holds openai-batch of stream with task=judge and model=gpt-4o-mini; give another folder"):
        export(dataset, exporter_of("openai-batch"), WORDS, tmp_path / "judged")


def test_what_is_chosen_as_it_is_by_default_is_the_same_choice(dataset: FolderStorage, out: Path) -> None:
    export(dataset, exporter_of("ms-swift"), WORDS, out)
    export(dataset, exporter_of("ms-swift").with_options({"loss": "deltas"}), WORDS, out)


def test_two_exports_do_not_write_to_one_folder_at_once(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    with FolderStorage(out).lease("export"), pytest.raises(SettingError, match="another export is writing to it"):
        exported(dataset, out)


def test_a_file_in_place_of_the_folder_is_refused(dataset: FolderStorage, out: Path) -> None:
    out.write_text("a file")
    with pytest.raises(SettingError, match="it is a file"):
        exported(dataset, out)


def test_rows_that_nobody_saw_anything_for_are_counted(storage: FolderStorage, out: Path) -> None:
    offline, emulated = stream_row("a", captioner="offline"), stream_row("b", captioner="gemini", model="localhost/gemini-flash")
    store_dataset(storage, {"stream": {"train": [[offline, emulated, stream_row("c")]]}})
    assert exported(storage, out).splits["train"].rehearsed == 2


@pytest.mark.parametrize(
    "makers", [{"captioner": "gemini offline", "model": "gemini-x offline-1"}, {"captioner": "gemini", "model": "gemini-x localhost/gemini-x"}]
)
def test_rows_of_which_nobody_saw_anything_for_a_part_are_counted_too(storage: FolderStorage, out: Path, makers: dict[str, str]) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row("a", **makers), stream_row("b")]]}})
    assert exported(storage, out).splits["train"].rehearsed == 1


def test_a_dataset_that_is_not_built_is_answered_with_how_to_build_it(storage: FolderStorage, out: Path) -> None:
    with pytest.raises(ObjectMissing, match=r"There is no dataset yet\. Build it with `streamcap run`"):
        exported(storage, out)
    assert not out.exists()


def test_a_dataset_without_rows_of_the_config_says_so(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"sft": {"train": [[sft_row()]]}})
    with pytest.raises(ObjectMissing, match=r"processed/dataset/stream does not exist in .*The dataset has no rows of `stream`"):
        exported(storage, out)


def test_a_dataset_of_an_earlier_version_is_named_as_such(storage: FolderStorage, out: Path) -> None:
    row = stream_row()
    del row["frame_pts"]
    store_dataset(storage, {"stream": {"train": [[row]]}})
    with pytest.raises(ObjectUnreadable, match=r"it has no column frame_pts\. An earlier version built it: build it again with `streamcap run`"):
        exported(storage, out)


def test_a_folder_that_cannot_be_written_to_is_one_sentence(dataset: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match=r"failed in .*/file/out: Not a directory\. Give another folder with --out\.$"):
        exported(dataset, tmp_path / "file" / "out")


@pytest.mark.parametrize("card", ["# No YAML", "---\nconfigs: [\n---\n", "---\nnothing\n---\n"])
def test_a_card_that_does_not_list_the_files_is_named(dataset: FolderStorage, out: Path, card: str) -> None:
    dataset.write(f"{keys.DATASET}/README.md", card.encode())
    with pytest.raises(ObjectUnreadable, match=r"README\.md cannot be read: .*YAML.*\. Build it with `streamcap run`"):
        exported(dataset, out)


def test_a_column_that_holds_something_else_is_named(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(start_time="now")]]}})
    with pytest.raises(ObjectUnreadable, match=r"its column start_time holds what it should not .*\. An earlier version built it"):
        exported(storage, out)


def test_a_file_that_went_while_the_dataset_was_built_anew_is_named_with_what_to_do(dataset: FolderStorage, out: Path) -> None:
    dataset.delete(f"{keys.DATASET}/stream/train-0.parquet")
    with pytest.raises(
        ObjectMissing, match=r"stream/train-0\.parquet does not exist in .*\. If the dataset was built anew meanwhile, run the same command again"
    ):
        exported(dataset, out)


def test_a_corrupt_file_is_named(dataset: FolderStorage, out: Path) -> None:
    dataset.write(f"{keys.DATASET}/stream/train-0.parquet", b"no Parquet")
    with pytest.raises(ObjectUnreadable, match=r"stream/train-0\.parquet cannot be read"):
        exported(dataset, out)


def test_a_split_that_there_is_not_is_answered_with_those_that_there_are(dataset: FolderStorage, out: Path) -> None:
    with pytest.raises(SettingError, match="the config stream of the dataset has train and validation"):
        exported(dataset, out, "test")


def test_a_config_that_a_format_is_not_made_from_is_answered_with_those_that_it_is(dataset: FolderStorage, out: Path) -> None:
    with pytest.raises(SettingError, match="trl-sft is made from stream or sft"):
        export(dataset, exporter_of("trl-sft"), WORDS, out, "rl")


def merged_row(video_id: str) -> Row:
    """A clip of three windows, of which two are one at four seconds."""
    windows = [(0.0, 4.0, "initial", "ok", "A red door. It opens."), (4.0, 6.0, "delta", "no_change", "")]
    names = ("start_s", "end_s", "kind", "outcome", "text")
    at_four = {"window_duration": 4.0, "frames_per_window": [4, 2], "windows": [dict(zip(names, window, strict=True)) for window in windows]}
    return stream_row(video_id, merged=[at_four])


def test_at_another_cadence_the_same_frames_are_in_fewer_turns(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[merged_row("cat"), stream_row("dog")]]}})
    done = export(storage, exporter_of("trl-sft"), WORDS, out, cadence_s=4)
    [sample] = pq.read_table(out / "train-00000.parquet").to_pylist()

    assert sample["sample_id"] == "cat/0@4s"
    parts = [message["content"] for message in map(json.loads, sample["messages"])]
    assert [content[-1]["text"] for content in parts[1::2]] == ["A red door. It opens.", "No change."]
    assert [sum(part["type"] == "image" for part in content) for content in parts[::2]] == [4, 2]
    assert [image["bytes"] for image in sample["images"]] == [image for window in range(3) for image in frames("cat", window)]
    assert done.splits["train"].left_out == {"clip that is not merged to windows of 4 s": 1}


def test_a_cadence_is_only_for_clips(dataset: FolderStorage, out: Path) -> None:
    with pytest.raises(SettingError, match=r"--cadence=4 cannot be used: only clips are merged to longer windows, the config stream, and this is sft"):
        export(dataset, exporter_of("trl-prompt-completion"), WORDS, out, cadence_s=4)


def test_an_unknown_format_is_answered_with_the_list() -> None:
    with pytest.raises(SettingError, match=f"the formats are {', '.join(EXPORTERS)}"):
        exporter_of("trl_sft")


def test_the_record_of_an_export_is_hidden_from_whoever_loads_the_folder(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, out)
    assert RECORD.startswith(".")
    assert json.loads((out / RECORD).read_text())["content"]["format"] == "lines"
