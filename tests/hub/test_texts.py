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
        ("A sign reads CALL 1-800-555-0199.", "a telephone number, 1-8**-***-****"),
        ("1.800.555.0199", "a telephone number, 1.8**.***.****"),
        ("1 800 555 0199", "a telephone number, 1 8** *** ****"),
        ("18005550199", "a telephone number, 18*********"),
        ("Tel. 01 23 45 67 89", "a telephone number, 01 ** ** ** **"),
        ("06.12.34.56.78 in red", "a telephone number, 06.**.**.**.**"),
        ("017612345678", "a telephone number, 01**********"),
        ("a van says 9876543210.", "a telephone number, 98********"),
        ("bob@пример.рф", "an e-mail address, b***@***.рф"),
        ("bob@उदाहरण.भारत", "an e-mail address, b***@***.भारत"),
        ("bob@xn--e1afmkfd.xn--p1ai", "an e-mail address, b***@***.xn--p1ai"),
        ("bob@example.comまで", "an e-mail address, b***@***.com"),
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
        "From 1998 to 2026 2027 2028.",
        "The log says 1763785102, then 1763785102123 and 2026112112.",
        "A world of 8000000000 people, 9,876,543,210 of them drawn, 2718281828.45 on paper.",
        "The counter stands at 0000012345, 0012345678 and 000000123456.",
        "The keys 0123456789 and 1234567890 light up.",
        "Balls 01 02 03 04 05 06 roll out; 3.1415926535 is on the board.",
        "Sets end 6-4 3-6 7-6 6-3, games 01 05 07.",
        "Barcode 4006381333931, order 20261121-0042.",
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
