"""The four formats of TRL: what each sample is, and that `datasets` loads the folder as it is."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Image, List, load_dataset

from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, frames, store_dataset, stream_row

IMAGE = {"type": "image"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def user(*parts: dict[str, str]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def assistant(words: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [text(words)]}


def samples(storage: FolderStorage, name: str, out: Path, config: str = "") -> list[dict[str, Any]]:
    """The rows of `train` as `datasets` loads them, with pictures as bytes."""
    export(storage, exporter_of(name), WORDS, out, config)
    rows = load_dataset(str(out), split="train").cast_column("images", List(Image(decode=False)))
    return [{**row, "images": [image["bytes"] for image in row["images"]]} for row in rows]


PAIR_SHOWN = (text("Before:"), IMAGE, IMAGE, text("Now:"), IMAGE, IMAGE)


def test_sft_has_a_clip_as_one_conversation_with_the_frames_of_each_window_in_its_turn(dataset: FolderStorage, out: Path) -> None:
    assert samples(dataset, "trl-sft", out) == [
        {
            "sample_id": "cat/0",
            "messages": [
                user(IMAGE, IMAGE, text("What is there?")),
                assistant("A red door."),
                user(IMAGE, IMAGE, text("What is new?")),
                assistant("It opens."),
                user(IMAGE, IMAGE, text("What is new?")),
                assistant("No change."),
            ],
            "images": [*frames("cat", 0), *frames("cat", 1), *frames("cat", 2)],
        }
    ]


def test_sft_of_pairs_has_the_initial_exchange_only_where_the_row_holds_its_frames(dataset: FolderStorage, out: Path) -> None:
    assert samples(dataset, "trl-sft", out, "sft") == [
        {
            "sample_id": "cat/0/1",
            "messages": [
                user(IMAGE, IMAGE, text("What is there?")),
                assistant("A red door."),
                user(IMAGE, IMAGE, text("What is new?")),
                assistant("It opens."),
            ],
            "images": [*frames("cat", 0), *frames("cat", 1)],
        },
        {
            "sample_id": "cat/0/2",
            "messages": [user(*PAIR_SHOWN, text("Said: A red door. / It opens. What is new?")), assistant("No change.")],
            "images": [*frames("cat", 1), *frames("cat", 2)],
        },
    ]


def test_prompt_completion_has_the_history_in_the_prompt_and_the_delta_alone_to_learn(dataset: FolderStorage, out: Path) -> None:
    first, second = samples(dataset, "trl-prompt-completion", out)

    assert first == {
        "sample_id": "cat/0/1",
        "prompt": [user(*PAIR_SHOWN, text("Said: A red door. What is new?"))],
        "completion": [assistant("It opens.")],
        "images": [*frames("cat", 0), *frames("cat", 1)],
    }
    assert second["completion"] == [assistant("No change.")]


def test_grpo_has_what_the_rewards_need_in_columns_and_the_objectives_nowhere_in_the_prompt(dataset: FolderStorage, out: Path) -> None:
    assert samples(dataset, "trl-grpo", out) == [
        {
            "sample_id": "cat/0/1",
            "prompt": [user(*PAIR_SHOWN, text("Said: A red door. What is new?"))],
            "images": [*frames("cat", 0), *frames("cat", 1)],
            "objectives": ["door opens"],
            "history": ["A red door."],
            "window_duration": 2.0,
            "outcome": "ok",
        }
    ]


def test_dpo_has_one_prompt_and_the_better_and_the_worse_delta(dataset: FolderStorage, out: Path) -> None:
    assert samples(dataset, "trl-dpo", out) == [
        {
            "sample_id": "cat/0/1",
            "prompt": [user(*PAIR_SHOWN, text("Said: A red door. What is new?"))],
            "chosen": [assistant("It opens.")],
            "rejected": [assistant("A red door.")],
            "images": [*frames("cat", 0), *frames("cat", 1)],
            "margin": 0.8,
            "length_matched": True,
        }
    ]


def test_words_of_any_script_come_through_as_they_are(storage: FolderStorage, out: Path) -> None:
    words = 'Ein „Tor“ \u2028 红色的门 🚪 \\n "quoted" <a door>'
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(("ok", words),))]]}})
    [sample] = samples(storage, "trl-sft", out)

    assert sample["messages"][1] == assistant(words)


def test_a_window_whose_caption_failed_is_left_out_with_its_frames(storage: FolderStorage, out: Path) -> None:
    said = (("ok", "A red door."), ("blocked", ""), ("ok", "It opens."))
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]]}})
    [sample] = samples(storage, "trl-sft", out)

    assert [message["content"][-1]["text"] for message in sample["messages"] if message["role"] == "assistant"] == ["A red door.", "It opens."]
    assert sample["images"] == [*frames("cat", 0), *frames("cat", 2)]


@pytest.mark.parametrize("outcome", ["blocked", "no_change"])
def test_a_clip_without_its_initial_caption_is_left_out_and_the_reason_counted(storage: FolderStorage, out: Path, outcome: str) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=((outcome, ""), ("ok", "It opens.")))]]}})
    exported = export(storage, exporter_of("trl-sft"), WORDS, out)

    assert exported.splits["train"].left_out == {f"clip whose initial caption is {outcome}": 1}
    assert (exported.splits["train"].rows, list(out.glob("*.parquet"))) == (0, [])
