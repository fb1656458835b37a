"""`streamcap run` as a user types it, from one prefix of a bucket into another."""

import json
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.storage.gcs.bucket import Bucket
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.gcs import BUCKET
from tests.media import make_video

PICTURES = ("testsrc2", "testsrc", "smptebars")
SMALL = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
DATASET = f"gs://{BUCKET}/dataset"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of three videos of four seconds, by their picture."""
    folder = tmp_path_factory.mktemp("videos")
    return {picture: make_video(folder / f"{picture}.mp4", 4, "160x120", "10", picture, SMALL).read_bytes() for picture in PICTURES}


class Cloud(Project):
    """A project whose source and storage are in the bucket."""

    def run(self, gcs: Running) -> str:
        """What a run says; the journal of the emulator begins with it."""
        gcs.journal.clear()
        done = self.streamcap("run", f"gs://{BUCKET}/incoming", "--storage", DATASET, "--captioner", "offline")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def cloud(gcs: Running, tmp_path: Path) -> Cloud:
    return Cloud(tmp_path, {"STORAGE_EMULATOR_HOST": gcs.url, "STREAMCAP_CACHE": str(tmp_path / "cache"), "STREAMCAP_MAX_SILENT_SHARE": "1"})


def put(name: str, data: bytes) -> None:
    Bucket(BUCKET, 4, 30).write(name, data)


def fetched_videos(gcs: Running) -> list[str]:
    """Objects named like videos that were downloaded, once for each time."""
    return sorted(row.name for row in gcs.journal.rows if row.kind == "download" and row.name.endswith(".mp4"))


def written_receipts(gcs: Running) -> set[str]:
    """Of videos, not of what is made of all."""
    return {row.name for row in gcs.journal.rows if row.kind.startswith("upload") and "/receipts/" in row.name and "/receipts/_" not in row.name}


def test_a_bucket_becomes_a_dataset_in_a_bucket_and_follows_what_changes(cloud: Cloud, gcs: Running, videos: dict[str, bytes]) -> None:
    for name, picture in (("a", "testsrc2"), ("b", "testsrc")):
        put(f"incoming/{name}.mp4", videos[picture])
    said = cloud.run(gcs)
    made = 2 * len(PER_VIDEO_NAMES)
    assert f"{made} made, 0 reused" in said
    assert fetched_videos(gcs) == ["incoming/a.mp4", "incoming/b.mp4"]  # once each: the copies and the frames are made of what the catalog fetched
    assert gcs.objects(BUCKET)["dataset/raw/videos/a.mp4"] == videos["testsrc2"]
    assert ids_of_examples(gcs) == {"a", "b"}

    put("incoming/a.mp4", videos["smptebars"])
    cloud.run(gcs)
    assert fetched_videos(gcs) == ["incoming/a.mp4"]
    assert written_receipts(gcs) == {"dataset/receipts/a.json"}
    assert gcs.objects(BUCKET)["dataset/raw/videos/a.mp4"] == videos["smptebars"]

    Bucket(BUCKET, 4, 30).delete("incoming/b.mp4")
    said = cloud.run(gcs)
    assert "0 made" in said
    assert fetched_videos(gcs) == []
    assert ids_of_examples(gcs) == {"a"}


def ids_of_examples(gcs: Running) -> set[str]:
    return {record["video_id"] for record in json.loads(gcs.objects(BUCKET)["dataset/processed/train.json"])}
