"""Buckets: made, described, changed and removed."""

import pytest
from google.api_core.exceptions import BadRequest, Conflict
from google.cloud import storage

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import bucket, put


def test_a_bucket_tells_where_it_is_and_what_it_keeps(gcs: Running) -> None:
    found = storage.Client(project="any").get_bucket("bucket")

    assert (found.location, found.location_type, found.versioning_enabled) == ("US-CENTRAL1", "region", False)
    assert found.soft_delete_policy.retention_duration_seconds == 604_800
    assert found.iam_configuration.uniform_bucket_level_access_enabled
    assert found.exists()
    assert not bucket("other").exists()


def test_a_bucket_can_be_made_and_listed(gcs: Running) -> None:
    client = storage.Client(project="any")
    made = client.create_bucket("another", location="europe-west4")

    assert made.location == "EUROPE-WEST4"
    assert [one.name for one in client.list_buckets()] == ["another", "bucket"]
    with pytest.raises(Conflict):
        client.create_bucket("another")


@pytest.mark.parametrize("name", ["UPPER", "ab", "-a-", "google-bucket", "a..b", "x" * 64])
def test_a_name_that_no_bucket_can_have_is_refused(gcs: Running, name: str) -> None:
    with pytest.raises((BadRequest, ValueError), match="name"):
        storage.Client(project="any").create_bucket(name)


def test_versioning_can_be_turned_on(gcs: Running) -> None:
    home = bucket()
    home.versioning_enabled = True
    home.patch()
    for data in (b"first", b"second"):
        put(gcs, "a", data)

    assert len(list(home.list_blobs(versions=True))) == 2


def test_only_an_empty_bucket_can_be_removed(gcs: Running) -> None:
    put(gcs, "a")
    with pytest.raises(Conflict, match="not empty"):
        bucket().delete()

    bucket().blob("a").delete()
    bucket().delete()

    assert not bucket().exists()
