"""A process killed while it makes the dataset leaves a whole one, and the next run makes the rest."""

import signal
import subprocess
import sys
from pathlib import Path

import datasets
import pytest

from streamcap_dagster.dataset.hub_dataset import build_dataset
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.dataset.corpus import store_video
from tests.dataset.dying import POINTS

REPOSITORY = Path(__file__).parents[2]


def killed(storage: FolderStorage, point: str) -> None:
    """A dataset of the videos a and b, then a process that dies while it makes that of a, b and c."""
    build_dataset(storage, [store_video(storage, video_id) for video_id in "ab"])
    done = subprocess.run([sys.executable, "-m", "tests.dataset.dying", str(storage.root), point], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL


def files(storage: FolderStorage) -> dict[str, bytes]:
    return {stored.key: storage.read(stored.key) for stored in storage.list(f"{keys.DATASET}/")}


@pytest.mark.parametrize(("point", "videos"), list(zip(POINTS, ({"a", "b"}, {"a", "b"}, {"a", "b", "c"}), strict=True)))
def test_what_a_killed_process_leaves_is_the_whole_old_or_the_whole_new_dataset(storage: FolderStorage, point: str, videos: set[str]) -> None:
    killed(storage, point)
    for config in ("sft", "rl", "stream"):
        rows = datasets.load_dataset(str(storage.root / keys.DATASET), config, split="train")
        assert set(rows["video_id"]) == videos


@pytest.mark.parametrize("point", POINTS)
def test_the_next_run_leaves_the_bytes_of_an_undisturbed_one(storage: FolderStorage, tmp_path: Path, point: str) -> None:
    killed(storage, point)
    undisturbed = FolderStorage(tmp_path / "undisturbed")
    for root in (storage, undisturbed):
        build_dataset(root, [store_video(root, video_id) for video_id in "abc"])
    assert files(storage) == files(undisturbed)
