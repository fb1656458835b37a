"""`streamcap emulate-gemini`: says how to use it, serves, and ends in order."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.cli.emulate import read_latency
from streamcap_dagster.errors import SettingError
from tests.emulators.gemini.asking import MODEL, body, jpeg


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "streamcap_dagster.cli", "emulate-gemini", "--port", "0", "--rpm", "1", "--journal", str(tmp_path / "journal.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        yield process
        process.kill()


def test_the_first_line_is_the_two_variables_and_ctrl_c_ends_it_with_the_counts(emulator: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert emulator.stdout is not None
    said = re.fullmatch(r"export STREAMCAP_GEMINI_BASE_URL=(http://127\.0\.0\.1:\d+) GEMINI_API_KEY=any\n", emulator.stdout.readline())
    assert said is not None
    url = f"{said[1]}/v1beta/models/{MODEL}:generateContent"
    statuses = [httpx2.post(url, headers={"x-goog-api-key": "any"}, content=body([jpeg()]), trust_env=False).status_code for _ in range(2)]
    emulator.send_signal(signal.SIGINT)
    out, err = emulator.communicate(timeout=20)

    assert (statuses, emulator.returncode, err) == ([200, 429], 0, "")
    assert json.loads(out.splitlines()[-1])["by_status"] == {"200": 1, "429": 1}
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(("text", "latency"), [("800..2500", (800, 2500)), ("50", (50, 50)), ("0..0", (0, 0))])
def test_latency_is_a_span_or_one_number(text: str, latency: tuple[float, float]) -> None:
    assert read_latency(text) == latency


@pytest.mark.parametrize("text", ["3..1", "fast", "-1..4", "1..inf", ""])
def test_a_latency_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"such as 800\.\.2500"):
        read_latency(text)


def test_a_port_that_is_taken_is_named(emulator: "subprocess.Popen[str]") -> None:
    assert emulator.stdout is not None
    port = re.search(r":(\d+) ", emulator.stdout.readline())
    assert port is not None

    failed = CliRunner().invoke(app, ["emulate-gemini", "--port", port[1]])

    assert str(failed.exception).startswith(f"--port={port[1]} cannot be used: Address already in use")


def test_an_address_that_is_not_of_this_machine_is_named() -> None:
    failed = CliRunner().invoke(app, ["emulate-gemini", "--port", "0", "--host", "192.0.2.1"])

    assert str(failed.exception).startswith("--host='192.0.2.1' cannot be used: ")
