"""What `streamcap doctor` finds of Google Cloud Storage: credentials, permissions by name, the bucket's settings, latency, and the local cache."""

import os
import secrets
import shutil
import stat
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from rich.filesize import decimal

from streamcap_dagster.cli.finding import Finding, Verdict
from streamcap_dagster.errors import StorageError
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.address import GcsAddress, read_address
from streamcap_dagster.wiring import source_for, storage_for

if TYPE_CHECKING:
    from streamcap_dagster.storage.gcs.protection import Protection

PATIENCE_S = 10.0
"""How long a check waits for a service that does not answer; a run has more patience."""
TO_WRITE = ("storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.delete")
TO_READ = ("storage.objects.get", "storage.objects.list")
_WRITER, _READER = "roles/storage.objectUser", "roles/storage.objectViewer"
ALSO_USEFUL = {
    "storage.objects.restore": ("to restore what was deleted", _WRITER),
    "storage.buckets.get": ("to see where the bucket is and how it protects data", "roles/storage.bucketViewer"),
}
"""What a run does without: for what, and the role that has it."""
_READS = 5
_SLOW_S = 0.3


def storage_findings(settings: Settings) -> Iterator[Finding]:
    """Checks of a gs:// storage. Raises StorageLost when there is no such bucket or nobody answers."""
    settings = _impatient(settings)
    address = read_address(settings.storage, "STREAMCAP_STORAGE")
    yield _credentials()
    lacking = yield from _permissions(address, settings, TO_WRITE, _WRITER)
    if not lacking:
        yield from _probe(storage_for(settings).open())
    yield from _more_permissions(address, settings)
    yield from _settings_of(address, settings)
    yield _cache(settings)


def source_findings(settings: Settings, most: int) -> Iterator[Finding]:
    """Checks of a gs:// source; counts at most that many of its files."""
    settings = _impatient(settings)
    lacking = yield from _permissions(read_address(settings.source, "STREAMCAP_SOURCE"), settings, TO_READ, _READER)
    if not lacking:
        source = source_for(settings).open()
        seen = sum(1 for _ in islice(source.scan(), most))
        yield Finding("source", "ok", f"{source.uri} has {seen}{' or more' if seen == most else ''} video file{'' if seen == 1 else 's'}")


def _impatient(settings: Settings) -> Settings:
    return settings.model_copy(update={"storage_deadline_s": min(settings.storage_deadline_s, PATIENCE_S)})


def _credentials() -> Finding:
    if emulator := os.environ.get("STORAGE_EMULATOR_HOST"):
        return Finding("credentials", "ok", f"none: it is the emulator at {emulator} (STORAGE_EMULATOR_HOST), not Google")
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    from streamcap_dagster.storage.gcs.credentials import credentials_sought, why_no_credentials

    try:
        with credentials_sought():
            credentials, project = google.auth.default()
    except DefaultCredentialsError:
        fix = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account."
        return Finding("credentials", "failed", why_no_credentials(), fix)
    mail = str(getattr(credentials, "service_account_email", "") or getattr(credentials, "account", "") or "")
    kind = type(credentials).__module__.removeprefix("google.").removeprefix("auth.").removeprefix("oauth2.")
    who = {"service_account": "a service account", "credentials": "a user", "compute_engine.credentials": "the service account of this machine"}
    return Finding("credentials", "ok", ", ".join(filter(None, (who.get(kind, kind), mail, f"project {project}" if project else ""))))


def _permissions(address: GcsAddress, settings: Settings, wanted: Sequence[str], role: str) -> Generator[Finding, None, Sequence[str]]:
    """One finding each; returns those that are lacking."""
    lacking = _lacking(address, settings, wanted)
    for permission in wanted:
        if permission in lacking:
            yield Finding("permission", "failed", f"{permission} is lacking on {address.bucket}", _grant(address, role))
        else:
            yield Finding("permission", "ok", f"{permission} on {address.bucket}")
    return lacking


def _more_permissions(address: GcsAddress, settings: Settings) -> Iterator[Finding]:
    lacking = _lacking(address, settings, list(ALSO_USEFUL))
    for permission, (use, role) in ALSO_USEFUL.items():
        if permission in lacking:
            yield Finding("permission", "warning", f"{permission} is lacking on {address.bucket}: a run does without, it is {use}", _grant(address, role))
        else:
            yield Finding("permission", "ok", f"{permission} on {address.bucket}, {use}")


def _lacking(address: GcsAddress, settings: Settings, wanted: Sequence[str]) -> Sequence[str]:
    from streamcap_dagster.storage.gcs.bucket import Bucket

    return Bucket(address.bucket, settings.storage_connections, settings.storage_deadline_s).missing_permissions(wanted)


def _grant(address: GcsAddress, role: str) -> str:
    return f"Grant a role that has it: `gcloud storage buckets add-iam-policy-binding gs://{address.bucket} --member=user:YOU --role={role}`."


def _probe(storage: Storage) -> Iterator[Finding]:
    """Write a small object, read it some times, and remove it."""
    key, data = f"ledger/doctor-{secrets.token_hex(6)}", b"probe"
    storage.write(key, data)
    try:
        times_s = [_timed_read(storage, key, data) for _ in range(_READS)]
    finally:
        storage.delete(key)
    yield Finding("storage", "ok", f"{storage.uri}: an object was written, read and removed")
    took_s = median(times_s)
    slow = took_s > _SLOW_S
    fix = "Run where the bucket is, or keep the storage in a bucket near to where you run." if slow else ""
    yield Finding("latency", "warning" if slow else "ok", f"{took_s * 1000:.0f} ms for a small object, the median of {_READS} reads", fix)


def _timed_read(storage: Storage, key: str, expected: bytes) -> float:
    started = time.perf_counter()
    if storage.read(key) != expected:
        raise StorageError(storage.uri, f"reading {key}", "it is not what was just written", "Something between here and Google answers in its place: a proxy?")
    return time.perf_counter() - started


def _settings_of(address: GcsAddress, settings: Settings) -> Iterator[Finding]:
    from streamcap_dagster.storage.gcs.protection import read_protection

    found = read_protection(address.bucket, settings.storage_connections, settings.storage_deadline_s)
    if found is None:
        yield Finding(
            "location", "warning", "unknown without storage.buckets.get", "Ask whoever made the bucket: runs are fastest, and free of egress, near to it."
        )
        return
    yield Finding("location", "ok", f"{address.bucket} is in {found.location}, storage class {found.storage_class}")
    yield from (Finding("bucket", verdict, what, fix) for verdict, what, fix in verdicts(f"gs://{address.bucket}", found))


def verdicts(bucket: str, found: "Protection") -> Iterator[tuple[Verdict, str, str]]:
    """What is well and what is not in how a bucket is set up, with the command that changes it."""
    change = f"`gcloud storage buckets update {bucket}"
    if not found.uniform_access:
        yield "warning", "single objects may have access rules of their own", f"{change} --uniform-bucket-level-access`"
    if not found.public_access_prevented:
        yield "warning", "a role given to allUsers would make it public", f"{change} --public-access-prevention`"
    if found.soft_delete_s:
        yield "ok", f"what is deleted or overwritten can be restored for {found.soft_delete_s / 86400:g} days (soft delete)", ""
    if found.versioning and not found.old_versions_go:
        yield "warning", "versioning keeps what is deleted or overwritten for ever, and it is billed", f"{change} --lifecycle-file=deploy/gcp/lifecycle.json`"
    elif found.versioning:
        yield "ok", "what is deleted or overwritten is kept as a noncurrent version, until a lifecycle rule removes it", ""
    if not (found.soft_delete_s or found.versioning):
        yield "warning", "what is deleted or overwritten is gone at once", f"{change} --soft-delete-duration=7d`"
    if found.retention_s:
        yield "failed", "a retention policy forbids to replace or remove objects, which every run does", f"{change} --clear-retention-period`"
    if found.requester_pays:
        yield "failed", "whoever asks pays (requester pays), which is not supported", f"{change} --no-requester-pays`"


def _cache(settings: Settings) -> Finding:
    """Whether local copies have a place."""
    folder = settings.cache.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix="doctor-"):
            used = sum(map(_size_of, folder.rglob("*")))
    except OSError as error:
        why = f"{folder} cannot be written ({error.strerror or error})"
        return Finding("cache", "failed", why, "Point STREAMCAP_CACHE at a folder that this user may write to.")
    left, free = settings.cache_gb * 1e9 - used, shutil.disk_usage(folder).free
    told = f"{folder} holds {decimal(used)} of at most {settings.cache_gb:g} GB (STREAMCAP_CACHE_GB)"
    if left > free:
        fix = "Free some space, point STREAMCAP_CACHE at a larger disk, or lower STREAMCAP_CACHE_GB."
        return Finding("cache", "warning", f"{told}, and its disk has only {decimal(free)} free", fix)
    return Finding("cache", "ok", told)


def _size_of(path: Path) -> int:
    """Nothing for a folder, or what a run has just removed."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    return 0
