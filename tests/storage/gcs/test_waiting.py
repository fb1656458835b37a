"""A service that stays away is told of while it is waited for, and one that falters is not."""

import pytest

from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import StorageLost
from streamcap_dagster.storage.gcs import waiting
from streamcap_dagster.storage.gcs.bucket import Bucket
from tests.gcs import BUCKET


@pytest.fixture(autouse=True)
def _talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_QUIET_S", 0.3)
    monkeypatch.setattr(waiting, "_told_s", {})


def test_what_is_waited_for_long_is_told_once_and_with_the_setting(gcs: Running, caplog: pytest.LogCaptureFixture) -> None:
    gcs.storm(60)
    with pytest.raises(StorageLost):
        Bucket(BUCKET, 8, deadline_s=1).read("clips/cat.json")
    told = [message for message in caplog.messages if "answers 503" in message]
    assert told == ["Google Cloud Storage answers 503. It is waited for, 1 s at most (STREAMCAP_STORAGE_DEADLINE_S); Ctrl-C ends it."]


def test_a_service_that_nobody_reaches_is_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(StorageLost):
        list(Bucket(BUCKET, 8, deadline_s=1).list("clips/"))
    assert [message.partition(".")[0] for message in caplog.messages] == ["Google Cloud Storage cannot be reached or breaks off"]


def test_what_passes_soon_is_not_worth_a_word(gcs: Running, caplog: pytest.LogCaptureFixture) -> None:
    gcs.order(Fault("busy_503"), Fault("dropped"))
    Bucket(BUCKET, 8, deadline_s=5).write("clips/cat.json", b"a cat")
    assert [message for message in caplog.messages if "answers 503" in message] == []
