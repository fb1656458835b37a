"""A file of credentials that is none is told by its name, whatever Google's library makes of it."""

from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageLost
from streamcap_dagster.storage.gcs.bucket import Bucket
from tests.gcs import BUCKET


@pytest.mark.parametrize("text", ["{", "[]", "\0\1", '{"type": "service_account"}', '{"type": "none"}'])
def test_a_file_that_holds_no_credentials_stops_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    with pytest.raises(StorageLost, match=r"key\.json', which holds no Google credentials that can be used\. Run `gcloud auth application-default login`"):
        Bucket("bucket", 8, deadline_s=5).read("clips/cat.json")


@pytest.mark.parametrize("name", ["", "gone.json"])
def test_a_file_of_credentials_that_is_not_there_stops_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / name))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    with pytest.raises(StorageLost, match=r"GOOGLE_APPLICATION_CREDENTIALS names .*, and there is no such file\."):
        Bucket("bucket", 8, deadline_s=5).read("clips/cat.json")


def test_an_emulator_may_be_given_with_a_slash_at_its_end(gcs: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"{gcs.url}/")
    Bucket(BUCKET, 8, deadline_s=5).write("clips/cat.json", b"a cat")
    assert gcs.objects(BUCKET) == {"clips/cat.json": b"a cat"}
