"""Downloads: whole and in ranges, with headers that tell the version and the hashes."""

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import UPLOADS, ask, bucket, crc32c, download, look, put

DATA = bytes(range(256)) * 40


def test_a_download_names_version_and_hashes(gcs: Running) -> None:
    made = put(gcs, "a", DATA, headers={"content-type": "image/jpeg"}).json

    reply = download(gcs, "a")

    assert (reply.status, reply.body) == (200, DATA)
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["x-goog-generation"] == made["generation"]
    assert reply.headers["x-goog-hash"] == f"crc32c={crc32c(DATA)},md5={made['md5Hash']}"
    assert reply.headers["x-goog-stored-content-length"] == str(len(DATA))
    assert reply.headers["etag"] == made["etag"]


@pytest.mark.parametrize(
    ("asked", "got", "place"),
    [
        ("bytes=0-9", DATA[:10], "bytes 0-9/10240"),
        ("bytes=10-", DATA[10:], "bytes 10-10239/10240"),
        ("bytes=-7", DATA[-7:], "bytes 10233-10239/10240"),
        ("bytes=10000-99999", DATA[10000:], "bytes 10000-10239/10240"),
        ("bytes=-99999", DATA, "bytes 0-10239/10240"),
    ],
)
def test_a_range_is_206(gcs: Running, asked: str, got: bytes, place: str) -> None:
    put(gcs, "a", DATA)

    reply = download(gcs, "a", {"range": asked})

    assert (reply.status, reply.body, reply.headers["content-range"]) == (206, got, place)
    assert reply.headers["x-goog-hash"].startswith(f"crc32c={crc32c(DATA)}")


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_outside_of_the_object_is_416(gcs: Running, asked: str) -> None:
    put(gcs, "a", DATA)

    assert download(gcs, "a", {"range": asked}).status == 416


def test_an_empty_object_has_no_range(gcs: Running) -> None:
    put(gcs, "a", b"")

    assert download(gcs, "a", {"range": "bytes=0-"}).status == 416
    assert download(gcs, "a").body == b""


@pytest.mark.parametrize("asked", ["bytes=5-2", "lines=1-2", "bytes=-"])
def test_a_range_that_cannot_be_read_brings_the_whole(gcs: Running, asked: str) -> None:
    put(gcs, "a", DATA)

    assert download(gcs, "a", {"range": asked}).status == 200


def test_a_missing_object_is_told_in_plain_words(gcs: Running) -> None:
    refused = download(gcs, "a/b")

    assert (refused.status, refused.body) == (404, b"No such object: bucket/a/b")


def test_the_short_address_brings_the_bytes_too(gcs: Running) -> None:
    put(gcs, "a", DATA)

    assert look(gcs, "a", "?alt=media").body == DATA


def test_many_megabytes_come_whole(gcs: Running) -> None:
    data = DATA * 1200
    ask(gcs, "POST", f"{UPLOADS}?uploadType=media&name=big", data)

    assert bucket().blob("big").download_as_bytes() == data


def test_the_client_checks_what_it_reads_by_ranges(gcs: Running) -> None:
    put(gcs, "a", DATA)

    with bucket().blob("a").open("rb", chunk_size=1024) as file:
        file.seek(5000)
        assert file.read(3000) == DATA[5000:8000]


def test_an_object_without_md5_has_none(gcs: Running) -> None:
    put(gcs, "a", DATA)
    put(gcs, "b", DATA)
    bucket().blob("c").compose([bucket().blob("a"), bucket().blob("b")])

    assert download(gcs, "c").headers["x-goog-hash"] == f"crc32c={crc32c(DATA + DATA)}"
