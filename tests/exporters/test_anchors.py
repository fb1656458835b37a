"""Clips with anchors: no conversation reaches over one, and what was said before it is told to nobody after it."""

from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, frames, sft_row, store_dataset, stream_row
from tests.exporters.test_openai_batch import asked, parts
from tests.exporters.test_placeholders import check, exported
from tests.exporters.test_trl import samples
from tests.exporters.test_with_videos import livecc, molmo2

SAID = (("ok", "A red door."), ("ok", "It opens."), ("ok", "An open door, a cat."), ("no_change", ""), ("ok", "The cat sits."))
FIRST, SECOND = ("A red door.", "It opens."), ("An open door, a cat.", "No change.", "The cat sits.")


def clip(storage: FolderStorage, said: tuple[tuple[str, str], ...] = SAID, **changed: Any) -> FolderStorage:
    """A dataset of one clip, which has an anchor in its third window."""
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said, anchors=(2,), **changed)]]}})
    storage.write(keys.raw_video("cat", ".mp4"), b"the bytes of cat")
    return storage


@pytest.mark.parametrize("name", ["llamafactory", "ms-swift"])
def test_each_segment_is_a_conversation_of_its_own(storage: FolderStorage, out: Path, name: str) -> None:
    found = [list(check(sample, name, out)) for sample in exported(clip(storage), name, out)]
    assert [tuple(answer for _, answer in answers) for answers in found] == [FIRST, SECOND]
    assert [answers[-1][0] for answers in found] == [
        [*frames("cat", 0), *frames("cat", 1)],
        [*frames("cat", 2), *frames("cat", 3), *frames("cat", 4)],
    ]


def test_a_segment_without_a_delta_has_nothing_that_ms_swift_trains_on(storage: FolderStorage, out: Path) -> None:
    tally = export(clip(storage, SAID[:3]), exporter_of("ms-swift"), WORDS, out).splits["train"]
    assert (tally.rows, dict(tally.left_out)) == (1, {"segment without a delta": 1})


def test_trl_asks_for_an_anchor_as_for_an_initial_caption_and_names_each_segment(storage: FolderStorage, out: Path) -> None:
    found = samples(clip(storage), "trl-sft", out)
    assert [row["sample_id"] for row in found] == ["cat/0", "cat/0#1"]
    assert [[turn["content"][-1]["text"] for turn in row["messages"]] for row in found] == [
        ["What is there?", FIRST[0], "What is new?", FIRST[1]],
        ["What is there?", SECOND[0], "What is new?", SECOND[1], "What is new?", SECOND[2]],
    ]


def test_a_clip_whose_initial_caption_failed_is_used_from_its_anchor_on(storage: FolderStorage, out: Path) -> None:
    found = export(clip(storage, (("blocked", ""), *SAID[1:])), exporter_of("llamafactory"), WORDS, out).splits["train"]
    assert (found.rows, dict(found.left_out)) == (1, {"clip whose initial caption is blocked": 1})


def test_a_segment_of_which_the_first_window_has_no_words_is_left_out(storage: FolderStorage, out: Path) -> None:
    found = export(clip(storage, (*SAID[:2], ("blocked", ""), *SAID[3:])), exporter_of("llamafactory"), WORDS, out).splits["train"]
    assert (found.rows, dict(found.left_out)) == (1, {"segment whose first caption is blocked": 1})


def test_livecc_begins_anew_with_an_anchor(storage: FolderStorage, out: Path) -> None:
    found = livecc(clip(storage), out)
    assert [(user["content"][0]["video_start"], user["content"][1]["previous"], user["content"][1]["text"]) for user, _ in found] == [
        (0.0, "", "What is there?\nWhat is new?"),
        (4.0, "", "What is there?\nWhat is new?"),
    ]


def test_a_request_for_an_anchor_or_after_it_tells_nothing_from_before(storage: FolderStorage, out: Path) -> None:
    words = [parts(request)[0] for request in asked(clip(storage), out)]
    assert words[2:] == ["What is there?", "Said: An open door, a cat. What is new?", "Said: An open door, a cat. What is new?"]


def test_who_judges_an_anchor_is_told_nothing_from_before(storage: FolderStorage, out: Path) -> None:
    words = [str(parts(request)[0]) for request in asked(clip(storage), out, task="judge")]
    assert ["It opens." in text for text in words] == [False, True, False, False, False]
    assert "(nothing yet)" in words[2]


def test_a_longer_cadence_begins_anew_with_an_anchor_too(storage: FolderStorage, out: Path) -> None:
    window = {"start_s": 0.0, "end_s": 4.0, "kind": "initial", "outcome": "ok", "text": "A red door. It opens."}
    later = {**window, "start_s": 4.0, "end_s": 8.0, "kind": "anchor", "text": "An open door, a cat."}
    last = {**window, "start_s": 8.0, "end_s": 10.0, "kind": "delta", "text": "The cat sits."}
    clip(storage, merged=[{"window_duration": 4.0, "frames_per_window": [4, 4, 2], "windows": [window, later, last]}])

    export(storage, exporter_of("trl-sft"), WORDS, out, cadence_s=4)

    assert [row["sample_id"] for row in loaded(out)] == ["cat/0@4s", "cat/0@4s#1"]


def test_the_pair_after_an_anchor_has_both_exchanges_in_molmo2(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"sft": {"train": [[pair_after_an_anchor()]]}})
    storage.write(keys.raw_video("cat", ".mp4"), b"the bytes of cat")

    found = molmo2(storage, out)

    assert [(one["metadata"]["example_id"], one["metadata"]["clip_start_time"], one["message_list"][0]["question"]) for one in found] == [
        ("cat/0/2", 4.0, "What is there?"),
        ("cat/0/3", 6.0, "Said: An open door, a cat. What is new?"),
    ]


def test_the_pair_after_an_anchor_is_two_exchanges_in_llava(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"sft": {"train": [[pair_after_an_anchor()]]}})
    [sample] = exported(storage, "llava", out)
    assert [(len(images), answer) for images, answer in check(sample, "llava", out)] == [(2, "An open door, a cat."), (4, "No change.")]


def pair_after_an_anchor() -> dict[str, Any]:
    history = ["An open door, a cat."]
    turns = [("user", WORDS.initial()), ("assistant", history[0]), ("user", WORDS.delta(history)), ("assistant", "No change.")]
    conversations = [{"role": role, "content": content} for role, content in turns]
    return sft_row(window=3, said=SAID, history=history, caption_window1=history[0], conversations=conversations)


def loaded(out: Path) -> list[dict[str, Any]]:
    from datasets import load_dataset

    return list(load_dataset(str(out), split="train"))
