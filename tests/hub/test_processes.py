"""Real processes against the Hub: one is killed while it sends, another loads what was published."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from streamcap_dagster.emulators.hub.faults import Fault
from streamcap_dagster.emulators.hub.server import Running
from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import REPO, TOKEN, commits, dataset_files, publisher


def surroundings(hub: Running, home: Path) -> dict[str, str]:
    return {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}


def test_a_publication_that_was_killed_goes_on_without_sending_anything_twice(hub: Running, storage: FolderStorage, tmp_path: Path) -> None:
    hub.keep_up(Fault("slow", on="lfs_put", seconds=600))
    hub.order(*[Fault("none", on="lfs_put")] * 3)
    command = [sys.executable, "-m", "tests.hub.publishing_process", hub.url, str(storage.root)]
    process = subprocess.Popen(command, env=surroundings(hub, tmp_path))
    while hub.journal.count("lfs_put") < 3 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    hub.keep_up(None)
    there = set(hub.repository(REPO).objects)
    assert not commits(hub)
    hub.journal.clear()
    publisher(hub, storage).publish()

    assert len(there) >= 3
    assert not there & {row.path for row in hub.journal.rows if row.kind == "lfs_put"}
    assert dataset_files(storage).items() <= hub.files(REPO).items()


def test_what_is_published_is_loaded_and_streamed_by_its_name_alone(hub: Running, storage: FolderStorage, tmp_path: Path) -> None:
    publisher(hub, storage).publish()
    command = [sys.executable, "-m", "tests.hub.loading", REPO]
    loaded = subprocess.run(command, env=surroundings(hub, tmp_path), capture_output=True, text=True)

    assert loaded.returncode == 0, loaded.stderr
    videos = ["clock", "life", "still"]
    assert json.loads(loaded.stdout.splitlines()[-1]) == {"rows": 6, "size": [48, 32], "videos": videos, "streamed": videos}
