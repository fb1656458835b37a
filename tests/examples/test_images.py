"""The images beside the JSON files are the frames that the examples name, byte for byte, and no others."""

from pathlib import Path

import pytest

from streamcap_dagster.examples.images import windows_of, write_images
from streamcap_dagster.policies import ExamplePolicy
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import write_frames
from tests.dataset.corpus import HELLO, SAMPLING, WINDOWING, Prompts, caption_records, frames_of, make_sft, video

ALL = {(0, 0), (0, 1), (0, 2)}


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    write_frames(tmp_path / "v.parquet", frames_of("v", HELLO), "by hand")
    return tmp_path / "v.parquet"


def images(storage: FolderStorage) -> dict[str, bytes]:
    return {stored.key: storage.read(stored.key) for stored in storage.list(keys.images("v"))}


def test_images_are_the_very_bytes_of_the_frames(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v", frames, ALL)
    expected = {keys.images("v") + keys.image_name(frame.clip, frame.window, frame.k): frame.jpeg for frame in frames_of("v", HELLO)}
    assert images(storage) == expected


def test_every_frame_that_an_example_names_is_there(storage: FolderStorage, frames: Path) -> None:
    examples = make_sft(video("v"), *caption_records("v", HELLO), WINDOWING, SAMPLING, ExamplePolicy(max_silent_share=0), Prompts())
    write_images(storage, "v", frames, windows_of(examples))
    named = {name for pair in examples.examples for name in (*pair.example.frames_window1, *pair.example.frames_window2)}
    assert {f"processed/{name}" for name in named} == set(images(storage))


def test_images_that_are_there_are_not_written_again(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v", frames, {(0, 0)})
    assert write_images(storage, "v", frames, ALL).written == 4


def test_an_image_of_the_same_size_but_other_bytes_is_replaced(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v", frames, ALL)
    key, jpeg = next(iter(images(storage).items()))
    storage.write(key, bytes(len(jpeg)))
    assert write_images(storage, "v", frames, ALL).written == 1
    assert storage.read(key) == jpeg


def test_images_of_windows_that_are_no_longer_named_go(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v", frames, ALL)
    write_images(storage, "v", frames, {(0, 1)})
    assert {key.rsplit("/", 1)[1][5:10] for key in images(storage)} == {"00001"}


def test_a_video_that_is_gone_loses_its_images_without_its_frames(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v", frames, ALL)
    write_images(storage, "v", Path("nowhere.parquet"), set())
    assert not images(storage)


def test_images_of_a_video_whose_id_begins_alike_stay(storage: FolderStorage, frames: Path) -> None:
    write_images(storage, "v2", frames, {(0, 0)})
    write_images(storage, "v", frames, set())
    assert len(list(storage.list(keys.images("v2")))) == 2
