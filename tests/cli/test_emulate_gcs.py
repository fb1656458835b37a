"""`streamcap emulate-gcs`: says how to use it, serves, and ends in order."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud import storage
from typer.testing import CliRunner

from streamcap_dagster.cli import app

COMMAND = [sys.executable, "-m", "streamcap_dagster.cli", "emulate-gcs", "--port", "0", "--bucket", "films"]


def test_the_first_line_is_the_two_variables_and_ctrl_c_ends_it_with_the_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([*COMMAND, "--folder", "kept"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        said = re.fullmatch(r"export STORAGE_EMULATOR_HOST=(http://127\.0\.0\.1:\d+) STREAMCAP_STORAGE=gs://films/captions\n", process.stdout.readline())
        assert said is not None
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", said[1])
        storage.Client(project="any").bucket("films").blob("a").upload_from_string(b"data")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["by_kind"]["upload_whole"] == 1
    assert [path.read_bytes() for path in (tmp_path / "kept" / "films").iterdir() if not path.suffix] == [b"data"]


@pytest.mark.parametrize("options", [["--bucket", "No Bucket"], ["--latency-ms", "3..1"], ["--folder", "/dev/null/x"], ["--host", "192.0.2.1"]])
def test_an_option_that_cannot_work_is_named(options: list[str]) -> None:
    failed = CliRunner().invoke(app, ["emulate-gcs", "--port", "0", *options])

    assert str(failed.exception).startswith(f"{options[0]}=")
