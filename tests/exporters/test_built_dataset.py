"""Every format takes the dataset as it is really built, not only the rows that the other tests make by hand."""

from pathlib import Path

import pytest

from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.exporters.exporter import Exporter
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import EXPORTERS
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_preferences, store_video


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> FolderStorage:
    """The dataset of two videos, and the videos themselves for the formats that take these."""
    storage = FolderStorage(tmp_path_factory.mktemp("built"))
    entries = [store_video(storage, video_id) for video_id in ("cat", "dog")]
    for video_id in ("cat", "dog"):
        store_preferences(storage, video_id)
        storage.write(keys.raw_video(video_id, ".mp4"), b"a video")
    assert build_dataset(storage, entries).skipped == {}
    return storage


FORMATS = [(exporter, config) for exporter in EXPORTERS.values() for config in exporter.configs]


@pytest.mark.parametrize(("exporter", "config"), FORMATS, ids=[f"{exporter.name} from {config}" for exporter, config in FORMATS])
def test_it_takes_the_dataset_as_it_is_built(built: FolderStorage, out: Path, exporter: Exporter, config: str) -> None:
    tally = export(built, exporter, Prompts(), out, config).splits["train"]

    assert tally.rows >= 2
    assert all((out / name).stat().st_size for name in tally.files)
