"""Gemini itself, with a real key and for less than a cent: `pytest -m live -s`. Run it after any change of the SDK, the model or the prompts."""

import os

import pytest
from pydantic import SecretStr

from streamcap_dagster.emulators.gemini.server import running
from streamcap_dagster.model_table import model_table
from streamcap_dagster.settings import gemini_key
from tests.live.smoke import GOOGLE, MOST_USD, most_usd, report, smoke

MODEL = os.environ.get("STREAMCAP_GEMINI_MODEL", "gemini-3.5-flash-lite")


@pytest.fixture
def key(request: pytest.FixtureRequest) -> SecretStr:
    """The key that the environment holds, when the live tests were asked for by name."""
    if request.config.getoption("-m") != "live":
        pytest.skip("talks to Google and costs money, up to a cent: run `pytest -m live`")
    name = gemini_key()
    if not name:
        pytest.skip("there is no key for Gemini: export GEMINI_API_KEY")
    return SecretStr(os.environ[name])


@pytest.mark.live
@pytest.mark.enable_socket
def test_gemini_is_what_this_project_takes_it_for(key: SecretStr, capsys: pytest.CaptureFixture[str]) -> None:
    facts = model_table().of(MODEL)
    assert 0 < most_usd(facts) < MOST_USD, f"five calls to {MODEL} could cost more than a cent, or nobody knows its price"
    seen = smoke(GOOGLE, MODEL, key, facts)
    with running() as emulator:
        emulated = smoke(emulator.url, MODEL, SecretStr("AIza-any"), facts)
    with capsys.disabled():
        print(f"\n{report(seen, emulated, facts)}")
    assert seen.problems == []
