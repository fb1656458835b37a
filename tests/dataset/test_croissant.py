"""Catalogs understand the dataset: mlcroissant finds no error in its description, and reads by it the very rows that `datasets` reads."""

import json
from collections.abc import Mapping
from typing import Any

import datasets
import mlcroissant
import pytest

from streamcap_dagster.dataset.croissant import CROISSANT
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import HELLO, Said, preference_pair, store_preferences, store_video

LONG: tuple[Said, ...] = tuple(("ok", f"News {number}. “Żółć” 👍 日本") for number in range(5))


def described(storage: FolderStorage) -> mlcroissant.Dataset:
    """Raises what mlcroissant finds wrong."""
    return mlcroissant.Dataset(str(storage.root / CROISSANT))


def plain(value: Any) -> Any:
    """Without the names of parents, bytes as text, pictures as their pixels."""
    if isinstance(value, Mapping):
        return {name.rsplit("/", 1)[-1]: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.tobytes() if hasattr(value, "tobytes") else value


def without_inner_lists(row: dict[str, Any]) -> dict[str, Any]:
    """The flags of each window of a clip are such lists, which Croissant cannot tell."""
    windows = [{name: value for name, value in window.items() if name != "quality_flags"} for window in row.get("windows", ())]
    return {**row, "windows": windows} if windows else row


@pytest.mark.parametrize("config", ["sft", "rl", "stream", "preference"])
def test_mlcroissant_reads_the_rows_that_datasets_reads(storage: FolderStorage, config: str) -> None:
    entries = [store_video(storage, "a", [*HELLO, LONG]), store_video(storage, "b", [LONG])]
    store_preferences(storage, "a", preference_pair(1, "It opens.", "A red door."))
    build_dataset(storage, entries)
    wanted = datasets.load_dataset(str(storage.root / keys.DATASET), config, split="train")
    assert [plain(row) for row in described(storage).records(config)] == [without_inner_lists(plain(row)) for row in wanted]


def test_of_lists_in_lists_it_tells_the_outer_ones(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [LONG])], cadences_s=(4.0,))
    [row] = described(storage).records("stream")
    assert plain(row)["merged"] == [{"window_duration": 4.0}]
    assert [window["end_s"] for window in plain(row)["windows"]] == [2.0, 4.0, 6.0, 8.0, 10.0]


def test_both_splits_are_read(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a"), store_video(storage, "b", split="test")])
    assert {plain(row)["split"] for row in described(storage).records("sft")} == {"train", "test"}


def test_it_tells_the_licence(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a")])
    assert json.loads(storage.read(CROISSANT))["license"] == ["unknown"]


def test_a_config_without_rows_is_not_described(storage: FolderStorage) -> None:
    build_dataset(storage, [store_video(storage, "a", [[("ok", "A door."), ("blocked", "")]])])
    assert [record_set["@id"] for record_set in json.loads(storage.read(CROISSANT))["recordSet"]] == ["stream"]
