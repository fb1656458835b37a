"""A caption that says the same over and over is told by a share of its words."""

import pytest

from streamcap_dagster.quality.repetition import repetition

LONG = (
    "A bright kitchen with white tiles. A woman in a green apron stands at a wooden counter; before her are a bowl, an open bag of flour and three brown eggs. "
    "Behind her, morning light falls through a window with checked curtains, and a kettle steams on the stove. At the left a boy in a striped shirt draws with "
    "coloured pencils at a round table. A cat sleeps beneath his chair. On the wall hang a calendar, two copper pans and a clock without hands."
)


@pytest.mark.parametrize(
    "text", ["", "A dog.", "A man walks his dog.", "A red ball, a blue ball and a green ball lie on a table.", LONG, f"{LONG} {LONG.upper()[:90]}"]
)
def test_ordinary_captions_are_below_the_threshold(text: str) -> None:
    assert repetition(text) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "go go go go go go",
        "the dog the cat the bird the cow the hen the",
        "the ball moves the ball moves the ball moves",
        "red blue red blue red blue red blue",
        f"{LONG} {'and the dog barks ' * 20}",
    ],
)
def test_captions_that_go_round_in_circles_are_above_it(text: str) -> None:
    assert repetition(text) >= 0.5


def test_a_few_words_cannot_repeat_themselves() -> None:
    assert repetition("no no no no no") == 0.0


def test_a_loop_at_the_end_of_a_long_caption_is_not_thinned_out_by_its_length() -> None:
    assert repetition(f"{LONG} {'and the dog barks ' * 20}") > 0.8
