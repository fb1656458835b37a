"""What is refused: permissions, credentials, buckets and addresses that are not there; in the words of the service."""

import io
from collections.abc import Callable

import pytest
from google.api_core.exceptions import Forbidden, NotFound
from google.auth.exceptions import InvalidOperation

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import OBJECTS, QUANTUM, ask, bucket, download, look, put


def test_a_missing_object_and_a_missing_bucket_are_told_apart(gcs: Running) -> None:
    missing = look(gcs, "a/b")

    assert (missing.status, missing.reason, missing.message) == (404, "notFound", "No such object: bucket/a/b")
    for method, path in (("GET", "/storage/v1/b/other/o/a"), ("GET", "/storage/v1/b/other"), ("DELETE", "/storage/v1/b/other/o/a")):
        assert ask(gcs, method, path).message == "The specified bucket does not exist."
    with pytest.raises(NotFound, match="The specified bucket does not exist"):
        bucket("other").blob("a").upload_from_string(b"")
    with pytest.raises(NotFound, match="The specified bucket does not exist"):
        bucket("other").blob("a", chunk_size=QUANTUM).upload_from_file(io.BytesIO(b""))


@pytest.mark.parametrize(
    ("permission", "act"),
    [
        ("storage.objects.get", lambda: bucket().blob("a").download_as_bytes()),
        ("storage.objects.get", lambda: bucket().get_blob("a")),
        ("storage.objects.list", lambda: list(bucket().list_blobs())),
        ("storage.objects.create", lambda: bucket().blob("b").upload_from_string(b"")),
        ("storage.objects.create", lambda: bucket().blob("b", chunk_size=QUANTUM).upload_from_file(io.BytesIO(b"x"))),
        ("storage.objects.delete", lambda: bucket().blob("a").delete()),
        ("storage.objects.delete", lambda: bucket().blob("a").upload_from_string(b"over it")),
        ("storage.objects.update", lambda: bucket().blob("a").patch()),
        ("storage.buckets.get", lambda: bucket().reload()),
    ],
)
def test_a_permission_that_is_missing_is_named(gcs: Running, permission: str, act: Callable[[], object]) -> None:
    put(gcs, "a")
    gcs.deny(permission)

    with pytest.raises(Forbidden, match=rf"does not have {permission} access to the Google Cloud Storage (object|bucket)"):
        act()

    assert gcs.objects("bucket") == {"a": b"data"}
    gcs.allow_all()
    act()


def test_the_refusal_has_the_form_of_the_services(gcs: Running) -> None:
    gcs.deny("storage.objects.get")

    refused = look(gcs, "a")

    assert (refused.status, refused.reason) == (403, "forbidden")
    assert refused.message.endswith("Permission 'storage.objects.get' denied on resource (or it may not exist).")
    assert refused.json["error"] == {
        "code": 403,
        "message": refused.message,
        "errors": [{"message": refused.message, "domain": "global", "reason": "forbidden"}],
    }
    assert download(gcs, "a").body.decode() == refused.message


def test_permissions_can_be_asked_for(gcs: Running) -> None:
    asked = ["storage.objects.get", "storage.objects.delete"]
    gcs.deny("storage.objects.delete")

    assert bucket().test_iam_permissions(asked) == ["storage.objects.get"]
    gcs.deny(*asked)
    assert bucket().test_iam_permissions(asked) == []
    gcs.allow_all()
    assert bucket().test_iam_permissions(asked) == asked


def test_an_upload_is_refused_in_the_middle_when_the_permission_is_taken_away(gcs: Running) -> None:
    session = ask(gcs, "POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a").headers["location"]
    gcs.deny("storage.objects.create")

    assert ask(gcs, "PUT", session.removeprefix(gcs.url), b"data").status == 403


def test_expired_credentials_are_401_for_everything(gcs: Running) -> None:
    put(gcs, "a")
    gcs.expire_credentials()

    for act in (bucket().blob("a").download_as_bytes, bucket().reload, lambda: bucket().blob("a").upload_from_string(b"")):
        with pytest.raises(InvalidOperation, match="cannot be refreshed"):  # what the client makes of a 401 without an account
            act()
    refused = look(gcs, "a")

    assert (refused.status, refused.message, refused.reason) == (401, "Invalid Credentials", "authError")
    assert refused.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/storage/v2/b/bucket"),
        ("POST", f"{OBJECTS}/a"),
        ("PUT", OBJECTS),
        ("GET", f"{OBJECTS}/a/b"),
        ("GET", "/upload/storage/v1/b/bucket/o?uploadType=media"),
    ],
)
def test_an_address_that_is_none_is_404(gcs: Running, method: str, path: str) -> None:
    put(gcs, "a")

    assert ask(gcs, method, path).status == 404
    assert gcs.journal.rows[-1].status == 404


def test_broken_json_is_refused(gcs: Running) -> None:
    put(gcs, "a")

    refused = ask(gcs, "PATCH", f"{OBJECTS}/a", b'{"metadata": ')

    assert (refused.status, refused.message, refused.reason) == (400, "Parse Error", "parseError")
