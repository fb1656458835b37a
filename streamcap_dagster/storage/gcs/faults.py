"""What goes wrong between here and Google Cloud Storage: what is worth another try, and what to tell people about the rest.

An error of Google's client can carry a token or an upload's address, so that none is chained and none is quoted whole.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

import requests
import urllib3.exceptions
from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPICallError, NotFound, PreconditionFailed, RetryError, Unauthorized
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, InvalidOperation, RefreshError, TransportError
from google.cloud.storage.exceptions import InvalidResponse

from streamcap_dagster.errors import ObjectMissing, StorageError, StorageLost, StreamcapError
from streamcap_dagster.storage.gcs.clients import service
from streamcap_dagster.storage.gcs.credentials import why_no_credentials
from streamcap_dagster.storage.gcs.waiting import ToldRetry

_WORTH_ANOTHER_TRY = (408, 429, 500, 502, 503, 504)
_DROPPED: tuple[type[Exception], ...] = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.TimeoutError,
    ConnectionError,
    TransportError,
)
_OF_GOOGLE: tuple[type[Exception], ...] = (
    GoogleAPICallError,
    GoogleAuthError,
    InvalidResponse,
    RetryError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    ConnectionError,
)
_ROLES = {"storage.buckets.get": "roles/storage.bucketViewer"}
_ROLE = "roles/storage.objectUser"
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 16.0
_LONGEST_QUOTE = 300
_SPOILT = re.compile("crc32c|checksum|hash|malformed multipart", re.IGNORECASE)


class OtherGeneration(Exception):
    """A precondition was not met: the object is not of the generation that was expected. For the layers above, never for people."""


class StorageAway(StorageLost):
    """The service gave no answer of use until the deadline."""


ONCE = Retry(predicate=if_exception_type())
"""Tries nothing again."""


def retry_for(deadline_s: float) -> Retry:
    """Tries again what is worth it, with growing random waits, until that much time has passed."""
    first_s = min(_FIRST_WAIT_S, deadline_s / 8)
    return ToldRetry(predicate=is_transient, initial=first_s, maximum=_LONGEST_WAIT_S, multiplier=2.0, timeout=deadline_s)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, GoogleAPICallError | InvalidResponse):
        return _status(error) in _WORTH_ANOTHER_TRY
    if isinstance(error, RefreshError):
        return bool(error.retryable)
    return isinstance(error, _DROPPED)


def is_corrupt(error: BaseException) -> bool:
    """Whether bytes came to the service that were not sent so, by their checksum or by the frame around them."""
    return isinstance(error, BadRequest) and _SPOILT.search(_said(error)) is not None


@dataclass(frozen=True)
class Doing:
    """One operation on a bucket, for the sentence about its failure. `name`: of the object, or the prefix of many."""

    bucket: str
    verb: str
    name: str
    permission: str
    deadline_s: float
    of_bucket: bool
    """Whether only the bucket can be missing."""

    @property
    def uri(self) -> str:
        return f"gs://{self.bucket}"

    def __str__(self) -> str:
        return f"{self.verb} {self.name}".strip()


@contextmanager
def told(doing: Doing) -> Iterator[None]:
    """Raises, instead of an error of Google's client, one of ours: OtherGeneration, ObjectMissing, StorageLost or StorageError.

    Errors of this machine's disk pass.
    """
    try:
        yield
    except (StreamcapError, OtherGeneration):
        raise
    except _OF_GOOGLE as error:
        fault = _explained(error, doing)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - the client trips over an answer that is none, and the other videos go on
        fault = _unexpected(error, doing)
    else:
        return
    raise fault from None


def _explained(error: Exception, doing: Doing) -> StreamcapError | OtherGeneration:
    if isinstance(error, PreconditionFailed):
        return OtherGeneration()
    if isinstance(error, NotFound):
        return _missing(error, doing)
    if isinstance(error, DefaultCredentialsError | Unauthorized) or (isinstance(error, GoogleAuthError) and not is_transient(error)):
        return _no_credentials(error, doing)
    if isinstance(error, RetryError) or is_transient(error):
        return _away(error, doing)
    if _REQUESTER_PAYS.search(_said(error)):
        return _requester_pays(doing)
    if isinstance(error, Forbidden):
        return _forbidden(error, doing)
    fix = "See what it says; `streamcap doctor` checks the bucket step by step. Nothing half-written is left."
    return StorageError(doing.uri, str(doing), f"the service answered: {_said(error) or type(error).__name__}", fix)


def _unexpected(error: Exception, doing: Doing) -> StorageError:
    at = extract_tb(error.__traceback__)[-1]
    why = f"what came cannot be an answer of Google Cloud Storage ({type(error).__name__} in {Path(at.filename).name}, line {at.lineno})"
    fix = "See whether something between here and Google answers in its place, such as a proxy or the sign-in page of a network; `streamcap doctor` may tell."
    return StorageError(doing.uri, str(doing), why, fix)


_REQUESTER_PAYS = re.compile("requester pays|user project", re.IGNORECASE)
_BILLING = re.compile(r"billing|account.{0,40}(disabled|closed|delinquent)", re.IGNORECASE)
_PERMISSION = re.compile(r"storage\.[a-z]+\.[a-zA-Z]+")
_OAUTH_CODE = re.compile(r"[a-z]+(_[a-z]+)+")


def _missing(error: NotFound, doing: Doing) -> StreamcapError:
    if not doing.of_bucket and "bucket does not exist" not in _said(error):
        return ObjectMissing(doing.name, doing.uri, "")
    fix = f"{_made_with(doing)}, or correct its name where it stands: in STREAMCAP_STORAGE, in STREAMCAP_SOURCE or in the command."
    return StorageLost(doing.uri, str(doing), "there is no bucket of that name", fix)


def _made_with(doing: Doing) -> str:
    """How a bucket comes to be: an emulator has those that it was started with."""
    if emulator := service():
        here = f"The emulator at {emulator} (STORAGE_EMULATOR_HOST) has only the buckets that it was started with"
        return f"{here}: take both variables as it printed them, start it with this one (`streamcap emulate-gcs --bucket {doing.bucket}`)"
    return f"Create it with `gcloud storage buckets create {doing.uri} --location=LOCATION --uniform-bucket-level-access --public-access-prevention`"


def _no_credentials(error: Exception, doing: Doing) -> StreamcapError:
    if isinstance(error, DefaultCredentialsError) and not isinstance(error, InvalidOperation):
        why = why_no_credentials()
    else:
        code = _OAUTH_CODE.match(str(error.args[0])) if isinstance(error, RefreshError) and error.args else None
        why = "Google does not accept the credentials, which may have expired or been revoked" + (f" ({code[0]})" if code else "")
    fix = (
        "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account; "
        "then run the same command again."
    )
    return StorageLost(doing.uri, str(doing), why, fix)


def _away(error: Exception, doing: Doing) -> StreamcapError:
    last = (error.cause if isinstance(error, RetryError) else error) or error
    status = _status(last)
    why = f"answered {status}" if status else "could not be reached or broke off"
    fix = "Run the same command again when it is back; nothing half-written is left. STREAMCAP_STORAGE_DEADLINE_S is how long it is waited for."
    return StorageAway(doing.uri, str(doing), f"for {doing.deadline_s:g} s the service {why}", fix)


def _requester_pays(doing: Doing) -> StreamcapError:
    fix = "Use a bucket of your own project, or have its owner turn that off: `gcloud storage buckets update {} --no-requester-pays`."
    return StorageLost(doing.uri, str(doing), "the bucket makes whoever asks pay (requester pays), which is not supported", fix.format(doing.uri))


def _forbidden(error: Forbidden, doing: Doing) -> StreamcapError:
    said = _said(error)
    if _BILLING.search(said):
        fix = "Open https://console.cloud.google.com/billing and restore the billing of the project that owns the bucket, then run the same command again."
        return StorageLost(doing.uri, str(doing), f"the project's billing is off: {said}", fix)
    named = _PERMISSION.search(said)
    permission = named[0] if named else doing.permission
    role = _ROLES.get(permission, _ROLE)
    fix = f"Grant a role that has it: `gcloud storage buckets add-iam-policy-binding {doing.uri} --member=user:YOU --role={role}`."
    return StorageLost(doing.uri, str(doing), f"these credentials lack the permission {permission} on the bucket {doing.bucket} ({said})", fix)


def _status(error: BaseException) -> int:
    if isinstance(error, InvalidResponse):
        return int(error.response.status_code)
    return int(error.code or 0) if isinstance(error, GoogleAPICallError) else 0


def _said(error: BaseException) -> str:
    """The service's own words, without the address of the request."""
    response = getattr(error, "response", None)
    if response is None:
        return ""
    try:
        words = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        words = response.text
    return " ".join(str(words).split())[:_LONGEST_QUOTE].rstrip(".")
