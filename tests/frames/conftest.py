"""Without torchcodec (`make setup DECODER=ffmpeg`) its tests are skipped; where it is installed and cannot load, they fail."""

from importlib.util import find_spec
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("torchcodec") is not None:
        return
    for item in items:
        if item.path.parent == Path(__file__).parent and "torchcodec" in item.name and "without_torchcodec" not in item.name:
            item.add_marker(pytest.mark.skip(reason="torchcodec is not installed: this environment was set up with DECODER=ffmpeg"))
