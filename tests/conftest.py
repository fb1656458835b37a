"""What holds for every test: no key, address, proxy or setting of the machine that it runs on gets into it."""

import os
import sys
from collections.abc import Iterator, Mapping

import pytest
from absl.logging import get_absl_handler

from streamcap_dagster.settings import PREFIX, SECRETS
from tests.gcs import gcs  # noqa: F401 -- a fixture for whoever asks for it

KEYS = tuple(name for name in SECRETS if name != "GOOGLE_APPLICATION_CREDENTIALS")
"""Made empty and not taken away, so that an .env in the working folder does not put them back."""
_FOREIGN = ("GOOGLE_", "OPENAI_", PREFIX)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

get_absl_handler().python_handler.setStream(sys.__stderr__)
"""It closes its stream with every run of Dagster's, unless that is the standard error of the moment: pytest's would be gone."""


@pytest.fixture(scope="session", autouse=True)
def _of_this_machine() -> Iterator[Mapping[str, str]]:
    """Takes them away for the whole session; gives what was there, for the tests that are meant to use it."""
    given = {name: value for name, value in os.environ.items() if name.startswith(_FOREIGN) or name in KEYS or name.upper() in _PROXIES}
    with pytest.MonkeyPatch.context() as patch:
        for name in given:
            patch.delenv(name)
        for name in KEYS:
            patch.setenv(name, "")
        yield given


@pytest.fixture(autouse=True)
def _for_live_tests_only(request: pytest.FixtureRequest, _of_this_machine: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("live"):
        for name, value in _of_this_machine.items():
            monkeypatch.setenv(name, value)
