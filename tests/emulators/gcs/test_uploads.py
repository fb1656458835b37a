"""Uploads in one request: plain and multipart, with what is said of the object and hashes that are checked."""

import json
from urllib.parse import quote

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import UPLOADS, Reply, ask, bucket, crc32c, look, multipart, put

RELATED = {"content-type": "multipart/related; boundary=abc"}


def upload(gcs: Running, described: object, data: bytes = b"data", headers: dict[str, str] | None = None) -> Reply:
    return ask(gcs, "POST", f"{UPLOADS}?uploadType=multipart", multipart(json.dumps(described).encode(), data), headers or RELATED)


def test_what_is_said_of_an_object_is_kept(gcs: Running) -> None:
    said = {"contentType": "video/mp4", "cacheControl": "no-cache", "metadata": {"a": "ä"}, "contentDisposition": "inline"}

    upload(gcs, {"name": "a", **said})

    found = look(gcs, "a").json
    assert {key: found[key] for key in said} == said


def test_an_object_is_described_as_the_service_does(gcs: Running) -> None:
    made = upload(gcs, {"name": "a/b"}, b"hello").json

    assert (made["kind"], made["bucket"], made["name"], made["size"]) == ("storage#object", "bucket", "a/b", "5")
    assert (made["crc32c"], made["md5Hash"]) == ("mnG7TA==", "XUFAKrxLKna5cZ2REBfFkg==")
    assert (made["metageneration"], made["storageClass"], made["contentType"]) == ("1", "STANDARD", "text/plain")
    assert made["id"] == f"bucket/a/b/{made['generation']}"
    assert made["mediaLink"].startswith(f"{gcs.url}/download/storage/v1/b/bucket/o/a%2Fb?generation=")
    assert made["timeCreated"] == made["updated"]
    assert made["etag"]


@pytest.mark.parametrize("name", ["a b", "ä/ö", "a%2Fb", "q?x=1#f", "/lead", "a//b/", "tab\there", "日本", "'\"<&>", "compose", "x" * 1024])
def test_a_name_may_have_any_characters(gcs: Running, name: str) -> None:
    bucket().blob(name).upload_from_string(b"data")

    assert list(gcs.objects("bucket")) == [name]
    assert bucket().blob(name).download_as_bytes() == b"data"
    assert [blob.name for blob in bucket().list_blobs(prefix=name[:2])] == [name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 1025, "The maximum object length is 1024 characters, but got a name with 1025 characters"),
        ("ä" * 513, "got a name with 1026 characters"),
        ("a\nb", "Disallowed unicode characters present in object name"),
        (".", "Invalid object name"),
        ("..", "Invalid object name"),
        (".well-known/acme-challenge/x", "Invalid object name"),
        ("", "Required parameter: name"),
    ],
)
def test_a_name_that_no_object_can_have_is_refused(gcs: Running, name: str, words: str) -> None:
    refused = put(gcs, name)

    assert refused.status == 400
    assert words in refused.message


@pytest.mark.parametrize("said", [{"crc32c": "AAAAAA=="}, {"md5Hash": "XUFAKrxLKna5cZ2REBfFkg=="}])
def test_bytes_that_have_another_hash_than_was_said_are_refused(gcs: Running, said: dict[str, str]) -> None:
    refused = upload(gcs, {"name": "a", **said})

    assert (refused.status, refused.reason) == (400, "invalid")
    assert "doesn't match calculated" in refused.message
    assert gcs.objects("bucket") == {}


def test_the_hash_may_be_in_the_header(gcs: Running) -> None:
    assert put(gcs, "a", b"data", headers={"x-goog-hash": "crc32c=AAAAAA=="}).status == 400
    assert put(gcs, "a", b"data", headers={"x-goog-hash": f"crc32c={crc32c(b'data')}"}).status == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (multipart(b'{"name": "a"}', b"data", "other"), RELATED),
        (multipart(b'{"name": "a"}', b"data"), {"content-type": "text/plain"}),
        (multipart(b'{"name": "a"}', b"data")[:-7], RELATED),
        (multipart(b'{"name": "a"}', b"data\r\n--abc\r\n\r\nmore"), RELATED),
        (multipart(b'{"name": "a"', b"data"), RELATED),
        (multipart(b"[]", b"data"), RELATED),
        (b"", RELATED),
    ],
    ids=["other boundary", "no boundary", "no end", "three parts", "broken JSON", "no object", "nothing"],
)
def test_a_body_that_is_not_of_the_form_is_refused(gcs: Running, body: bytes, headers: dict[str, str]) -> None:
    assert ask(gcs, "POST", f"{UPLOADS}?uploadType=multipart", body, headers).status == 400
    assert gcs.objects("bucket") == {}


def test_bytes_may_look_like_anything_but_the_boundary(gcs: Running) -> None:
    data = b"\r\n\r\n--ab\r\n--\r\n\r\n\0"

    upload(gcs, {"name": "a"}, data)

    assert gcs.objects("bucket") == {"a": data}


def test_a_name_in_the_address_and_another_in_the_body_are_refused(gcs: Running) -> None:
    body = multipart(b'{"name": "a"}', b"data")

    refused = ask(gcs, "POST", f"{UPLOADS}?uploadType=multipart&name={quote('b')}", body, RELATED)

    assert refused.message == "Value 'a' in content does not agree with value 'b'."


@pytest.mark.parametrize("query", ["name=a", "name=a&uploadType=carrier-pigeon"])
def test_an_upload_of_no_known_type_is_refused(gcs: Running, query: str) -> None:
    assert ask(gcs, "POST", f"{UPLOADS}?{query}", b"data").status == 400
