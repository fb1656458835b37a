"""What a reviewer wrote gets into every final file of a project with the next run, which asks the captioner nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets
import pytest

from streamcap_dagster.records import Caption, Captions
from streamcap_dagster.reviews.applying import caption_sha256
from streamcap_dagster.reviews.records import Choice
from streamcap_dagster.reviews.storing import read_review, save
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.project import Project
from tests.reviews.places import kept

WORDS = "A clock with two hands ticks, says the reviewer."


def spoken_of(storage: FolderStorage, video_id: str) -> list[Caption]:
    captions = [
        *read_record(storage, keys.initial_captions(video_id), Captions).captions,
        *read_record(storage, keys.delta_captions(video_id), Captions).captions,
    ]
    return [caption for caption in captions if caption.window and caption.outcome == "ok"]


def decide(storage: FolderStorage, video_id: str, caption: Caption, **choice: object) -> None:
    made = Choice.model_validate({"clip": caption.clip, "window": caption.window, "caption_sha256": caption_sha256(caption), **choice})
    kept(save(storage, video_id, read_review(storage, video_id).version, [made], "ann"))


def calls(project: Project) -> Mapping[Path, bytes]:
    return {path: path.read_bytes() for path in (project.storage / "calls").rglob("*") if path.is_file()}


def rows(project: Project, config: str) -> list[dict[str, Any]]:
    loaded = datasets.load_dataset(str(project.storage / keys.DATASET), config, split="train")
    return list(loaded.remove_columns([name for name in loaded.column_names if name.startswith(("frames_window", "images"))]))


@pytest.fixture
def reviewed(made: Project) -> tuple[Project, Caption, Caption]:
    """A project in which one caption of `clock` was written anew and one window of `life` dropped, after the next run."""
    storage, before = FolderStorage(made.storage), calls(made)
    edited, dropped = spoken_of(storage, "clock")[0], spoken_of(storage, "life")[0]
    decide(storage, "clock", edited, text=WORDS)
    decide(storage, "life", dropped, verdict="drop")
    done = made.streamcap("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert calls(made) == before
    return made, edited, dropped


def test_an_edited_caption_reaches_subtitles_json_and_every_config_and_a_dropped_window_none(
    reviewed: tuple[Project, Caption, Caption], undisturbed: dict[str, str]
) -> None:
    project, edited, dropped = reviewed
    assert WORDS in (project.storage / keys.subtitles("clock", ".srt")).read_text()
    train = {(row["video_id"], row["start_time"]): row for row in json.loads((project.storage / keys.TRAIN_JSON).read_text())}
    assert any(row["caption_window2_delta"] == WORDS for (video_id, _), row in train.items() if video_id == "clock")

    (sft,) = (row for row in rows(project, "sft") if row["sample_id"] == f"clock/{edited.clip}/{edited.window}")
    assert (sft["caption_window2_delta"], sft["edited_by"]) == (WORDS, "ann")
    assert sft["edited_at"].startswith("20")
    stream = {row["video_id"]: row["windows"] for row in rows(project, "stream")}
    assert [(window["text"], window["edited_by"]) for window in stream["clock"]][edited.window] == (WORDS, "ann")
    assert [(window["text"], window["outcome"]) for window in stream["life"]][dropped.window] == ("", "dropped")
    assert {pair["chosen"] for pair in rows(project, "preference") if pair["ranked_by"] == "human"} == {WORDS}
    for config in ("sft", "rl", "preference"):
        assert f"life/{dropped.clip}/{dropped.window}" not in {row["sample_id"].removesuffix("/length") for row in rows(project, config)}
    card = (project.storage / keys.DATASET / "README.md").read_text()
    assert "1 caption is in a reviewer's words" in card
    assert "a reviewer dropped it" in card

    changed = {key for key, sha256 in project.final_files().items() if undisturbed.get(key) != sha256 and not key.startswith(("processed/", "receipts/"))}
    assert {key.split("/")[0] for key in changed} == {"reviews", "reviewed", "captions", "sft_examples", "rl_examples", "preference_examples"}
    assert not [key for key in changed if "still" in key]
