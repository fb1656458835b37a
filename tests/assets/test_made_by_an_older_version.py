"""A storage that an older version made, which knew neither hashes nor preference pairs nor groups: what a command does not walk stays in the dataset."""

import json
import shutil

import datasets
import pytest
from typer.testing import CliRunner

from streamcap_dagster.assets.free import left_out_for_free
from streamcap_dagster.assets.publishing import publisher
from streamcap_dagster.cli import app
from streamcap_dagster.hub.failures import NotPublishable
from streamcap_dagster.hub.publishing import Wish
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.settings import PREFIX
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import Failure, note_failure
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipt, Receipts, read_receipts, write_receipts
from tests.assets.project import Project

NEW = {"frame_hashes": "frame_hashes", "caption_quality": "caption_quality", "reviews": "reviewed", "preference_examples": "preference_examples"}
"""Assets, and the folders of what they make."""
ALL = {"clock", "life", "still"}


@pytest.fixture
def older(made: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without what is new, which commands of this process work on."""
    storage = FolderStorage(made.storage)
    for folder in NEW.values():
        shutil.rmtree(made.storage / folder)
    for video_id in ALL:
        kept = (receipt for receipt in read_receipts(storage, video_id).receipts if receipt.asset not in NEW)
        write_receipts(storage, Receipts(owner=video_id, receipts=tuple(map(_of_then, kept))))
    for key in (keys.GROUPS, keys.GROUP_AGES, keys.receipts("_video_groups")):
        (made.storage / key).unlink()
    for name, value in made.env.items():
        if name.startswith((PREFIX, "DAGSTER_", "COLUMNS")):
            monkeypatch.setenv(name, value)
    return made


def _of_then(receipt: Receipt) -> Receipt:
    """What it was made from did not have what is new; what came out is the same."""
    inputs = {name: content for name, content in receipt.inputs.items() if name not in NEW}
    return receipt if inputs == receipt.inputs else receipt.model_copy(update={"inputs": inputs, "fingerprint": "another"})


def in_dataset(project: Project) -> set[str]:
    rows = datasets.load_dataset(str(project.storage / keys.DATASET), "stream", split="train", streaming=True)
    return {row["video_id"] for row in rows}


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (("run", "--only", "still"), ALL),
        (("forget", "life", "--yes"), ALL - {"life"}),
        (("preferences", "stage", "--only", "still"), ALL),
    ],
)
def test_what_a_command_does_not_walk_stays_in_the_dataset(older: Project, command: tuple[str, ...], left: set[str]) -> None:
    done = CliRunner().invoke(app, command)

    assert done.exit_code == 0, done.output + repr(done.exception)
    assert in_dataset(older) == left
    assert {row["video_id"] for row in json.loads((older.storage / keys.TRAIN_JSON).read_text())} == left - {"still"}  # which has nothing to train on


def test_nothing_is_published_while_videos_are_left_out_for_want_of_what_costs_nothing(older: Project) -> None:
    resource = HubResource(repo="somebody/captions", token="hf_token", endpoint="http://127.0.0.1:9")

    with pytest.raises(NotPublishable, match=r"3 videos \(clock, life, still\) left out .*`streamcap run`"):
        publisher(FolderStorage(older.storage), resource, Wish(allow_rehearsal=True), print).publish()


def test_a_video_that_cannot_be_hashed_does_not_hold_up_a_publication(older: Project) -> None:
    storage = FolderStorage(older.storage)
    note_failure(storage, Failure(video_id="life", asset="frame_hashes", reason="video life: its frames cannot be opened."))

    assert "2 videos (clock, still)" in left_out_for_free(storage)[0]
