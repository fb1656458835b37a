"""Videos share shards by their hash, so that most shards outlive a change."""

from streamcap_dagster.dataset.buckets import buckets

WEIGHTS = {f"v{number}": 10 for number in range(200)}


def test_every_video_is_in_one_bucket() -> None:
    assert sorted(video_id for bucket in buckets(WEIGHTS, 100) for video_id in bucket) == sorted(WEIGHTS)


def test_no_bucket_of_several_videos_is_too_heavy() -> None:
    assert all(len(bucket) <= 10 for bucket in buckets(WEIGHTS, 100))


def test_a_video_that_is_too_heavy_has_a_bucket_to_itself() -> None:
    assert ["heavy"] in buckets({**WEIGHTS, "heavy": 101}, 100)


def test_one_more_video_changes_its_own_bucket_only() -> None:
    before = {tuple(bucket) for bucket in buckets(WEIGHTS, 100)}
    after = {tuple(bucket) for bucket in buckets({**WEIGHTS, "new": 10}, 100)}
    assert len(before - after) == 1


def test_nothing_makes_no_bucket() -> None:
    assert buckets({}, 100) == []
