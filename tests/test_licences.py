"""What a licence is called on the Hub, and which words say nothing of one."""

import pytest

from streamcap_dagster.licences import licence_id


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("cc-by-4.0", "cc-by-4.0"),
        ("CC BY 4.0", "cc-by-4.0"),
        ("CC_BY_SA_4.0", "cc-by-sa-4.0"),
        ("CC0", "cc0-1.0"),
        ("MIT", "mit"),
        ("MIT License", "other"),
        ("The Unlicense", "other"),
        ("unlicense", "unlicense"),
        ("my own terms", "other"),
        ("no derivatives", "other"),
        ("4.0", "other"),
    ],
)
def test_a_licence_gets_the_name_that_the_hub_knows(told: str, known: str) -> None:
    assert licence_id(told) == known


@pytest.mark.parametrize(
    "told",
    [
        *("", "  ", "?", "-", "...", "n/a", "N.A.", "none", "None", "null", "nan", "TBD", "unknown", "Unknown license", "License: unknown", "licence"),
        *("no license", "No licence specified", "not known", "unlicensed", "UNLICENSED", "not_specified"),
    ],
)
def test_words_that_say_nothing_name_no_licence(told: str) -> None:
    assert licence_id(told) == ""
