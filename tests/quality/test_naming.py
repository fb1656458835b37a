"""A thing that changes its name from one caption to another is told, where words can tell it."""

import pytest

from streamcap_dagster.quality.naming import Names


def renamed(scene: str, *deltas: str) -> tuple[str, ...]:
    """What the last delta renames."""
    names = Names()
    names.hear(scene, introduces=True)
    return [names.hear(delta) for delta in deltas][-1]


def test_a_definite_name_that_nobody_introduced_renames_the_one_thing_of_its_kind() -> None:
    assert renamed("A man in a red coat stands by a goal.", "The goalkeeper kicks the ball.") == ("man -> goalkeeper",)


def test_another_name_is_told_once_and_known_from_then_on() -> None:
    assert renamed("A man stands by a goal.", "The goalkeeper kicks the ball.", "The goalkeeper falls.") == ()


def test_a_colour_that_a_thing_never_had_is_another_name() -> None:
    assert renamed("A red car is parked.", "The blue car drives off.") == ("red car -> blue car",)


def test_what_somebody_wears_is_a_colour_of_theirs() -> None:
    assert renamed("A man in a red coat waits.", "The man wearing the blue coat waves.") == ("red man -> blue man",)


@pytest.mark.parametrize(
    ("scene", "delta"),
    [
        ("A man in a red coat stands by a goal.", "The man kicks the ball."),
        ("A man in a red coat stands by a goal.", "The man in the red coat kicks the ball."),
        ("A man stands by a goal.", "A goalkeeper comes in."),
        ("A man stands by a goal.", "The goalkeeper comes in."),
        ("A man stands by a goal.", "Another player waves."),
        ("A man and a woman stand by a goal.", "The goalkeeper kicks the ball."),
        ("Two men stand by a goal.", "The goalkeeper kicks the ball."),
        ("A man waits; a car stops.", "The driver gets out."),
        ("A goal, a ball.", "The goalkeeper kicks the ball."),
        ("A red car and a blue car are parked.", "The green car drives off."),
        ("A taxi driver sleeps.", "The driver wakes up."),
        ("A man waits.", 'A sign lights up that reads "THE DRIVER IS AWAY".'),
        ("A dog sleeps beside a man.", "The dog gets up."),
        ("A child in a red jumper stands there.", "The child sets an orange triangle down."),
        ("A child in a red jumper stands there.", "The child runs behind the rock. A green star floats by."),
    ],
)
def test_what_is_known_new_or_cannot_be_told_is_not(scene: str, delta: str) -> None:
    assert renamed(scene, delta) == ()


def test_a_caption_that_introduces_everything_renames_nothing() -> None:
    names = Names()
    assert names.hear("A man stands there. The goalkeeper is the man.", introduces=True) == ()
