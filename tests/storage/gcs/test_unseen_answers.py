"""Answers that two processes get to the same question at the same time: the first that is kept counts for both."""

from pathlib import Path

import pytest

from streamcap_dagster.captions.calls import Attempt, Call, CallStore
from streamcap_dagster.storage.gcs import open_storage
from tests.gcs import BUCKET


def answer(text: str) -> Call:
    attempt = Attempt(text=text, finish="stop", model="m")
    return Call(key="k", question="q", kind="initial", video_id="cat", clip=0, window=0, attempts=(attempt,), chosen=0)


@pytest.mark.usefixtures("gcs")
def test_an_answer_that_another_process_kept_since_the_answers_were_listed_is_not_replaced(tmp_path: Path) -> None:
    ours, theirs = (CallStore(open_storage(f"gs://{BUCKET}/p", tmp_path, 1, 4, 30), "cat") for _ in range(2))
    theirs.keep(answer("theirs"))

    assert ours.keep(answer("ours")) == answer("theirs")
