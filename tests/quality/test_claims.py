"""What captions claim that pixels can show."""

from typing import Any

import pytest

from streamcap_dagster.quality.claims import claims
from tests.quality.passing import caption


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("A red ball rolls in from the left.", {"red changes", "change", "to the right"}),
        ("A man in a gray coat enters on the right.", {"grey changes", "change", "to the left"}),
        ("The teal car drives off to the right and leaves.", {"turquoise changes", "change", "to the right"}),
        ("A bird flies up.", {"change", "up"}),
        ("The cup falls to the floor.", {"change", "down", "at the bottom"}),
        ("A cat sits on the left.", {"change", "on the left"}),
        ("The scene cuts to another.", {"change", "cut"}),
        ("The room gets darker.", {"change", "darker"}),
        ("Nothing moves.", set()),
        ("The ball stops at the wall.", set()),
        ("The yellow car is no longer there.", {"yellow changes"}),
    ],
)
def test_a_delta_claims_that_something_changes_and_how(text: str, claimed: set[str]) -> None:
    assert claims(caption(1, text)) == claimed


def test_a_full_caption_claims_what_is_there_and_no_change() -> None:
    assert claims(caption(0, "A dark room with a red sofa on the left; a man walks to the right.")) == {"red", "dark"}


@pytest.mark.parametrize(("gated", "claimed"), [(False, {"still"}), (True, set())])
def test_silence_claims_that_nothing_changes_unless_it_is_the_pixels_own(gated: bool, claimed: set[str]) -> None:
    assert claims(caption(1, "", gated=gated)) == claimed


@pytest.mark.parametrize("facts", [{"outcome": "blocked"}, {"outcome": "truncated"}])
def test_what_came_to_nothing_claims_nothing(facts: dict[str, Any]) -> None:
    assert claims(caption(1, "", **facts)) == frozenset()
