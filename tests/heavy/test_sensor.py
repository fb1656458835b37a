"""The source's sensor as Dagster itself evaluates it: in a code server of its own."""

import json
import subprocess
import sys

import pytest

from streamcap_dagster.automation.source import Cursor, judge, look_at
from streamcap_dagster.videos.source import FolderSource
from tests.assets.project import Project

pytestmark = pytest.mark.heavy


def preview(project: Project, *arguments: str) -> str:
    """What `dagster sensor preview` prints; it keeps no cursor."""
    command = [sys.executable, "-m", "dagster", "sensor", "preview", "source_sensor", "-m", "streamcap_dagster.definitions", *arguments]
    done = subprocess.run(command, env=project.env, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dagster_evaluates_the_first_look(project: Project) -> None:
    assert "3 videos, 3 files new or still growing; waiting until they look the same twice" in preview(project)


def test_dagster_would_start_one_run_after_a_look_that_found_the_same(project: Project) -> None:
    cursor = judge(Cursor(), look_at(FolderSource(project.source).scan(), -1)).cursor
    assert "run requests for 1 run(s)" in preview(project, "--cursor", json.dumps(vars(cursor)))
