"""A corpus to operate on: three small real videos, cataloged once and copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.conftest import three_videos
from tests.automation.corpus import Corpus

__all__ = ["three_videos"]


@pytest.fixture(scope="session")
def _cataloged(tmp_path_factory: pytest.TempPathFactory, three_videos: Path) -> Path:
    root = tmp_path_factory.mktemp("cataloged")
    shutil.copytree(three_videos, root / "videos")
    with dg.DagsterInstance.ephemeral() as instance:
        Corpus(root, instance).make("video_catalog")
    return root


@pytest.fixture
def corpus(tmp_path: Path, _cataloged: Path) -> Iterator[Corpus]:
    """Three videos that are in the catalog and in the instance, with nothing made yet."""
    shutil.copytree(_cataloged, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("videos", ["clock", "life", "still"])
        yield Corpus(tmp_path, instance)
