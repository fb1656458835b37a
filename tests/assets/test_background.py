"""What the card tells of prompts and costs: the words that were really asked with, and exactly what the answers cost that the dataset is made of."""

from pathlib import Path

import pytest

from streamcap_dagster.assets.background import background_of
from streamcap_dagster.captions.calls import Attempt, Call, CallStore
from streamcap_dagster.captions.captioner import Bill
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.dataset.background import Calls, Paid
from streamcap_dagster.records import Objectives, PairObjectives
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path)


BILL = Bill(text_tokens=7, image_tokens=3, output_tokens=2, thought_tokens=1, cost_usd=0.5)


def answered(storage: FolderStorage, *call_keys: str, model: str = "m", bill: Bill = BILL) -> None:
    """Answers about the video that are kept."""
    calls = CallStore(storage, "a")
    for number, key in enumerate(call_keys):
        attempt = Attempt(text="", finish="stop", model=model, bill=bill)
        calls.keep(Call(key=key, question=key, kind="delta", video_id="a", clip=0, window=number, attempts=(attempt,), chosen=0))


def paid(storage: FolderStorage, *call_keys: str) -> list[Paid] | None:
    return background_of(storage).paid(["a"], Calls(call_keys))


def test_the_words_of_a_prompt_are_under_its_version(storage: FolderStorage) -> None:
    words = background_of(storage).prompts[Prompts().version_of("delta")]
    assert words.startswith(Prompts().system("delta"))
    assert "In short phrases, say only what is new" in words


def test_where_no_answer_was_billed_nothing_was_paid(storage: FolderStorage) -> None:
    answered(storage, "one", bill=Bill())
    assert paid(storage, "one") == []


def test_only_the_answers_that_the_captions_come_from_count(storage: FolderStorage) -> None:
    answered(storage, "one", "two", "of-another-prompt")
    assert paid(storage, "one", "two") == [Paid("m", 2, 20, 6, 1.0)]


def test_answers_that_are_folded_into_one_file_count_as_before(storage: FolderStorage) -> None:
    answered(storage, "one", "two")
    CallStore(storage, "a").fold()
    assert paid(storage, "one", "two") == [Paid("m", 2, 20, 6, 1.0)]


def test_an_answer_that_did_not_serve_and_the_one_after_it_both_count(storage: FolderStorage) -> None:
    attempt = Attempt(text="", finish="stop", model="m", bill=BILL)
    CallStore(storage, "a").keep(Call(key="one", question="one", kind="delta", video_id="a", clip=0, window=1, attempts=(attempt, attempt), chosen=1))
    assert paid(storage, "one") == [Paid("m", 2, 20, 6, 1.0)]


def test_answers_about_objectives_count_too(storage: FolderStorage) -> None:
    answered(storage, "one", "stated")
    pairs = tuple(PairObjectives(clip=0, window=window, objectives=("door opens",), call_key="stated") for window in (1, 2))
    write_record(storage, keys.objectives("a"), Objectives(video_id="a", pairs=pairs))
    assert paid(storage, "one") == [Paid("m", 2, 20, 6, 1.0)]


def test_each_model_has_its_own_sum(storage: FolderStorage) -> None:
    answered(storage, "one", model="b")
    answered(storage, "two", model="a")
    assert [one.model for one in paid(storage, "one", "two") or ()] == ["a", "b"]


def test_of_answers_that_cannot_be_read_nobody_knows(storage: FolderStorage) -> None:
    storage.write(keys.folded_calls("a"), b"no answer\n")
    assert paid(storage, "one") is None
