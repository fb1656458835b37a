"""`streamcap rewards-report`: who wins the rewards of a storage, for people and for programs."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.cli import app
from streamcap_dagster.cli.rewards_report import NothingToScore
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.examples.pairs import make_rl, make_sft
from streamcap_dagster.policies import ExamplePolicy
from streamcap_dagster.records import Objectives, PairObjectives
from streamcap_dagster.rewards.trivial import POLICIES
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.dataset.corpus import SAMPLING, WINDOWING, Said, caption_records, store_video, video
from tests.rewards.captions import STREAMS, Told

POOR: tuple[Told, ...] = (("A red door. A cat sits before it.", ()), *(("A red door. A cat sits before it.", ("cat sits",)) for _ in range(3)))
"""A captioner that says the same thing again and again."""


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """The storage that is used when nothing is said, for the tests are in its parent folder."""
    return FolderStorage(tmp_path / "data")


def store(storage: FolderStorage, streams: dict[str, Sequence[Told]]) -> None:
    write_manifest(storage, [video(name) for name in streams])
    for name, stream in streams.items():
        said: list[Said] = [("ok", text) if text else ("no_change", "") for text, _ in stream]
        store_video(storage, name, [said])
        initials, deltas = caption_records(name, [said])
        stated = tuple(PairObjectives(clip=0, window=window, objectives=objectives) for window, (_, objectives) in enumerate(stream) if window)
        objectives, policy = Objectives(video_id=name, pairs=stated), ExamplePolicy(max_silent_share=0.5)
        write_record(storage, keys.sft_examples(name), make_sft(video(name), initials, deltas, WINDOWING, SAMPLING, policy, Prompts()))
        write_record(storage, keys.rl_examples(name), make_rl(video(name), initials, deltas, objectives, WINDOWING, SAMPLING, policy))


def report(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rewards-report", *arguments])


def test_it_prints_a_row_per_policy_and_says_that_the_gold_deltas_win(storage: FolderStorage) -> None:
    store(storage, dict(STREAMS))
    done = report()

    assert done.exit_code == 0
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()[2:10]] == list(POLICIES)
    assert "25 examples. The gold deltas beat every one of these policies" in done.stdout


def test_it_fails_and_tells_who_won_where_when_the_captions_are_poor(storage: FolderStorage) -> None:
    store(storage, {"poor": POOR, "other": STREAMS["street"][:2]})
    done = report()

    assert done.exit_code == 1
    assert "The policy “another window's gold” is not beaten" in done.stdout
    assert "it is ahead in 3 windows, such as poor/0/1, poor/0/2, poor/0/3." in done.stdout


def test_programs_get_the_same_as_json(storage: FolderStorage) -> None:
    store(storage, dict(STREAMS))
    told = json.loads(report("--json").stdout)

    assert (told["examples"], told["not_beaten"], [row["policy"] for row in told["policies"]]) == (25, [], list(POLICIES))
    assert told["policies"][0]["rewards"]["novelty"] == 1.0


def test_the_card_has_the_same_table(storage: FolderStorage) -> None:
    store(storage, dict(STREAMS))
    build_dataset(storage, [DatasetVideo(video(name), "train") for name in STREAMS])
    assert report().stdout.partition("\n\n")[0] in storage.read(CARD).decode()


def test_fewer_examples_are_scored_when_asked_for(storage: FolderStorage) -> None:
    store(storage, dict(STREAMS))
    assert "7 examples." in report("--examples", "7").stdout


def test_a_video_without_objectives_is_scored_by_the_other_rewards(storage: FolderStorage) -> None:
    store(storage, dict(STREAMS))
    for name in STREAMS:
        storage.delete(keys.rl_examples(name))
    assert json.loads(report("--json").stdout)["policies"][0]["rewards"]["coverage"] is None


def test_a_storage_without_examples_is_said_to_be_one(storage: FolderStorage) -> None:
    write_manifest(storage, [])
    done = report()
    assert isinstance(done.exception, NothingToScore)
    assert "holds no SFT example" in str(done.exception)
