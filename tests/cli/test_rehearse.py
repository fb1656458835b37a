"""Where a rehearsal keeps what it makes."""

from pathlib import Path

import pytest

from streamcap_dagster.cli.rehearse import beside_storage


@pytest.mark.parametrize(
    ("storage", "beside"),
    [
        ("data", "data-rehearsal"),
        ("some/data/", "some/data-rehearsal"),
        ("gs://bucket", "bucket-rehearsal"),
        ("gs://bucket/some/prefix/", "bucket-some-prefix-rehearsal"),
    ],
)
def test_a_rehearsal_is_beside_its_storage_and_never_in_a_bucket(storage: str, beside: str) -> None:
    assert beside_storage(storage) == Path.cwd() / beside
