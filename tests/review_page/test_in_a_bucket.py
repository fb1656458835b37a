"""The page on a bucket: the video in parts, pictures and decisions come from there and go there."""

from pathlib import Path

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage.gcs import open_storage
from streamcap_dagster.storage.sync import carry_out, plan_sync
from tests.gcs import BUCKET
from tests.review_page.served import served
from tests.review_page.world import World, frames_of


def test_a_bucket_is_looked_at_as_a_folder_is(gcs: Running, world: World, film: Path, tmp_path: Path) -> None:
    bucket = open_storage(f"gs://{BUCKET}/captions", tmp_path / "cache", 1, connections=8, deadline_s=20)
    assert carry_out(world.storage, bucket, plan_sync(world.storage, bucket)).failures == {}

    with served(world, storage=bucket.afresh()) as page:
        part = page.get("/media/bikes", headers={"range": "bytes=1000-1999"})
        shown = page.get("/api/videos/bikes").json()
        still = page.get(f"/stills/bikes/0/2/1?size=whole&version={shown['frames_version']}")
        window = shown["windows"][1]
        chosen = {"clip": 0, "window": 1, "verdict": "drop", "text": None, "ranking": None, "caption_sha256": window["caption_sha256"]}
        saved = page.put("/api/videos/bikes/review", {"version": "0", "choices": [chosen]})

    assert (part.status_code, part.content) == (206, film.read_bytes()[1000:2000])
    assert still.content == frames_of(2)[1].jpeg
    assert saved.status_code == 200
    assert [decision.verdict for decision in read_review(bucket.afresh(), "bikes").decisions] == ["drop"]
