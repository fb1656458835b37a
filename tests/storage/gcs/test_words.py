"""What people are told of errors that an emulator does not have, and what they are never told."""

import io
import json
import traceback

import pytest
import requests
from google.api_core.exceptions import from_http_response
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageError, StorageLost
from streamcap_dagster.storage.gcs.bucket import Bucket
from streamcap_dagster.storage.gcs.faults import Doing, is_transient, told
from tests.gcs import BUCKET

DOING = Doing("bucket", "reading", "clips/cat.json", "storage.objects.get", 300, of_bucket=False)
SECRET = "ya29.secret-token"


def _refusal(status: int, message: str, url: str = "https://storage.googleapis.com/upload?upload_id=secret-address") -> Exception:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps({"error": {"code": status, "message": message}}).encode()
    response.request = requests.Request("GET", url).prepare()
    error: Exception = from_http_response(response)  # type: ignore[no-untyped-call]
    return error


def _said(error: Exception) -> str:
    with pytest.raises(StorageError) as told_of, told(DOING):
        raise error
    assert told_of.value.__cause__ is None
    return "".join(traceback.format_exception(told_of.value))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_refusal(403, "The billing account for the owning project is disabled in state absent"), "the project's billing is off"),
        (_refusal(400, "Bucket is a requester pays bucket but no user project provided."), "requester pays"),
        (_refusal(403, "Caller does not have storage.buckets.get access."), "--role=roles/storage.bucketViewer"),
        (
            _refusal(403, "Request is prohibited by organization's policy."),
            "lack the permission storage.objects.get on the bucket bucket (Request is prohibited",
        ),
        (_refusal(404, "The specified bucket does not exist."), "there is no bucket of that name. Create it with `gcloud storage buckets create gs://bucket "),
        (DefaultCredentialsError("Your default credentials were not found."), "no Google credentials were found"),  # type: ignore[no-untyped-call]
        (RefreshError("invalid_grant: Token has been expired or revoked.", {"refresh_token": SECRET}), "(invalid_grant)"),  # type: ignore[no-untyped-call]
    ],
)
def test_what_concerns_the_whole_bucket_stops_the_run_and_says_what_to_do(error: Exception, said: str) -> None:
    told_of = _said(error)
    assert "StorageLost" in told_of
    assert said in told_of


def test_what_concerns_one_request_says_what_the_service_said() -> None:
    told_of = _said(_refusal(400, "Invalid argument."))
    assert "the service answered: Invalid argument." in told_of
    assert "StorageLost" not in told_of


@pytest.mark.parametrize(
    "error",
    [
        _refusal(400, "Invalid argument."),
        _refusal(403, "No."),
        requests.ConnectionError(f"HTTPSConnectionPool: Max retries exceeded with url: /upload?upload_id=secret-address&t={SECRET}"),
        TransportError(f"token endpoint said {SECRET}"),  # type: ignore[no-untyped-call]
        RefreshError(f"unable to use {SECRET}", {"access_token": SECRET}),  # type: ignore[no-untyped-call]
    ],
)
def test_neither_a_token_nor_the_address_of_an_upload_is_ever_told(error: Exception) -> None:
    """Not even in a traceback, above whose last line Google's own error would be."""
    with pytest.raises(StorageError) as told_of, told(DOING):
        raise error
    said = "".join(traceback.format_exception(told_of.value))
    assert SECRET not in said
    assert "secret-address" not in said


def test_an_upload_that_ends_in_an_outage_does_not_tell_its_address(gcs: Running) -> None:
    class Stormy(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            gcs.storm(60)
            return super().read(size)

    with pytest.raises(StorageLost) as lost:
        Bucket(BUCKET, 8, deadline_s=0.3).upload("raw/cat.mp4", Stormy(b"x" * (9 << 20)))
    assert "upload" not in "".join(traceback.format_exception_only(lost.value))


def test_what_is_worth_another_try_is_what_passes() -> None:
    assert all(is_transient(_refusal(status, "")) for status in (408, 429, 500, 502, 503, 504))
    assert not any(is_transient(_refusal(status, "")) for status in (400, 401, 403, 404, 409, 412))
    assert is_transient(RefreshError("try again", retryable=True))  # type: ignore[no-untyped-call]
    assert not is_transient(RefreshError("no"))  # type: ignore[no-untyped-call]
    assert not is_transient(OSError("the disk is full"))
