"""The captioners as resources: what they tell of themselves."""

from pathlib import Path

import pytest

from streamcap_dagster.errors import SettingError
from streamcap_dagster.resources.captioner import GeminiCaptionerResource, OpenAICaptionerResource
from streamcap_dagster.storage.folder import FolderStorage


@pytest.mark.parametrize("kind", [GeminiCaptionerResource, OpenAICaptionerResource])
@pytest.mark.parametrize(
    ("address", "told"),
    [("https://me:secret@gateway.example.com:8443/v1?key=secret", "https://gateway.example.com:8443"), ("me:secret@gateway.example.com", "(no address)")],
)
def test_the_first_line_of_a_run_tells_no_secret_of_the_address(kind: type[GeminiCaptionerResource | OpenAICaptionerResource], address: str, told: str) -> None:
    about = kind(model="made-up", base_url=address).about
    assert about.endswith(f" (made-up at {told})")


def opened(tmp_path: Path, model: str, base_url: str) -> None:
    OpenAICaptionerResource(model=model, key="sk-made-up", base_url=base_url, budget_usd=5).open(FolderStorage(tmp_path))


@pytest.mark.parametrize("base_url", ["", "https://gateway.example.com/v1"])
def test_a_budget_that_nothing_would_count_against_is_refused(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_BUDGET_USD=5\.0 .* no price for made-up"):
        opened(tmp_path, "made-up", base_url)


@pytest.mark.parametrize(("model", "base_url"), [("made-up", "http://127.0.0.1:8000/v1"), ("gemini-3.5-flash-lite", "https://gateway.example.com/v1")])
def test_a_budget_stands_where_there_is_a_price_or_nothing_to_pay(tmp_path: Path, model: str, base_url: str) -> None:
    opened(tmp_path, model, base_url)
