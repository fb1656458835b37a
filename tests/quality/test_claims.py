"""What captions claim that pixels can show."""

from typing import Any

import pytest

from streamcap_dagster.quality.claims import claims
from tests.quality.passing import caption


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("A red ball rolls in from the left.", {"red changes", "change", "red to the right"}),
        ("A man in a gray coat enters on the right.", {"grey changes", "change", "grey to the left"}),
        ("The teal car drives off to the right and leaves.", {"turquoise changes", "change", "turquoise to the right"}),
        ("A man walks to the right. A dog comes in from the right.", {"change"}),
        ('A sign appears that reads "NO RED CARS".', {"change"}),
        ("A sign appears that reads 'The red car goes left'.", {"change"}),
        ('The sign "EXIT" with its red frame goes up.', {"red changes", "change", "red up"}),
        ('"A red ball comes in from the left."', {"red changes", "change", "red to the right"}),
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


@pytest.mark.parametrize("facts", [{}, {"gated": True}, {"outcome": "blocked"}])
def test_silence_and_what_came_to_nothing_claim_nothing(facts: dict[str, Any]) -> None:
    assert claims(caption(1, "", **facts)) == frozenset()
