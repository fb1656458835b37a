"""Redundancy measures what was said before, informativeness what was not."""

from itertools import pairwise

from streamcap_dagster.rewards import informativeness, redundancy

HISTORY = ["A man in a red jacket stands by a door. A shop window is lit.", "The man opens the door."]


def test_a_copy_is_all_redundant() -> None:
    assert redundancy(" ".join(HISTORY), HISTORY) == 1.0


def test_something_new_is_not_redundant() -> None:
    assert redundancy("A dog runs across the square.", HISTORY) == 0.0


def test_common_words_here_and_there_are_no_repetition() -> None:
    assert redundancy("He opens the fridge.", ["He enters the kitchen.", "He waves at the man.", "She opens a window."]) == 0.0


def test_a_repetition_in_another_order_is_seen() -> None:
    assert redundancy("The door is opened by the man.", HISTORY) == 1.0


def test_a_repetition_with_a_word_put_in_is_seen() -> None:
    assert redundancy("Man door.", ["Man opens door."]) == 1.0


def test_a_half_new_text_is_half_redundant() -> None:
    assert 0.3 < redundancy("The man opens the door. A dog barks.", HISTORY) < 0.7


def test_a_long_history_does_not_dilute_a_copy() -> None:
    assert redundancy("The man opens the door.", [*HISTORY, *(f"Event {number} happens elsewhere." for number in range(100))]) == 1.0


def test_new_words_around_a_copied_sentence_do_not_hide_it() -> None:
    assert redundancy("The man opens the door. Blue sky.", HISTORY) >= 0.5


def test_silence_repeats_and_tells_nothing() -> None:
    assert (redundancy("No change.", ["No change."]), informativeness("No change.", [])) == (0.0, 0.0)


def test_words_that_say_nothing_are_a_repetition_when_repeated() -> None:
    assert redundancy("He is there.", ["He is there."]) == 1.0


def test_informativeness_grows_with_every_new_word_and_levels_off() -> None:
    texts = ["Dog.", "Dog runs.", "Dog runs past.", "Dog runs past cars."]
    scores = [informativeness(text, HISTORY) for text in texts]
    steps = [after - before for before, after in pairwise(scores)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps, reverse=True)


def test_known_words_beside_the_new_ones_make_a_text_less_informative() -> None:
    assert informativeness("A dog barks. The man opens the door.", HISTORY) < informativeness("A dog barks.", HISTORY)


def test_a_copy_tells_nothing() -> None:
    assert informativeness(HISTORY[1], HISTORY) == 0.0
