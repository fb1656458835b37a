"""`streamcap publish` and the asset `published_dataset`: what they ask, tell and keep to themselves."""

import re
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.assets.publishing import published_dataset
from streamcap_dagster.cli import app
from streamcap_dagster.emulators.hub.calls import WRITING
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.hub.failures import NotPublishable
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.resources.storage import FolderStorageResource
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import REPO, TOKEN, a_shard, build, commits, found, rewrite


@pytest.fixture(autouse=True)
def _surroundings(hub: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def streamcap_publish(storage: FolderStorage, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["publish", "--storage", str(storage.root), *arguments])


def is_untouched(hub: Running) -> bool:
    return not [row for row in hub.journal.rows if row.kind in WRITING]


def materialized(hub: Running, storage: FolderStorage, **config: object) -> dg.ExecuteInProcessResult:
    resources = {"storage": FolderStorageResource(root=str(storage.root)), "hub": HubResource(repo=REPO, token=TOKEN, endpoint=hub.url)}
    run_config = {"ops": {"published_dataset": {"config": config}}}
    return dg.materialize([published_dataset], resources=resources, run_config=run_config, raise_on_error=False)


def test_a_dry_run_tells_what_would_go_and_sends_nothing(hub: Running, storage: FolderStorage) -> None:
    done = streamcap_publish(storage, "--repo", REPO, "--dry-run")

    assert done.exit_code == 0, done.exception
    assert f"/datasets/{REPO} (private, to be made)" in done.stdout
    assert "12 new shards and" in done.stdout
    assert is_untouched(hub)


def test_a_dry_run_without_a_token_tells_what_forbids_it_then_that_nothing_was_compared(
    hub: Running, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(storage, ["door"], captioner="offline")
    monkeypatch.setenv("HF_TOKEN", "")
    done = streamcap_publish(storage, "--repo", REPO, "--dry-run")

    assert done.exit_code == 1
    assert re.search(r"captioned by offline(.*\n)+.*not compared.*HF_TOKEN", done.stdout)
    assert not hub.journal.rows


def test_a_dry_run_without_a_token_is_content_with_a_dataset_that_nothing_forbids(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    done = streamcap_publish(storage, "--repo", REPO, "--dry-run")

    assert done.exit_code == 0, done.exception
    assert "Nothing that can be seen here forbids publishing it" in done.stdout


def test_a_dry_run_that_reaches_no_hub_tells_what_forbids_it_and_asks_once(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    build(storage, ["door"], captioner="offline")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = streamcap_publish(storage, "--repo", REPO, "--dry-run")

    assert "captioned by offline" in done.stdout
    assert "nobody answers at http://127.0.0.1:9" in str(done.exception)
    assert "tried again" not in done.output


def test_a_dry_run_without_a_token_looks_into_every_shard(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(a_shard(storage), lambda row: row | {"video_id": "somebody_else"})
    monkeypatch.setenv("HF_TOKEN", "")
    done = streamcap_publish(storage, "--repo", REPO, "--dry-run")

    assert "its rows are not those that it is called after" in done.stdout


def test_the_command_publishes_and_dagster_knows_of_it(hub: Running, storage: FolderStorage) -> None:
    done = streamcap_publish(storage, "--repo", REPO, "--yes", "--tag", "v1")

    assert done.exit_code == 0, done.exception
    assert "Published is release v1" in done.stdout
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("published_dataset"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["commit"].value == hub.repository(REPO).branches["main"]
    assert TOKEN not in done.output


def test_where_nobody_can_be_asked_nothing_is_sent_without_yes(hub: Running, storage: FolderStorage) -> None:
    refused = streamcap_publish(storage, "--repo", REPO)

    assert isinstance(refused.exception, SettingError)
    assert "add --yes to send it" in str(refused.exception)
    assert is_untouched(hub)


def test_faults_end_the_command_before_anything_is_sent(hub: Running, storage: FolderStorage) -> None:
    build(storage, ["door"], captioner="offline")
    refused = streamcap_publish(storage, "--repo", REPO, "--yes")

    assert isinstance(refused.exception, NotPublishable)
    assert is_untouched(hub)


@pytest.mark.parametrize(("repo", "token", "said"), [("", TOKEN, "--repo"), ("captions", TOKEN, "owner/name"), (REPO, "", "huggingface.co/settings/tokens")])
def test_what_is_missing_is_told_before_anybody_is_asked(
    hub: Running, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch, repo: str, token: str, said: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    refused = streamcap_publish(storage, *(("--repo", repo) if repo else ()), "--yes")

    assert isinstance(refused.exception, SettingError)
    assert said in str(refused.exception)
    assert not hub.journal.rows


def test_the_asset_tells_dagster_what_was_published_and_not_the_token(hub: Running, storage: FolderStorage) -> None:
    done = materialized(hub, storage, tag="v2")

    (event,) = done.asset_materializations_for_node("published_dataset")
    assert event.metadata["release"].value == "v2"
    assert event.metadata["videos_added"].value == 3
    assert TOKEN not in "".join(map(str, done.all_events))


def test_the_asset_fails_for_good_with_every_fault(hub: Running, storage: FolderStorage) -> None:
    build(storage, ["door"], captioner="offline")
    (failure,) = materialized(hub, storage).filter_events(lambda event: event.is_step_failure)

    assert "captioned by offline" in str(failure.step_failure_data.user_failure_data)
    assert TOKEN not in str(failure)
    assert is_untouched(hub)


def test_with_nothing_new_the_asset_is_materialized_again_without_a_commit(hub: Running, storage: FolderStorage) -> None:
    materialized(hub, storage)
    again = materialized(hub, storage)

    assert again.success
    assert len(commits(hub)) == 1


def test_a_reason_to_publish_despite_errors_is_no_setting_as_it_would_excuse_those_to_come(
    hub: Running, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(storage, spoken=100, refusal=40)
    monkeypatch.setenv("STREAMCAP_PUBLISH_DESPITE", "We have read them.")
    refused = streamcap_publish(storage, "--repo", REPO, "--yes")

    assert isinstance(refused.exception, SettingError)
    assert is_untouched(hub)


def test_the_reason_of_one_command_excuses_nothing_in_the_next(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)
    first = streamcap_publish(storage, "--repo", REPO, "--yes", "--despite", "We have read them.")
    second = streamcap_publish(storage, "--repo", REPO, "--yes")

    assert (first.exit_code, type(second.exception)) == (0, NotPublishable)


def test_the_reason_of_one_run_excuses_nothing_in_the_next(hub: Running, storage: FolderStorage) -> None:
    found(storage, spoken=100, refusal=40)
    first = materialized(hub, storage, despite="We have read them.")
    found(storage, spoken=100, refusal=40, repetition=90)

    assert (first.success, materialized(hub, storage).success) == (True, False)
