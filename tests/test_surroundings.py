"""The suite itself: whatever keys and settings the machine has, no test sees them."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

from absl.logging import get_absl_handler

from tests.conftest import KEYS

REPOSITORY = Path(__file__).parents[1]
LOOK = """
import os
import pytest
from streamcap_dagster.settings import read_settings

def test_seen():
    print("chosen:", read_settings().captioner, [name for name, value in os.environ.items() if "hunter2" in value])

@pytest.mark.live
def test_seen_live():
    print("live:", sorted(name for name, value in os.environ.items() if "hunter2" in value))
"""


def looked(tmp_path: Path, env_file: str = "", **environment: str) -> str:
    """What tests of ours see when they are run with such an environment and such an .env in the working folder."""
    for name in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/gcs.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((REPOSITORY / name).read_text())
    (tmp_path / "tests/test_look.py").write_text(LOOK)
    (tmp_path / ".env").write_text(env_file)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ, **environment}).stdout


def test_no_key_setting_or_proxy_of_the_environment_is_seen(tmp_path: Path) -> None:
    environment = dict.fromkeys((*KEYS, "GOOGLE_APPLICATION_CREDENTIALS", "STREAMCAP_SOURCE", "HTTPS_PROXY", "http_proxy"), "hunter2")
    assert "chosen: offline []" in looked(tmp_path, **environment)


def test_no_key_of_an_env_file_is_seen(tmp_path: Path) -> None:
    assert "chosen: offline []" in looked(tmp_path, "".join(f"{name}=hunter2\n" for name in KEYS))


def test_a_live_test_sees_the_key_that_it_is_for(tmp_path: Path) -> None:
    assert "live: ['GEMINI_API_KEY']" in looked(tmp_path, GEMINI_API_KEY="hunter2")


def test_no_log_handler_closes_the_standard_error_of_the_tests() -> None:
    with redirect_stderr(io.StringIO()):
        get_absl_handler().close()  # as Dagster does to all handlers when a run begins

    assert not sys.stderr.closed
