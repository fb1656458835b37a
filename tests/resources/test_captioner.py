"""The captioners as resources: what they tell of themselves."""

import pytest

from streamcap_dagster.resources.captioner import GeminiCaptionerResource, OpenAICaptionerResource


@pytest.mark.parametrize("kind", [GeminiCaptionerResource, OpenAICaptionerResource])
@pytest.mark.parametrize(
    ("address", "told"),
    [("https://me:secret@gateway.example.com:8443/v1?key=secret", "https://gateway.example.com:8443"), ("me:secret@gateway.example.com", "(no address)")],
)
def test_the_first_line_of_a_run_tells_no_secret_of_the_address(kind: type[GeminiCaptionerResource | OpenAICaptionerResource], address: str, told: str) -> None:
    about = kind(model="made-up", base_url=address).about
    assert about.endswith(f" (made-up at {told})")
