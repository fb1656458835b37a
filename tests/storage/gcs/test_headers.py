"""Objects say what they are."""

import pytest

from streamcap_dagster.storage.gcs.headers import cache_control, content_type
from streamcap_dagster.videos.source import SUFFIXES


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("clips/cat.json", "application/json"),
        ("calls/cat.jsonl", "application/x-ndjson"),
        ("frames/cat.parquet", "application/vnd.apache.parquet"),
        ("captions/cat.srt", "application/x-subrip; charset=utf-8"),
        ("previews/cat.JPG", "image/jpeg"),
        ("raw/videos/cat.mp4", "video/mp4"),
        ("processed/dataset/.gitattributes", "application/octet-stream"),
    ],
)
def test_the_type_follows_the_suffix(name: str, said: str) -> None:
    assert content_type(name) == said


def test_pictures_and_videos_may_be_kept_for_an_hour_and_what_changes_is_asked_for_anew() -> None:
    assert cache_control("previews/cat.jpg") == cache_control("raw/videos/cat.mkv") == "private, max-age=3600"
    assert cache_control("processed/train.json") == cache_control("captions/cat.vtt") == "no-cache"


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_kind_of_video_is_shown_as_one(suffix: str) -> None:
    assert content_type(f"raw/videos/cat{suffix}").startswith(("video/", "image/"))
