"""What a Hub that refuses, stumbles or stays away means to a source: one sentence that says what to do, and nothing half-read."""

import time

import pytest

from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.refusals import Refusal
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.errors import SourceError, SourceLost, VideoUnreadable
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.videos.hf_source import HfSource
from streamcap_dagster.videos.hugging_face.address import HubAddress
from streamcap_dagster.videos.hugging_face.client import HubClient
from tests.videos.hub_dataset import REPO, HubDataset, embedded, table_of

SECRET = "hf_a_secret_that_nobody_sees"


def said_of(dataset: HubDataset) -> str:
    with pytest.raises(SourceError) as error:
        dataset.uris()
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    return str(error.value)


def test_a_dataset_that_there_is_not_is_told(dataset: HubDataset) -> None:
    assert "there is no dataset of that name" in said_of(dataset)
    assert "HF_TOKEN must be set" in said_of(dataset)


def test_with_a_token_it_may_be_one_that_the_token_may_not_see(dataset: HubDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert "or HF_TOKEN may not see it" in said_of(dataset)


def test_a_token_that_is_not_accepted_is_told(dataset: HubDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    dataset.hub.make(REPO, {"a.mp4": b"video"})
    dataset.hub.order(Fault("unauthorized_401"))
    assert "HF_TOKEN is not accepted: it may be mistyped, expired or revoked" in said_of(dataset)


def test_a_token_without_the_right_is_told_in_the_hubs_words(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"video"})
    dataset.hub.order(Fault("forbidden_403"))
    assert "HF_TOKEN may not read it (Forbidden: you must use a write token" in said_of(dataset)


def test_a_gated_dataset_names_the_page_where_to_ask(dataset: HubDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"video"})
    monkeypatch.setattr(dataset.hub.service, "answer", lambda call, body: (_ for _ in ()).throw(Refusal(403, "Access is restricted.", "GatedRepo")))
    assert f"it is gated, and HF_TOKEN is not set. Ask for access on {dataset.hub.url}/datasets/{REPO}" in said_of(dataset)


@pytest.mark.parametrize("token", ["hf_two words", "hf_two\twords", "hf_é"])
def test_a_token_that_cannot_be_sent_is_told_and_not_shown(dataset: HubDataset, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    said = said_of(dataset)
    assert "HF_TOKEN has characters that no token has" in said
    assert token not in said


def test_a_revision_that_there_is_not_is_told(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"video"})
    dataset.address = f"hf://{REPO}@v9"
    assert "it has no branch, tag or commit 'v9'" in said_of(dataset)


def test_an_offline_machine_is_told_how_to_get_online(dataset: HubDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.utils import close_session

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    close_session()
    try:
        assert "HF_HUB_OFFLINE is set" in said_of(dataset)
    finally:
        monkeypatch.undo()
        close_session()


@pytest.mark.parametrize("fault", ["too_fast_429", "error_500", "busy_503", "dropped"])
@pytest.mark.parametrize("on", ["info", "download"])
def test_what_passes_is_asked_again(dataset: HubDataset, fault: str, on: str) -> None:
    dataset.hub.make(REPO, {"README.md": b"---\nlicense: mit\n---\n", "a.parquet": table_of([embedded(b"video", id="a")])})
    dataset.hub.order(Fault(fault, on))  # type: ignore[arg-type]
    assert dataset.bytes_of("a.mp4") == b"video"


def test_what_breaks_off_in_the_middle_of_a_file_is_asked_again(dataset: HubDataset) -> None:
    data = bytes(range(256)) * 40_000
    dataset.hub.make(REPO, {"a.mp4": data})
    dataset.hub.order(Fault("cut_download", "download", after=1_000_000))
    assert dataset.bytes_of("a.mp4") == data


def impatient(dataset: HubDataset, url: str, deadline_s: float) -> HfSource:
    return HfSource(HubClient(HubAddress(REPO), deadline_s, url), FileCache(dataset.root / "cache", 10**9))


def test_a_hub_that_stays_away_is_given_up_after_the_deadline(dataset: HubDataset) -> None:
    dataset.hub.make(REPO, {"a.mp4": b"video"})
    dataset.hub.keep_up(Fault("busy_503"))
    with pytest.raises(SourceLost, match=r"for 1 s http://127\.0\.0\.1:\d+ answered 503; run the same command again when it is back"):
        impatient(dataset, dataset.hub.url, 1).scan()


def test_a_network_that_is_away_is_told(dataset: HubDataset) -> None:
    with pytest.raises(SourceLost, match=r"for 0\.5 s http://127\.0\.0\.1:1 could not be reached or broke off"):
        impatient(dataset, "http://127.0.0.1:1", 0.5).scan()


def test_once_it_is_known_to_be_away_nobody_waits_again(dataset: HubDataset) -> None:
    source = impatient(dataset, "http://127.0.0.1:1", 1)
    with pytest.raises(SourceLost):
        source.scan()
    before = time.monotonic()
    for _ in range(20):
        with pytest.raises(SourceLost), source.local("a.mp4"):
            pass
    assert time.monotonic() - before < 5  # each would wait a second


def test_a_hub_that_goes_away_while_a_table_is_read_stops_the_scan_and_removes_nothing(dataset: HubDataset, video: bytes) -> None:
    dataset.hub.make(REPO, {"a.parquet": table_of([embedded(video, id="a")])})
    dataset.catalog()
    dataset.hub.commit(REPO, {"b.parquet": table_of([embedded(video + b"more", id="b")])})
    dataset.hub.keep_up(Fault("unauthorized_401", "download"))
    with pytest.raises(SourceLost):
        dataset.catalog()
    assert {row.status for row in dataset.rows().values()} == {"ok"}


def test_a_file_that_arrives_spoilt_each_time_is_not_taken_for_the_video(dataset: HubDataset) -> None:
    repository = dataset.hub.make(REPO, {"a.mp4": b"video"})
    source = dataset.source
    list(source.scan())
    file = repository.at("main").files["a.mp4"]
    object.__setattr__(file, "data", b"vldeo")
    with pytest.raises(VideoUnreadable, match="what arrived is not what the Hub has, 3 times in a row"), source.local("a.mp4"):
        pass


def test_a_video_that_is_not_in_the_dataset_is_unreadable(hub: Running, dataset: HubDataset) -> None:
    hub.make(REPO, {"a.mp4": b"video"})
    with pytest.raises(VideoUnreadable, match="it is not in the dataset any more"), dataset.source.local("b.mp4"):
        pass
