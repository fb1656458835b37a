"""Copies and objects put together of others, without their bytes passing through the client."""

import pytest
from google.api_core.exceptions import NotFound, PreconditionFailed

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import OBJECTS, ask, bucket, look, put


def test_a_rewrite_copies_bytes_and_what_is_said_of_them(gcs: Running) -> None:
    put(gcs, "a/b", b"data", headers={"content-type": "video/mp4"})

    _, done, total = bucket().blob("c d").rewrite(bucket().blob("a/b"))

    assert (done, total) == (4, 4)
    assert gcs.objects("bucket") == {"a/b": b"data", "c d": b"data"}
    assert look(gcs, "c d").json["contentType"] == "video/mp4"


def test_a_rewrite_has_conditions_on_both_sides(gcs: Running) -> None:
    source = int(put(gcs, "a").json["generation"])
    put(gcs, "b", b"old")

    with pytest.raises(PreconditionFailed):
        bucket().blob("b").rewrite(bucket().blob("a"), if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket().blob("b").rewrite(bucket().blob("a"), if_source_generation_match=source + 1)

    assert gcs.objects("bucket")["b"] == b"old"


def test_a_rewrite_of_nothing_is_404(gcs: Running) -> None:
    with pytest.raises(NotFound, match="No such object: bucket/a"):
        bucket().blob("b").rewrite(bucket().blob("a"))


def test_objects_are_put_together_in_order(gcs: Running) -> None:
    for name in "ab":
        put(gcs, name, name.encode())
    whole = bucket().blob("whole")
    whole.content_type = "text/plain"

    whole.compose([bucket().blob("b"), bucket().blob("a"), bucket().blob("b")])

    made = look(gcs, "whole").json
    assert gcs.objects("bucket")["whole"] == b"bab"
    assert (made["componentCount"], made["contentType"], "md5Hash" in made) == (3, "text/plain", False)


@pytest.mark.parametrize("many", [0, 33])
def test_none_and_more_than_32_are_refused(gcs: Running, many: int) -> None:
    put(gcs, "a")
    sources = ", ".join(['{"name": "a"}'] * many)

    assert ask(gcs, "POST", f"{OBJECTS}/b/compose", f'{{"sourceObjects": [{sources}]}}'.encode()).status == 400
