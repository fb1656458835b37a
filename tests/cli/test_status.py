"""`streamcap status` and what each command says of itself."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import Failure, note_failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.walking import video


@pytest.fixture
def storage() -> FolderStorage:
    return FolderStorage(Path("data"))


def test_an_empty_storage_is_said_to_be_empty_and_what_fills_it() -> None:
    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 0
    assert "holds nothing yet: `streamcap run` catalogs the source and makes the dataset." in done.stdout
    assert not Path("data").exists()


def test_an_empty_storage_is_an_empty_list_for_programs() -> None:
    done = CliRunner().invoke(app, ["status", "--json"])

    assert json.loads(done.stdout)["videos"] == []


def test_a_failed_video_is_exit_status_1_with_its_reason_as_it_is(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat"), video("dog")])
    note_failure(storage, Failure(video_id="dog", asset="frames", reason="video dog: [red]odd[/] name [/nothing]. Rename it."))

    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 1
    assert "failed video dog: [red]odd[/] name [/nothing]. Rename it." in done.stdout
    assert "1 incomplete, 1 failed" in done.stdout


def test_a_file_that_cannot_be_used_is_told_with_its_name_as_it_is(storage: FolderStorage) -> None:
    write_manifest(storage, [video("dog", uri="[red]x[/].mp4", status="failed", reason="It is an empty file. Remove it.")])

    done = CliRunner().invoke(app, ["status"])

    assert "'[red]x[/].mp4': It is an empty file. Remove it." in done.stdout


def test_receipts_that_cannot_be_read_fail_only_their_video(storage: FolderStorage) -> None:
    write_manifest(storage, [video("cat"), video("dog")])
    storage.write(keys.receipts("dog"), b"{")

    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 1
    assert "1 incomplete, 1 failed" in done.stdout
    assert "receipts/dog.json cannot be read" in done.stdout


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run", "Turn the videos of SOURCE into a dataset"),
        ("status", "Tell per video what exists, what is out of date or missing, and what failed and why"),
        ("doctor", "Check what a run needs"),
    ],
)
def test_help_tells_what_a_command_does(command: str, told: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert done.exit_code == 0
    assert told in done.stdout
    assert told in CliRunner().invoke(app, [command, "-h"], env={"COLUMNS": "200"}).stdout


def test_a_wrong_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["run", "--fast"]).exit_code == 2
