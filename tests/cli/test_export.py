"""`streamcap export`: what a person sees of an export, and what they are told instead of one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.captions.history import History
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.cli import app
from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.errors import ObjectMissing, SettingError
from streamcap_dagster.exporters.table import EXPORTERS
from streamcap_dagster.settings import read_settings
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.wiring import storage_for
from tests.exporters.corpus import rl_row, sft_row, store_dataset, stream_row


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """The storage that is used when nothing is said, for the tests are in its parent folder."""
    return FolderStorage(tmp_path / "data")


def export(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments])


def test_the_help_lists_every_format_with_what_it_is_for() -> None:
    shown = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "400"}).stdout
    assert [name for name, exporter in EXPORTERS.items() if f"{name} from" not in shown or exporter.about not in shown] == []


def test_it_tells_rows_images_and_bytes_of_each_split_and_what_was_left_out(storage: FolderStorage) -> None:
    said = (("ok", "A red door."), ("blocked", ""), ("ok", "It opens."))
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]], "test": [[stream_row("dog")]]}})
    done = export("trl-sft")

    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == f"trl-sft from stream: {Path('exports/trl-sft').absolute()}"
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:4]] == [["split", "rows", "images"], ["train", "1", "4"], ["test", "1", "6"]]
    assert "left out 1 × window whose caption is blocked" in done.stdout
    assert "rehearsal" not in done.stdout


def test_rows_that_are_for_rehearsal_are_announced(storage: FolderStorage) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(captioner="offline"), stream_row("dog")]]}})
    assert "WARNING 1 of 2 rows come from the offline captioner or an emulator" in export("trl-sft").stdout


def test_each_config_choice_and_cadence_has_a_folder_of_its_own_when_none_is_named(storage: FolderStorage) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row()]]}, "sft": {"train": [[sft_row()]]}})
    assert [export("trl-sft", *asked).exit_code for asked in ((), ("--config", "sft"))] == [0, 0]
    export("trl-sft", "--cadence", "4")
    export("openai-batch", "--set", "task=judge", "--set", "model=lab/eye")
    assert sorted(path.name for path in Path("exports").iterdir()) == ["openai-batch-judge-lab-eye", "trl-sft", "trl-sft-4s", "trl-sft-sft"]


@pytest.mark.parametrize(("name", "file"), [("trl-grpo", "train-00000.parquet"), ("openai-batch", "train-00000.jsonl")])
def test_prompts_tell_as_much_of_a_long_history_as_the_captioner_was_told(
    storage: FolderStorage, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    said = [("ok", f"Somebody passes door {number} of the long and dimly lit corridor.") for number in range(12)]
    history = tuple(text for _, text in said[:-1])
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]]}, "rl": {"train": [[rl_row(history=list(history))]]}})
    monkeypatch.setenv("STREAMCAP_HISTORY_TOKENS", "50")
    assert export(name).exit_code == 0

    prompt = json.dumps(Prompts().delta(History(history).shown(50))).encode()
    assert b"earlier captions left out" in prompt
    assert prompt in Path(f"exports/{name}/{file}").read_bytes()


def test_a_split_of_the_dataset_as_it_was_before_is_removed_and_that_is_told(storage: FolderStorage) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row()]], "validation": [[stream_row("dog")]]}})
    export("trl-sft")
    store_dataset(storage, {"stream": {"train": [[stream_row("dog")]], "validation": [[stream_row()]], "test": [[stream_row("fox")]]}})
    shown = export("trl-sft", "--split", "train").stdout

    assert "outdated validation (of an earlier export, not of the dataset as it is now) was removed: export it again, too." in shown


def test_an_export_without_a_row_is_said_to_be_one(storage: FolderStorage) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(("blocked", ""), ("ok", "It opens.")))]]}})
    done = export("trl-sft")

    assert done.exit_code == 1
    assert "nothing was exported: no row of the dataset gives a sample of this format." in done.stdout


def test_what_a_format_offers_to_choose_is_chosen_and_is_in_the_help(storage: FolderStorage) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row()]]}})
    assert export("ms-swift", "--set", "loss=all").exit_code == 0
    assert '"loss": false' not in Path("exports/ms-swift-all/train.jsonl").read_text()

    shown = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "400"}).stdout
    assert [name for exporter in EXPORTERS.values() for name, among in exporter.options.items() if f"{exporter.name}, {name}: {among}" not in shown] == []


@pytest.mark.parametrize(("choice", "told"), [("loss", "write it as NAME=VALUE"), ("loss=some", "deltas or all"), ("beams=3", "ms-swift knows loss")])
def test_a_choice_that_cannot_be_made_is_answered_with_those_that_can(choice: str, told: str) -> None:
    answered = export("ms-swift", "--set", choice)
    assert isinstance(answered.exception, SettingError)
    assert told in str(answered.exception)


def test_a_dataset_in_a_bucket_is_exported_as_one_in_a_folder(storage: FolderStorage, gcs: Running) -> None:
    del gcs
    bucket = storage_for(read_settings(storage="gs://bucket/data")).open()
    for place in (storage, bucket):
        store_dataset(place, {"stream": {"train": [[stream_row()]]}})
    for name, place in (("here", "data"), ("there", "gs://bucket/data")):
        assert export("trl-sft", "--storage", place, "--out", name).exit_code == 0

    assert Path("there/train-00000.parquet").read_bytes() == Path("here/train-00000.parquet").read_bytes()


def test_an_unknown_format_is_answered_with_the_list() -> None:
    answered = export("trl")
    assert isinstance(answered.exception, SettingError)
    assert str(answered.exception) == f"FORMAT='trl' cannot be used: the formats are {', '.join(EXPORTERS)}"


def test_without_a_dataset_one_sentence_says_how_to_build_it(storage: FolderStorage) -> None:
    answered = export("trl-sft")

    told = f"processed/dataset/README.md does not exist in {storage.uri}. There is no dataset yet. "
    assert isinstance(answered.exception, ObjectMissing)
    assert str(answered.exception) == told + "Build it with `streamcap run`, or materialize `hf_dataset` in Dagster's pages."
