"""Publishes from a process of its own, to be killed: `python -m tests.hub.publishing_process ADDRESS STORAGE`."""

import sys
from pathlib import Path

from streamcap_dagster.storage.folder import FolderStorage
from tests.hub.published import publisher

if __name__ == "__main__":
    publisher(sys.argv[1], FolderStorage(Path(sys.argv[2]))).publish()
