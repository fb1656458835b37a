"""The fixtures of the set-up's tests."""

from pathlib import Path

import pytest

from tests.setup.stranger import Stranger


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """A fresh machine with ffmpeg, and a Python whose pip only notes what it is asked."""
    machine = Stranger(tmp_path)
    machine.has_python()
    for program in ("ffmpeg", "ffprobe"):
        machine.has(program, "exit 0")
    return machine
