"""What the Hub, the network or somebody else can do to a publication, and what is left then."""

import logging
import traceback
from collections.abc import Callable

import pytest

from streamcap_dagster.emulators.hub.faults import Fault, Name
from streamcap_dagster.emulators.hub.options import Options
from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.hub.failures import PublishingFailed
from streamcap_dagster.hub.huggingface import HubRepository
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import REPO, TOKEN, a_shard, build, commits, publisher, shards


def refused(hub: Running | str, storage: FolderStorage) -> str:
    with pytest.raises(PublishingFailed) as failed:
        publisher(hub, storage, tries=2).publish()
    assert TOKEN not in "".join(traceback.format_exception(failed.value))
    return str(failed.value)


@pytest.fixture
def published(hub: Running, storage: FolderStorage) -> dict[str, bytes]:
    """What is published when the dataset has a video more that is not."""
    publisher(hub, storage).publish()
    build(storage, ["clock", "life", "still", "rain"])
    return hub.files(REPO)


@pytest.mark.parametrize(
    ("name", "on", "said"),
    [
        ("unauthorized_401", "info", "Put a token into HF_TOKEN that is valid and may write"),
        ("forbidden_403", "preupload", "Use a token that may write to what belongs to somebody"),
        ("no_room_403", "lfs_batch", "Free room in the storage of somebody, or get more of it"),
        ("conflict_409", "commit", "Somebody else is changing the repository: run it again when they have finished"),
        ("stale_412", "commit", "Somebody else is changing the repository"),
        ("too_large_413", "lfs_put", "go round the proxy (NO_PROXY), or ask the Hub for a higher limit"),
        ("too_fast_429", "preupload", "The Hub wants fewer requests: wait an hour and run it again"),
        ("error_500", "lfs_put", "The Hub is in trouble: run it again later; what the Hub has already is not sent again"),
        ("busy_503", "commit", "The Hub is in trouble"),
        ("dropped", "tree", "the connection broke off"),
        ("cut_upload", "lfs_put", "the connection broke off"),
        ("cut_download", "download", "the connection broke off"),
    ],
)
def test_trouble_that_lasts_is_told_in_a_sentence_and_what_is_published_stays(
    hub: Running, storage: FolderStorage, published: dict[str, bytes], name: Name, on: str, said: str
) -> None:
    hub.keep_up(Fault(name, on=on, after=100))
    told = refused(hub, storage)

    assert said in told
    assert told.endswith(("What is published there is as it was.", "What is published there is whole: as it was, or as it was meant to become."))
    assert hub.files(REPO) == published


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error_500", on="commit"),
        Fault("stale_412", on="commit"),
        Fault("conflict_409", on="create"),
        Fault("dropped", on="info"),
        Fault("cut_upload", on="lfs_put", after=100),
        Fault("lost_answer", on="commit"),
        Fault("lost_answer", on="tag"),
        Fault("error_500", on="tag"),
    ],
    ids=lambda fault: f"{fault.name} on {fault.on}",
)
def test_trouble_that_passes_costs_one_commit_and_one_tag_all_the_same(hub: Running, storage: FolderStorage, fault: Fault) -> None:
    hub.order(fault)
    published = publisher(hub, storage).publish()

    assert hub.service.faults.pending == 0
    assert len(commits(hub)) == 1
    assert hub.repository(REPO).tags == {published.tag: published.commit}
    assert published.difference is not None
    assert published.difference.videos_added == 3


def test_what_was_sent_before_the_trouble_is_not_sent_again(hub: Running, storage: FolderStorage) -> None:
    hub.keep_up(Fault("error_500", on="commit"))
    refused(hub, storage)
    sent = hub.journal.count("lfs_put")
    hub.keep_up(None)
    hub.journal.clear()
    publisher(hub, storage).publish()

    assert sent == len(hub.repository(REPO).objects)
    assert hub.journal.count("lfs_put") == 0


class _Meddling(HubRepository):
    """Somebody else commits right before each of the first commits."""

    meddle: Callable[[], object]
    times = 1

    def commit(self, *arguments: object) -> str:  # type: ignore[override]
        if self.times:
            self.times -= 1
            self.meddle()
        return super().commit(*arguments)  # type: ignore[arg-type]


def test_what_somebody_else_commits_meanwhile_is_built_upon(hub: Running, storage: FolderStorage) -> None:
    ours = publisher(hub, storage)
    ours.repository.__class__ = _Meddling
    ours.repository.meddle = lambda: hub.commit(REPO, {"NOTES.md": b"By hand."})  # type: ignore[attr-defined]
    ours.publish()

    assert commits(hub)[1:] == ["by somebody else"]
    assert hub.files(REPO)["NOTES.md"] == b"By hand."
    assert [row.status for row in hub.journal.rows if row.kind == "commit"] == [412, 200]
    assert hub.journal.count("lfs_put") == len(hub.repository(REPO).objects)


def test_where_nobody_listens_the_address_is_told(storage: FolderStorage) -> None:
    with running() as gone:
        address = gone.url

    assert f"nobody answers at {address}. Check the network, and HF_ENDPOINT where it is set" in refused(address, storage)


def test_a_token_without_rights_makes_no_repository(storage: FolderStorage) -> None:
    with running(Options(owners=("another",))) as hub:
        told = refused(hub, storage)

        assert told.startswith(f"creating the repository failed for {REPO} on the Hub: HTTP 403")
        assert not hub.service.repositories


def test_a_dataset_that_is_built_anew_meanwhile_is_not_published_by_halves(hub: Running, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = publisher(hub, storage)
    ours.plan()
    monkeypatch.setattr(HubRepository, "create", lambda self, private: (hub.make(REPO, private=private), a_shard(storage).unlink()))

    with pytest.raises(PublishingFailed, match="the dataset was built anew meanwhile"):
        ours.publish()
    assert shards(hub) == set()


def test_the_token_is_in_no_log_line(hub: Running, storage: FolderStorage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        hub.order(Fault("error_500", on="lfs_put"), Fault("error_500", on="commit"))
        publisher(hub, storage).publish()

    assert TOKEN not in caplog.text + "".join(capsys.readouterr())
