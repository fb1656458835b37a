"""LLaMA-Factory, ms-swift and LLaVA: `<image>` in the words, as many as pictures, each in the turn that shows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest

from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, frames, sft_row, store_dataset, stream_row

MARKS = ("<image>", "<video>", "<audio>")
Talk = list[tuple[str, str, str]]
"""Who speaks, whose turn it should be, and what is said."""


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    """The samples of `train`, whatever the file is called."""
    if name == "llava":
        return json.loads((folder / "train.json").read_text())
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def exported(storage: FolderStorage, name: str, out: Path, **options: str) -> list[dict[str, Any]]:
    export(storage, exporter_of(name).with_options(options), WORDS, out)
    return read(out, name)


def images_of(sample: dict[str, Any], folder: Path) -> list[bytes]:
    """A list of paths inside the folder, of files that are there."""
    paths = sample["image"] if "image" in sample else sample["images"]
    assert all(not Path(path).is_absolute() and ".." not in path for path in paths)
    return [(folder / path).read_bytes() for path in paths]


def talk(sample: dict[str, Any], name: str) -> Talk:
    """Turns, after a look at the keys: those that the trainer documents, and no others."""
    if name == "ms-swift":
        assert set(sample) == {"messages", "images"}
        turns = sample["messages"]
        assert [set(turn) for turn in turns] == [{"role", "content"}, {"role", "content", "loss"}] * (len(turns) // 2)
        assert all(isinstance(turn["loss"], bool) for turn in turns[1::2])
        said = [(turn["role"], turn["content"]) for turn in turns]
        expected = ("user", "assistant")
    else:
        assert set(sample) == ({"id", "image", "conversations"} if name == "llava" else {"images", "conversations"})
        assert all(set(turn) == {"from", "value"} for turn in sample["conversations"])
        said = [(turn["from"], turn["value"]) for turn in sample["conversations"]]
        expected = ("human", "gpt")
    assert said
    assert len(said) % 2 == 0
    return [(who, expected[place % 2], text) for place, (who, text) in enumerate(said)]


def check(sample: dict[str, Any], name: str, folder: Path) -> Iterator[tuple[list[bytes], str]]:
    """Hold a sample against the trainer's schema; gives, for each answer, the pictures shown up to it, and the answer."""
    images, shown = images_of(sample, folder), 0
    for who, expected, text in talk(sample, name):
        assert who == expected
        assert text.strip()
        if who in ("human", "user"):
            shown += text.count("<image>")
            assert not any(mark in text for mark in MARKS[1:])
        else:
            assert not any(mark in text for mark in MARKS)
            yield images[:shown], text
    assert shown == len(images)


FORMATS = ("llamafactory", "ms-swift", "llava")


def test_llamafactory_has_a_clip_as_a_sharegpt_conversation(dataset: FolderStorage, out: Path) -> None:
    [sample] = exported(dataset, "llamafactory", out)

    assert sample["conversations"] == [
        {"from": "human", "value": "<image><image>\nWhat is there?"},
        {"from": "gpt", "value": "A red door."},
        {"from": "human", "value": "<image><image>\nWhat is new?"},
        {"from": "gpt", "value": "It opens."},
        {"from": "human", "value": "<image><image>\nWhat is new?"},
        {"from": "gpt", "value": "No change."},
    ]
    assert images_of(sample, out) == [*frames("cat", 0), *frames("cat", 1), *frames("cat", 2)]


def test_llamafactory_finds_every_split_in_dataset_info(dataset: FolderStorage, out: Path) -> None:
    exported(dataset, "llamafactory", out)
    info = json.loads((out / "dataset_info.json").read_text())

    assert set(info) == {"streamcap_train", "streamcap_validation"}
    assert info["streamcap_validation"] == {
        "file_name": "validation.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }
    assert all((out / described["file_name"]).is_file() for described in info.values())


def test_ms_swift_trains_the_deltas_and_not_the_initial_caption(dataset: FolderStorage, out: Path) -> None:
    [sample] = exported(dataset, "ms-swift", out)

    assert sample["messages"] == [
        {"role": "user", "content": "<image><image>\nWhat is there?"},
        {"role": "assistant", "content": "A red door.", "loss": False},
        {"role": "user", "content": "<image><image>\nWhat is new?"},
        {"role": "assistant", "content": "It opens.", "loss": True},
        {"role": "user", "content": "<image><image>\nWhat is new?"},
        {"role": "assistant", "content": "No change.", "loss": True},
    ]


def test_ms_swift_trains_all_captions_when_asked_to(dataset: FolderStorage, out: Path) -> None:
    [sample] = exported(dataset, "ms-swift", out, loss="all")

    assert [message["loss"] for message in sample["messages"][1::2]] == [True, True, True]


def test_a_choice_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SettingError, match=r"--set loss='some'.* deltas or all"):
        exporter_of("ms-swift").with_options({"loss": "some"})
    with pytest.raises(SettingError, match=r"--set temperature='1'.* ms-swift knows loss"):
        exporter_of("ms-swift").with_options({"temperature": "1"})


def test_ms_swift_leaves_out_a_clip_in_which_nothing_would_be_trained(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(("ok", "A red door."), ("blocked", "")))]]}})

    assert exported(storage, "ms-swift", out / "deltas") == []
    assert exported(storage, "ms-swift", out / "all", loss="all") != []


def test_llava_has_a_pair_with_its_id(dataset: FolderStorage, out: Path) -> None:
    first, second = exported(dataset, "llava", out)

    assert (first["id"], second["id"]) == ("cat/0/1", "cat/0/2")
    assert [turn["value"] for turn in first["conversations"]] == [
        "<image><image>\nWhat is there?",
        "A red door.",
        "<image><image>\nWhat is new?",
        "It opens.",
    ]
    assert second["conversations"] == [
        {"from": "human", "value": "Before:\n<image><image>\nNow:\n<image><image>\nSaid: A red door. / It opens. What is new?"},
        {"from": "gpt", "value": "No change."},
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_no_answer_comes_after_a_picture_of_a_later_window(dataset: FolderStorage, out: Path, name: str) -> None:
    later = {"A red door.": 1, "It opens.": 2, "No change.": 3}
    for sample in exported(dataset, name, out):
        for shown, answer in check(sample, name, out):
            assert not {image for window in range(later[answer], 3) for image in frames("cat", window)} & set(shown)
            assert set(frames("cat", later[answer] - 1)) <= set(shown)


SIGN = 'Sign: “< image 出口>” 🚪, then\ta \\ "quote"'


@pytest.mark.parametrize("name", FORMATS)
def test_words_in_any_script_survive(storage: FolderStorage, out: Path, name: str) -> None:
    said = (("ok", SIGN), ("ok", SIGN))
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]]}, "sft": {"train": [[sft_row(said=said)]]}})
    [sample] = exported(storage, name, out)

    answers = [answer for _, answer in check(sample, name, out)]
    assert answers[-1] == SIGN


@pytest.mark.parametrize("name", FORMATS)
def test_datasets_loads_the_file_as_it_is(dataset: FolderStorage, out: Path, name: str, tmp_path: Path) -> None:
    samples = exported(dataset, name, out)
    files = str(out / ("train.json" if name == "llava" else "train.jsonl"))
    rows = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))

    key = "messages" if name == "ms-swift" else "conversations"
    said = "content" if name == "ms-swift" else "value"
    assert [[turn[said] for turn in row[key]] for row in rows] == [[turn[said] for turn in sample[key]] for sample in samples]


def test_an_export_without_samples_is_an_empty_array_for_llava(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"sft": {"train": []}})

    assert exported(storage, "llava", out) == []
