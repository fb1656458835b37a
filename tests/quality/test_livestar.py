"""Delay, redundancy and coverage of captions against events that are known."""

import pytest

from streamcap_dagster.quality.livestar import Segment, Utterance, coverage, delay_s, redundancy


def told(word: str, start_s: float, end_s: float) -> Segment:
    return Segment(start_s, end_s, lambda text: word in text)


EVENTS = [told("dog", 0, 10), told("cat", 10, 20)]


def test_a_caption_for_each_event_at_once_is_perfect() -> None:
    said = [Utterance(2, "a dog"), Utterance(12, "a cat")]
    assert (delay_s(EVENTS, said), redundancy(EVENTS, said), coverage(EVENTS, said)) == (2.0, 0.0, 1.0)


def test_the_delay_is_to_the_first_caption_that_tells_the_event() -> None:
    said = [Utterance(2, "a bird"), Utterance(6, "a dog"), Utterance(8, "a dog"), Utterance(14, "a cat")]
    assert delay_s(EVENTS, said) == 5.0


def test_an_event_that_nobody_tells_costs_its_whole_length() -> None:
    assert delay_s(EVENTS, [Utterance(2, "a dog")]) == 6.0


def test_silence_covers_nothing_and_is_as_redundant_as_saying_all_twice() -> None:
    twice = [Utterance(at, text) for at, text in ((1, "dog"), (2, "dog"), (11, "cat"), (12, "cat"))]
    assert (redundancy(EVENTS, []), coverage(EVENTS, []), delay_s(EVENTS, [])) == (1.0, 0.0, 10.0)
    assert (redundancy(EVENTS, twice), coverage(EVENTS, twice)) == (1.0, 1.0)


def test_a_caption_in_the_next_event_does_not_tell_this_one() -> None:
    assert coverage(EVENTS, [Utterance(11, "a dog")]) == 0.0


def test_a_caption_may_be_late_where_that_is_allowed() -> None:
    assert coverage(EVENTS, [Utterance(11, "a dog")], late_s=2) == 0.5
    assert delay_s(EVENTS[:1], [Utterance(11, "a dog")], late_s=2) == 11.0


@pytest.mark.parametrize(("at_s", "covered"), [(0, 0.0), (10, 1.0)])
def test_what_is_heard_as_an_event_ends_is_of_that_event(at_s: float, covered: float) -> None:
    assert coverage(EVENTS[:1], [Utterance(at_s, "a dog")]) == covered


def test_the_order_of_captions_and_events_changes_nothing() -> None:
    said = [Utterance(6, "a dog"), Utterance(2, "a dog"), Utterance(14, "a cat")]
    for one in (delay_s, coverage, redundancy):
        assert one(EVENTS[::-1], said[::-1]) == one(EVENTS, said)


def test_without_events_there_is_nothing_to_miss() -> None:
    assert (delay_s([], []), redundancy([], []), coverage([], [])) == (0.0, 0.0, 1.0)
