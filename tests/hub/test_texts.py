"""What is taken for personal, or for a placeholder, in a text, and what is not."""

import pytest

from streamcap_dagster.hub.texts import personal, placeholders


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a note: x_y+z@mail.example.org!", "an e-mail address, x***@***.org"),
        ("call (555) 010-9999 now", "a telephone number, (55*) ***-****"),
        ("555-010-9999", "a telephone number, 55*-***-****"),
        ("Tel. 030/901820-11", "a telephone number, 03*/******-**"),
        ("+1 (212) 555 0100", "a telephone number, +1 (2**) *** ****"),
    ],
)
def test_addresses_and_numbers_are_found_and_masked(text: str, masked: str) -> None:
    assert list(personal(text)) == [masked]


@pytest.mark.parametrize(
    "text",
    [
        "The score is 21:15 at 10.30 on 2026-11-21.",
        "A clock shows 12:34:56.789.",
        "Price: 1,299.00 for 12 pieces of 3.5 mm.",
        "The @ sign glows; somebody@home waves.",
        "Bib 1234567 crosses the line, then 0042.",
        "192.168.100.200 on the screen",
        "Frames 100 200 300 400 pass.",
    ],
)
def test_times_prices_and_counts_are_no_telephone_numbers(text: str) -> None:
    assert list(personal(text)) == []


@pytest.mark.parametrize(
    "text", ["Lorem ipsum dolor", "TODO: describe", "[Your caption]", "<insert text>", "{caption}", "Insert caption here.", "[More Information Needed]"]
)
def test_placeholders_are_found(text: str) -> None:
    assert len(list(placeholders(text))) == 1


@pytest.mark.parametrize(
    "text", ["A todo list hangs on the wall.", "Somebody puts your text here and there.", "A brace { opens.", "An empty placeholder frame.", ""]
)
def test_words_of_a_caption_are_no_placeholders(text: str) -> None:
    assert list(placeholders(text)) == []
