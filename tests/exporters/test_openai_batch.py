"""Requests for OpenAI's Batch API: what a line is, that it can be answered, and how files are bounded."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters import openai_batch
from streamcap_dagster.exporters.exporter import Exporter
from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, frames, store_dataset, stream_row

BODY = TypeAdapter(CompletionCreateParamsNonStreaming)


def requests_in(out: Path) -> list[list[dict[str, Any]]]:
    """The requests of `train`, file by file, each held against the reference of the Batch API."""
    files = [[json.loads(line) for line in path.read_text().splitlines()] for path in sorted(out.glob("train-*.jsonl"))]
    for request in (request for file in files for request in file):
        assert set(request) == {"custom_id", "method", "url", "body"}
        assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
        assert set(request["body"]) == {"model", "messages", "max_completion_tokens"}
        [message] = request["body"]["messages"]
        assert (set(message), message["role"]) == ({"role", "content"}, "user")
        assert {part["type"] for part in message["content"]} <= {"text", "image_url"}
        check_with_sdk(request["body"])
    names = [request["custom_id"] for file in files for request in file]
    assert len(names) == len(set(names))
    return files


def check_with_sdk(body: dict[str, Any]) -> None:
    """OpenAI's SDK has the types of a body; lists are checked as they are gone through."""
    for message in BODY.validate_python(body)["messages"]:
        list(message["content"])


def parts(request: dict[str, Any]) -> list[str | bytes]:
    """What is asked, in order: words, and pictures as their bytes."""
    prefix = "data:image/jpeg;base64,"
    content = request["body"]["messages"][0]["content"]
    urls = [part.get("image_url", {}).get("url", prefix) for part in content]
    assert all(url.startswith(prefix) for url in urls)
    return [base64.b64decode(url.removeprefix(prefix), validate=True) or part["text"] for part, url in zip(content, urls, strict=True)]


def asked(storage: FolderStorage, out: Path, **options: str) -> list[dict[str, Any]]:
    export(storage, exporter_of("openai-batch").with_options(options), WORDS, out)
    [file] = requests_in(out)
    return file


def test_every_window_is_asked_for_with_its_pictures_and_what_was_said_before(dataset: FolderStorage, out: Path) -> None:
    requests = asked(dataset, out, model="a-model")

    assert [request["custom_id"] for request in requests] == ["cat/0/0", "cat/0/1", "cat/0/2"]
    assert parts(requests[0]) == ["What is there?", "+0.00 s", frames("cat", 0)[0], "+1.00 s", frames("cat", 0)[1]]
    assert parts(requests[2]) == ["Said: A red door. / It opens. What is new?", "+0.00 s", frames("cat", 2)[0], "+1.00 s", frames("cat", 2)[1]]
    assert {request["body"]["model"] for request in requests} == {"a-model"}


def test_a_window_whose_caption_failed_is_asked_for_again(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(("ok", "A red door."), ("blocked", ""), ("ok", "It opens.")))]]}})
    requests = asked(storage, out)

    assert [request["custom_id"] for request in requests] == ["cat/0/0", "cat/0/1", "cat/0/2"]
    assert parts(requests[2])[0] == "Said: A red door. What is new?"


def test_a_judge_sees_the_caption_and_what_was_said_before_and_no_failed_window(storage: FolderStorage, out: Path) -> None:
    said = (("ok", "A {red} door 🚪."), ("blocked", ""), ("no_change", ""))
    store_dataset(storage, {"stream": {"train": [[stream_row(said=said)]]}})
    first, last = asked(storage, out, task="judge")

    assert (first["custom_id"], last["custom_id"]) == ("cat/0/0", "cat/0/2")
    words = str(parts(last)[0])
    assert "Said of the video before them:\n- A {red} door 🚪.\n" in words
    assert "Said of them:\nNo change.\n" in words
    assert "(nothing yet)" in str(parts(first)[0])
    assert '{"correct": 1 to 5' in words


def test_a_file_holds_no_more_bytes_and_no_more_requests_than_it_may(storage: FolderStorage, out: Path, tmp_path: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(f"video{number}") for number in range(4)]]}})
    size = len(json.dumps(asked(storage, tmp_path / "whole")[0]).encode())
    samples = openai_batch.requests("caption", "m")
    bounded = Exporter("openai-batch", ("stream",), "", samples, openai_batch.numbered_files(file_bytes=3 * size + 500))
    export(storage, bounded, WORDS, out)

    assert all(path.stat().st_size <= 3 * size + 500 for path in out.glob("train-*.jsonl"))
    assert sum(map(len, requests_in(out))) == 12
    few = Exporter("openai-batch", ("stream",), "", samples, openai_batch.numbered_files(file_requests=5))
    export(storage, few, WORDS, tmp_path / "few")
    assert [len(file) for file in requests_in(tmp_path / "few")] == [5, 5, 2]


def test_a_task_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingError, match="caption or judge"):
        exporter_of("openai-batch").with_options({"task": "translate"})
