"""What the page of a partition shows of a video after runs in which nothing of it was made."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from streamcap_dagster.assets.per_video import per_video_assets
from streamcap_dagster.assets.progress import unwatched
from streamcap_dagster.assets.work import VideoWork
from streamcap_dagster.resources.captioner import OfflineCaptionerResource
from streamcap_dagster.resources.run_end import run_end
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.resources.video_source import FolderSourceResource
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import asset, settings, video


class Shows:
    """An asset of some words, which are shown as a table."""

    def __init__(self, storage: FolderStorage, instance: dg.DagsterInstance) -> None:
        self._storage, self._instance = storage, instance

    def run(self, words: str = "a cat", videos: int = 1) -> None:
        def show(work: VideoWork) -> dict[str, dg.MetadataValue]:
            return {"table": dg.MetadataValue.md(f"| {words} |"), "letters": dg.MetadataValue.int(len(words))}

        names = [f"v{number:02d}" for number in range(videos)]
        write_manifest(self._storage, [video(name, words) for name in names])
        self._instance.add_dynamic_partitions("videos", names)
        resources = {
            "storage": FolderStorageResource(root=self._storage.uri),
            "video_source": FolderSourceResource(root="nowhere"),
            "captioner": OfflineCaptionerResource(),
            "run_end": run_end,
        }
        assets = per_video_assets([asset("look", words=lambda work: words, show=show)], settings(self._storage), unwatched)
        job = dg.define_asset_job("animals")
        tags = {"dagster/asset_partition_range_start": names[0], "dagster/asset_partition_range_end": names[-1]}
        definitions = dg.Definitions([assets], jobs=[job], resources=resources)
        assert definitions.resolve_job_def("animals").execute_in_process(instance=self._instance, tags=tags).success

    def page(self) -> dict[str, object]:
        """Of the first video."""
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey("look"), asset_partitions=["v00"])
        made = self._instance.fetch_materializations(wanted, limit=1).records[0].asset_materialization
        assert made is not None
        return {name: value.value for name, value in made.metadata.items()}


@pytest.fixture
def shows(tmp_path: Path) -> Iterator[Shows]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Shows(FolderStorage(tmp_path / "data"), instance)


def test_what_was_shown_of_a_video_is_shown_again_when_it_is_reused(shows: Shows) -> None:
    for _ in range(3):
        shows.run()

    assert (shows.page()["reused"], shows.page()["table"]) == (True, "| a cat |")


def test_numbers_of_what_making_it_took_are_not_told_again(shows: Shows) -> None:
    shows.run()
    shows.run()

    assert "letters" not in shows.page()


def test_what_was_made_otherwise_shows_what_it_is_now(shows: Shows) -> None:
    shows.run()
    shows.run("a dog")
    shows.run("a dog")

    assert (shows.page()["reused"], shows.page()["table"]) == (True, "| a dog |")


def test_a_run_of_many_videos_shows_nothing_again(shows: Shows) -> None:
    shows.run(videos=26)
    shows.run(videos=26)

    assert shows.page()["reused"]
    assert "table" not in shows.page()
