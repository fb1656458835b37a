"""What of a clip's captions the captioner is shown."""

import random

import pytest

from streamcap_dagster.captions.history import History, history_sha256


def test_everything_is_shown_while_it_fits() -> None:
    assert History(("A street.", "A bus comes.")).shown(50) == ("A street.", "A bus comes.")


def test_over_the_cap_the_first_and_the_newest_stay_and_a_line_counts_what_is_left_out() -> None:
    said = ("A street.", *(f"Bus number {number} comes by and goes." for number in range(20)))
    shown = History(said).shown(50)
    assert shown == ("A street.", "[16 earlier captions left out]", *said[-4:])


def test_a_first_caption_over_the_cap_is_cut_at_a_word_and_leaves_room_for_the_newest() -> None:
    shown = History(("word " * 200, "A bus comes.")).shown(50)
    assert shown[0].endswith("word…")
    assert shown[-1] == "A bus comes."


@pytest.mark.parametrize("seed", range(50))
def test_what_is_shown_never_costs_more_than_the_cap(seed: int) -> None:
    dice = random.Random(seed)
    history = History()
    for _ in range(dice.randrange(1, 40)):
        history = history.plus("x " * dice.randrange(1, 200))
    tokens = dice.randrange(50, 400)
    assert sum(len(f"- {text}\n") for text in history.shown(tokens)) <= tokens * 4


def test_nothing_said_shows_nothing() -> None:
    assert History().shown(50) == ()


def test_the_hash_tells_histories_apart_by_where_one_caption_ends() -> None:
    assert history_sha256(("a", "b")) != history_sha256(("a b",))
