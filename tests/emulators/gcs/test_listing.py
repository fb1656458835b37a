"""Listings: prefixes, folders, pages, spans, partial answers, and pages that are not what they should be."""

from typing import Any
from urllib.parse import quote

import pytest
from google.api_core.exceptions import NotFound

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.emulators.gcs.asking import OBJECTS, Reply, ask, bucket, put

NAMES = ["a", "a/1", "a/2/x", "a/2/y", "a/3", "b", "ä", "日", "😀"]


def listed(gcs: Running, query: str = "") -> Any:
    return page(gcs, query).json


def page(gcs: Running, query: str = "") -> Reply:
    return ask(gcs, "GET", f"{OBJECTS}?{query}")


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.get("items", [])]


@pytest.fixture
def full(gcs: Running) -> Running:
    for name in reversed(NAMES):
        put(gcs, name)
    return gcs


def test_names_come_in_the_order_of_their_bytes(full: Running) -> None:
    assert names(listed(full)) == NAMES == sorted(NAMES, key=str.encode)


def test_an_empty_bucket_lists_nothing(gcs: Running) -> None:
    assert listed(gcs) == {"kind": "storage#objects"}


def test_a_listing_has_what_starts_with_the_prefix(full: Running) -> None:
    assert names(listed(full, "prefix=a/2")) == ["a/2/x", "a/2/y"]
    assert listed(full, "prefix=c") == {"kind": "storage#objects"}


def test_a_delimiter_makes_folders_of_what_is_below(full: Running) -> None:
    top, below = listed(full, "delimiter=/"), listed(full, "delimiter=/&prefix=a/")

    assert (names(top), top["prefixes"]) == (["a", "b", "ä", "日", "😀"], ["a/"])
    assert (names(below), below["prefixes"]) == (["a/1", "a/3"], ["a/2/"])


@pytest.mark.parametrize("most", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_together_are_the_whole(full: Running, most: int, delimiter: str) -> None:
    found, folders, token = [], [], ""
    while True:
        answer = listed(full, f"maxResults={most}&delimiter={delimiter}&pageToken={quote(token)}")
        assert len(names(answer)) + len(answer.get("prefixes", [])) <= most
        found += names(answer)
        folders += answer.get("prefixes", [])
        if not (token := answer.get("nextPageToken", "")):
            break

    assert (found, folders) == (NAMES, []) if not delimiter else (["a", "b", "ä", "日", "😀"], ["a/"])


def test_a_page_may_be_smaller_than_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(buckets=("bucket",), page_size=2)) as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        for name in NAMES:
            put(gcs, name)

        assert [blob.name for blob in bucket().list_blobs(page_size=5)] == NAMES
        assert gcs.journal.by_kind["list"] == 5


def test_offsets_bound_a_listing(full: Running) -> None:
    assert names(listed(full, "startOffset=a/2&endOffset=b")) == ["a/2/x", "a/2/y", "a/3"]


def test_only_the_fields_that_were_asked_for_come(full: Running) -> None:
    answer = listed(full, "prefix=b&fields=items(name,size),nextPageToken")

    assert answer == {"items": [{"name": "b", "size": "4"}]}
    assert listed(full, "prefix=b&fields=items/name") == {"items": [{"name": "b"}]}
    assert listed(full, "prefix=b&fields=items/name,items/size,kind") == {"items": [{"name": "b", "size": "4"}], "kind": "storage#objects"}
    assert listed(full, "prefix=b&fields=items/name,items(size)") == {"items": [{"name": "b", "size": "4"}]}
    for wrong in ("items(name", "items/", "items//name", "/items"):
        assert page(full, f"fields={wrong}").status == 400


def test_gcloud_may_ask_for_folders_of_which_a_bucket_without_a_hierarchy_has_none(full: Running) -> None:
    assert listed(full, "delimiter=/&includeFoldersAsPrefixes=True") == listed(full, "delimiter=/")


@pytest.mark.parametrize("query", ["pageToken=!!", "versions=true&softDeleted=true", "maxResults=-1"])
def test_a_listing_that_makes_no_sense_is_refused(full: Running, query: str) -> None:
    assert page(full, query).status == 400


def test_a_listing_of_no_bucket_is_404(gcs: Running) -> None:
    with pytest.raises(NotFound, match="The specified bucket does not exist"):
        list(bucket("other").list_blobs())


def test_objects_that_come_and_go_between_pages_do_not_disturb_the_others(full: Running) -> None:
    first = listed(full, "maxResults=3")
    ask(full, "DELETE", f"{OBJECTS}/{quote('a/2/x', safe='')}")
    put(full, "a/0")
    put(full, "a/4")

    rest = listed(full, f"pageToken={quote(first['nextPageToken'])}")

    assert names(first) + names(rest) == ["a", "a/1", "a/2/x", "a/2/y", "a/3", "a/4", "b", "ä", "日", "😀"]


def test_a_stale_page_lacks_what_was_just_written_and_has_what_was_just_deleted(full: Running) -> None:
    before = listed(full)
    moment = Fault("stale_list", seconds=30)
    full.order(moment, Fault("stale_list", seconds=0))

    assert names(listed(full)) == []
    assert listed(full) == before


def test_a_page_can_repeat_or_skip_a_name_at_its_beginning(full: Running) -> None:
    token = quote(listed(full, "maxResults=3")["nextPageToken"])
    full.order(Fault("repeating_list"), Fault("skipping_list"))

    assert names(listed(full, f"maxResults=2&pageToken={token}")) == ["a/2/x", "a/2/y"]
    assert names(listed(full, f"maxResults=2&pageToken={token}")) == ["a/3", "b"]
