"""`streamcap doctor` of a bucket: each permission by name, what protects the data, and a fix for everything that fails."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.auth import compute_engine
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2 import credentials as user
from google.oauth2 import service_account

from streamcap_dagster.cli import doctor_gcs
from streamcap_dagster.cli.doctor import diagnose
from streamcap_dagster.cli.doctor_gcs import verdicts
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.gcs.protection import Protection

STORAGE = "gs://bucket/some/prefix"


def findings(check: str, **more: Any) -> list[Finding]:
    settings = read_settings(decoder="ffmpeg", **{"storage": STORAGE, "cache": Path("cache"), **more})
    return [finding for finding in diagnose(settings) if finding.check == check]


def finding(check: str, **more: Any) -> Finding:
    (only,) = findings(check, **more)
    return only


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_gcs, "PATIENCE_S", 0.5)


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(Options(buckets=("bucket",), soft_delete_s=0)) as emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
        yield emulator


def test_a_bucket_that_can_be_used_is_told_with_permissions_place_and_latency(gcs: Running) -> None:
    assert finding("storage").found == f"{STORAGE}: an object was written, read and removed"
    assert finding("location").found.startswith("bucket is in US-CENTRAL1")
    assert finding("latency").verdict == "ok"
    assert finding("cache").verdict == finding("disk").verdict == "ok"
    permissions = findings("permission")
    assert {told.verdict for told in permissions} == {"ok"}
    assert [told.found.split()[0] for told in permissions] == [*doctor_gcs.TO_WRITE, "storage.objects.restore", "storage.buckets.get"]


def test_the_probe_leaves_nothing(gcs: Running) -> None:
    finding("storage")
    assert not [name for name in gcs.objects("bucket") if ".streamcap/" not in name]


@pytest.mark.parametrize("permission", doctor_gcs.TO_WRITE)
def test_a_permission_that_is_lacking_is_named_with_the_role_that_has_it(gcs: Running, permission: str) -> None:
    gcs.deny(permission)
    (lacking,) = [told for told in findings("permission") if told.verdict == "failed"]

    assert lacking.found == f"{permission} is lacking on bucket"
    assert "--role=roles/storage.objectUser" in lacking.fix
    assert findings("storage") == []


def test_who_may_not_look_at_the_bucket_itself_is_told_what_stays_unknown(gcs: Running) -> None:
    gcs.deny("storage.buckets.get")
    (lacking,) = [told for told in findings("permission") if told.verdict != "ok"]

    assert lacking.verdict == "warning"
    assert "roles/storage.bucketViewer" in lacking.fix
    assert finding("location").found == "unknown without storage.buckets.get"


def test_a_bucket_that_is_not_there_comes_with_the_line_that_makes_an_emulator_have_it(gcs: Running) -> None:
    missing = finding("storage", storage="gs://another/prefix")

    assert missing.verdict == "failed"
    assert "there is no bucket of that name" in missing.found
    assert "emulate-gcs --bucket another" in missing.found


def test_an_emulator_that_is_down_fails_soon(monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    refused = finding("storage")

    assert refused.verdict == "failed"
    assert "could not be reached" in refused.found
    assert finding("credentials").found == "none: it is the emulator at http://127.0.0.1:9 (STORAGE_EMULATOR_HOST), not Google"


def test_credentials_that_are_no_longer_accepted_are_told(gcs: Running, hurried: None) -> None:
    gcs.expire_credentials()
    assert "gcloud auth application-default login" in finding("storage").found


def test_a_bucket_that_keeps_nothing_comes_with_the_command_that_changes_it(forgetful: Running) -> None:
    (unsafe,) = [told for told in findings("bucket") if told.verdict == "warning"]

    assert unsafe.fix == "`gcloud storage buckets update gs://bucket --soft-delete-duration=7d`"


SAFE = Protection("EU", "STANDARD", True, True, 604800, versioning=False, old_versions_go=False, retention_s=0, requester_pays=False)


@pytest.mark.parametrize(
    ("changed", "verdict", "option"),
    [
        ({"uniform_access": False}, "warning", "--uniform-bucket-level-access"),
        ({"public_access_prevented": False}, "warning", "--public-access-prevention"),
        ({"soft_delete_s": 0}, "warning", "--soft-delete-duration=7d"),
        ({"versioning": True}, "warning", "--lifecycle-file=deploy/gcp/lifecycle.json"),
        ({"retention_s": 60}, "failed", "--clear-retention-period"),
        ({"requester_pays": True}, "failed", "--no-requester-pays"),
    ],
)
def test_a_setting_that_endangers_data_or_runs_comes_with_its_command(changed: dict[str, Any], verdict: str, option: str) -> None:
    told = [found for found in verdicts("gs://bucket", replace(SAFE, **changed)) if found[0] != "ok"]

    assert [(found[0], found[2]) for found in told] == [(verdict, f"`gcloud storage buckets update gs://bucket {option}`")]
    assert all(found[0] == "ok" for found in verdicts("gs://bucket", SAFE))


def test_what_is_deleted_can_be_restored_for_a_week(gcs: Running) -> None:
    assert "what is deleted or overwritten can be restored for 7 days (soft delete)" in [told.found for told in findings("bucket")]


def test_a_bucket_as_source_is_checked_for_reading_only(gcs: Running) -> None:
    gcs.deny("storage.objects.create", "storage.objects.delete")
    told = finding("source", source="gs://bucket/incoming", storage="data")

    assert told == Finding("source", "ok", "gs://bucket/incoming has 0 video files")
    assert {permission.verdict for permission in findings("permission", source="gs://bucket/incoming", storage="data")} == {"ok"}


def test_a_cache_that_cannot_be_written_says_which_setting_to_change(gcs: Running) -> None:
    Path("notes.txt").write_text("a file")
    refused = finding("cache", cache=Path("notes.txt/cache"))

    assert refused.verdict == "failed"
    assert "STREAMCAP_CACHE" in refused.fix


def test_a_cache_in_use_is_counted_although_files_come_and_go(gcs: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path("cache/files/a.mp4")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(5000))
    monkeypatch.setattr(Path, "rglob", lambda *_: iter([kept, Path("cache/scratch/gone.mp4")]))
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    assert "holds 5.0 kB" in finding("cache").found


def test_a_cache_larger_than_its_disk_is_a_warning(gcs: Running) -> None:
    told = finding("cache", cache_gb=1e9)

    assert told.verdict == "warning"
    assert "STREAMCAP_CACHE_GB" in told.fix


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (
            service_account.Credentials(None, "runner@project.iam.gserviceaccount.com", "https://nobody"),
            "a service account, runner@project.iam.gserviceaccount.com",
        ),
        (user.Credentials("very-secret", account="me@example.com"), "a user, me@example.com"),
        (compute_engine.Credentials(), "the service account of this machine, default"),
    ],
)
def test_whose_credentials_are_used_is_told_and_never_what_they_are(monkeypatch: pytest.MonkeyPatch, credentials: Any, told: str) -> None:
    monkeypatch.setattr("google.auth.default", lambda: (credentials, "project"))
    first = next(doctor_gcs.storage_findings(read_settings(storage=STORAGE)))

    assert first == Finding("credentials", "ok", f"{told}, project project")


def test_no_credentials_come_with_the_command_that_makes_some(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise DefaultCredentialsError

    monkeypatch.setattr("google.auth.default", none)
    first = next(doctor_gcs.storage_findings(read_settings(storage=STORAGE)))

    assert first.verdict == "failed"
    assert "gcloud auth application-default login" in first.fix
