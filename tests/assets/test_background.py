"""What the card tells of prompts and costs: the words that were really asked with, and exactly what the answers cost that the dataset is made of."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.assets.background import background_of
from streamcap_dagster.captions.captioner import Bill, Place
from streamcap_dagster.captions.pacing.ledger import Ledger
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.dataset.background import Calls, Paid
from streamcap_dagster.records import Objectives, PairObjectives
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.requests import request


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path)


def answered(storage: FolderStorage, process: str, *call_keys: str, model: str = "m") -> None:
    """Requests of a process that were answered at half a dollar each, and one more that was not."""

    async def write() -> None:
        ledger = Ledger(storage, process)
        await ledger.open()
        for number, call_key in enumerate((*call_keys, "lost"), 1):
            sent = await ledger.sent(call_key, replace(request(), place=Place("a", 0, number)), model, 1)
            if call_key != "lost":
                await ledger.answered(sent, "answered", "stop", Bill(text_tokens=7, image_tokens=3, output_tokens=2, thought_tokens=1, cost_usd=0.5))
        await ledger.close()

    asyncio.run(write())


def paid(storage: FolderStorage, *call_keys: str) -> list[Paid] | None:
    return background_of(storage).paid(["a"], Calls(call_keys))


def test_the_words_of_a_prompt_are_under_its_version(storage: FolderStorage) -> None:
    words = background_of(storage).prompts[Prompts().version_of("delta")]
    assert words.startswith(Prompts().system("delta"))
    assert "In short phrases, say only what is new" in words


def test_without_a_ledger_nothing_was_paid(storage: FolderStorage) -> None:
    assert paid(storage, "one") == []


def test_only_the_answers_that_the_captions_come_from_count(storage: FolderStorage) -> None:
    answered(storage, "elsewhere-1-0", "one", "two", "of-another-prompt")
    assert paid(storage, "one", "two", "lost") == [Paid("m", 2, 20, 6, 1.0)]


def test_an_answer_that_was_asked_for_again_after_a_kill_counts_once(storage: FolderStorage) -> None:
    for process in ("elsewhere-1-0", "elsewhere-2-0"):
        answered(storage, process, "one")
    assert paid(storage, "one") == [Paid("m", 1, 10, 3, 0.5)]


def test_answers_about_objectives_count_too(storage: FolderStorage) -> None:
    answered(storage, "elsewhere-1-0", "one", "stated")
    pairs = tuple(PairObjectives(clip=0, window=window, objectives=("door opens",), call_key="stated") for window in (1, 2))
    write_record(storage, keys.objectives("a"), Objectives(video_id="a", pairs=pairs))
    assert paid(storage, "one") == [Paid("m", 2, 20, 6, 1.0)]


def test_each_model_has_its_own_sum(storage: FolderStorage) -> None:
    answered(storage, "elsewhere-1-0", "one", model="b")
    answered(storage, "elsewhere-2-0", "two", model="a")
    assert [one.model for one in paid(storage, "one", "two") or ()] == ["a", "b"]


def test_of_a_ledger_that_cannot_be_read_nobody_knows(storage: FolderStorage) -> None:
    storage.write(f"{keys.ATTEMPTS}2026-11-21/elsewhere-1-0.0.jsonl", b"no line of a ledger\n")
    assert paid(storage, "one") is None
