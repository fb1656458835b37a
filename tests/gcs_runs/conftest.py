"""Videos and what an undisturbed run makes of them, once for all of these tests."""

import pytest

from tests.gcs_runs.clouds import Reference, make_paid_reference, make_reference
from tests.gemini.runs import once


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return once(tmp_path_factory, make_reference)


@pytest.fixture(scope="session")
def paid_reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The same videos with the captions of the Gemini emulator."""
    return once(tmp_path_factory, make_paid_reference)
