"""Videos and what an undisturbed run makes of them, once for all of these tests."""

import pytest

from tests.gcs_runs.clouds import Reference, make_reference
from tests.gemini.runs import once


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return once(tmp_path_factory, make_reference)
