"""A storage with a small dataset, the folder to export it to, and Hugging Face caches that stay in it."""

from pathlib import Path

import pytest

from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.conftest import _caches_stay_here, storage
from tests.exporters.corpus import preference_row, rl_row, sft_row, store_dataset, stream_row

__all__ = ["_caches_stay_here", "storage"]


@pytest.fixture
def dataset(storage: FolderStorage) -> FolderStorage:
    """The video `cat` in every config: one clip of three windows, the last one silent; `dog` beside it, in the config `stream` and in `validation`."""
    rows = {"sft": [sft_row(), sft_row(window=2)], "rl": [rl_row()], "preference": [preference_row()]}
    shards = {config: {"train": [of_config]} for config, of_config in rows.items()}
    store_dataset(storage, {**shards, "stream": {"train": [[stream_row()]], "validation": [[stream_row("dog")]]}})
    return storage


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "exported"
