"""Measurements in processes of their own: what one took, and how much memory it ever had."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from streamcap_dagster.settings import PREFIX, Settings


def run_module(module: str, settings: Settings, *arguments: str, home: str | None = None) -> dict[str, Any]:
    """`python -m module arguments` under these settings, on a Dagster instance of its own unless `home` is one; returns the JSON of its last line."""
    with tempfile.TemporaryDirectory() as folder:
        given = {PREFIX + name.upper(): str(getattr(settings, name)) for name in settings.model_fields_set}
        env = {**os.environ, **given, "DAGSTER_HOME": home or folder}
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=env, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def peak_mb() -> int:
    """The most memory that this process ever had, in MB, without that of its children."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return round(peak / 1e6)
