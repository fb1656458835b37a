"""The webdataset package reads an export, as a training would."""

from pathlib import Path

import pytest

from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.conftest import dataset, out, storage
from tests.exporters.corpus import WORDS

__all__ = ["dataset", "out", "storage"]

pytestmark = pytest.mark.heavy


def test_a_clip_comes_back_with_its_pictures_and_what_is_known_of_it(dataset: FolderStorage, out: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    export(dataset, exporter_of("webdataset"), WORDS, out)

    [sample] = webdataset.WebDataset(str(out / "train-000000.tar"), shardshuffle=False).decode("pil")

    assert sample["__key__"] == "cat-0000"
    assert sample["00001_000.jpg"].size == (48, 32)
    assert sample["json"]["windows"][1]["text"] == "It opens."
