from collections.abc import Iterator

import pytest

from streamcap_dagster.emulators.gemini.server import Running, running


@pytest.fixture(autouse=True)
def _no_ways_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches the SDK."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with running() as emulator:
        yield emulator
