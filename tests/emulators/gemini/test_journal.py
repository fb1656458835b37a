"""The journal tells what was asked how often and how it ended, and nothing that must not be written down."""

import base64
import json
from pathlib import Path

import httpx2
import pytest
from google.genai import errors

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.emulators.gemini.asking import MODEL, ask, developer, jpeg

KEY = "canary-key-3141592653"


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_asking_of_a_content_has_a_row_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with running(Options(journal=path)) as emulator:
        client = developer(emulator.url)
        for colour in ("red", "blue", "red"):
            ask(client, [jpeg(colour)])
    red, blue, again = rows(path)

    assert red["content"] == again["content"] != blue["content"]
    assert [row["attempt"] for row in (red, blue, again)] == [1, 1, 2]
    assert [(row["status"], row["outcome"], row["answered"]) for row in (red, blue, again)] == [(200, "answered", True)] * 3
    assert (red["model"], red["pictures"], red["tier"]) == (MODEL, 1, "standard")


def test_a_file_is_added_to_so_that_it_outlives_the_emulator(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for _ in range(2):
        with running(Options(journal=path)) as emulator:
            ask(developer(emulator.url), [jpeg()])

    assert len(rows(path)) == 2


def test_a_fault_is_named_and_is_no_answer(emulator: Running) -> None:
    emulator.order("dropped")
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(developer(emulator.url), [jpeg()])

    row = emulator.journal.rows[-1]
    assert (row.status, row.outcome, row.answered) == (0, "dropped", False)


def test_what_a_quota_refuses_is_no_attempt_at_the_content() -> None:
    clock = iter([0.0, 1.0, 61.0, 61.0])
    with running(Options(rpm=1, clock=lambda: next(clock))) as emulator:
        client = developer(emulator.url)
        ask(client, [jpeg()])
        with pytest.raises(errors.ClientError):
            ask(client, [jpeg()])
        ask(client, [jpeg()])

    assert [(row.attempt, row.status) for row in emulator.journal.rows] == [(1, 200), (2, 429), (2, 200)]


def test_neither_keys_nor_pictures_nor_words_are_written(tmp_path: Path) -> None:
    path, picture = tmp_path / "journal.jsonl", jpeg()
    with running(Options(journal=path, key=KEY)) as emulator:
        ask(developer(emulator.url, key=KEY), [picture], prompt="a secret word")
        with pytest.raises(errors.ClientError):
            ask(developer(emulator.url, key=f"{KEY}-wrong"), [picture])
        shown = httpx2.get(emulator.url, trust_env=False).text + repr(emulator.service.options)

    written = path.read_text() + shown
    assert KEY not in written
    assert "secret" not in written
    assert base64.b64encode(picture).decode()[40:80] not in written


def test_the_front_page_counts(emulator: Running) -> None:
    before = httpx2.get(emulator.url, trust_env=False).json()
    ask(developer(emulator.url), [jpeg()])
    after = httpx2.get(emulator.url, trust_env=False).json()

    assert after["requests"] == before["requests"] + 1
    assert after["answered"] == before["answered"] + 1
    assert (after["in_flight"], after["most_in_flight"], after["by_status"]["200"]) == (0, 1, before["by_status"].get("200", 0) + 1)
    assert after["input_tokens"] > before["input_tokens"]


def test_faults_can_be_ordered_over_http(emulator: Running) -> None:
    ordered = httpx2.post(f"{emulator.url}/__admin/faults", json=["busy_503"], trust_env=False)
    unknown = httpx2.post(f"{emulator.url}/__admin/faults", json=["earthquake"], trust_env=False)

    assert (ordered.status_code, unknown.status_code, unknown.json()["unknown"]) == (200, 400, ["earthquake"])
    with pytest.raises(errors.ServerError, match="503"):
        ask(developer(emulator.url), [jpeg()])
