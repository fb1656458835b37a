"""Captions come from the pixels: other pictures are said otherwise, the same ones the same, and a delta tells what changed."""

import pytest

from streamcap_dagster.emulators.gemini.looking import NoPicture, describe, describe_news, look
from tests.emulators.gemini.asking import jpeg


def test_the_same_pictures_are_described_the_same() -> None:
    pictures = [jpeg("navy"), jpeg("navy", square=(0, 0, 80, 80))]

    assert describe(look(pictures)) == describe(look(pictures))


def test_colours_are_named() -> None:
    assert "dark red on the whole" in describe(look([jpeg("red")]))
    assert "dark blue on the whole" in describe(look([jpeg("#0000a0")]))


def test_what_stands_out_is_said_with_its_place() -> None:
    assert "white in the top left" in describe(look([jpeg("black", square=(0, 0, 106, 63))]))


def test_pictures_that_hardly_differ_are_told_apart() -> None:
    assert describe(look([jpeg("#404040")])) != describe(look([jpeg("#454545")]))


def test_a_delta_says_what_changed_from_the_first_picture_to_the_last() -> None:
    seen = look([jpeg("black"), jpeg("black", square=(214, 128, 320, 192))])

    assert describe_news(seen, ["A view that is black on the whole."]).startswith("The bottom right gets brighter by 100 %")


def test_a_window_in_which_nothing_changes_has_no_news() -> None:
    assert describe_news(look([jpeg("black")] * 4), ["A view that is black on the whole."]) == ""


def test_a_scene_that_was_not_described_yet_is_news_even_when_nothing_moves_in_it() -> None:
    assert describe_news(look([jpeg("white")] * 4), ["A view that is black on the whole."]).startswith("Now white on the whole")


def test_what_the_last_caption_said_is_not_said_again() -> None:
    seen = look([jpeg("black"), jpeg("black", square=(214, 128, 320, 192))])
    first = describe_news(seen, ["A view that is black on the whole."])

    assert describe_news(seen, ["A view that is black on the whole.", first]) == ""


def test_a_word_on_a_plain_picture_is_read_out() -> None:
    assert 'the word "FALCON" can be read' in describe(look([jpeg("#808080", word="FALCON")]))


def test_a_picture_that_cannot_be_decoded_is_named() -> None:
    with pytest.raises(NoPicture) as none:
        look([jpeg(), jpeg()[:200]])

    assert none.value.index == 1
