"""The truth of a drawn video: which window has to tell what, and when a text tells it."""

import pytest
from pydantic import ValidationError

from streamcap_dagster.truth import DrawnEvent, DrawnTruth, events_of, reference, tells, under_way

RED_BALL = ("red", "crimson")
ENTERS = ("enters", "rolls in", "comes in")


def event(number: int, start_s: float, end_s: float, semantic: bool = True) -> DrawnEvent:
    words = ((f"thing{number}",),) if semantic else ()
    return DrawnEvent(event=number, type="move", start_s=start_s, end_s=end_s, sentence=f"Thing{number} moves.", words=words, semantic=semantic)


def truth(*events: DrawnEvent, duration_s: float = 10.0) -> DrawnTruth:
    facts = {
        "video_id": "v",
        "seed": 0,
        "width": 320,
        "height": 240,
        "fps": 12.0,
        "scene": "A room.",
        "scene_words": (),
        "nouns": (),
        "colours": (),
        "actions": {},
        "looks": (),
    }
    return DrawnTruth(duration_s=duration_s, events=events, **facts)


def test_an_event_belongs_to_the_window_in_which_it_becomes_complete() -> None:
    crossing = truth(event(0, 1.0, 3.0))
    assert [reference(crossing, start, start + 2.0, False) for start in (0.0, 2.0, 4.0)] == ["", "Thing0 moves.", ""]


def test_an_event_that_is_complete_at_a_boundary_belongs_to_the_window_after_it() -> None:
    assert events_of(truth(event(0, 2.0, 4.0)), 2.0, 4.0) == ()
    assert len(events_of(truth(event(0, 2.0, 4.0)), 4.0, 6.0)) == 1


@pytest.mark.parametrize("window_s", [0.5, 1.0, 2.0, 3.0, 4.0])
def test_every_event_belongs_to_exactly_one_window_whatever_the_grid(window_s: float) -> None:
    of_all = truth(*[event(number, 0.0, number * 0.7) for number in range(15)], event(15, 9.0, 10.0))
    windows = range(int(10.0 // window_s))
    told = [event.event for window in windows for event in events_of(of_all, window * window_s, (window + 1) * window_s)]
    assert sorted(told) == list(range(16))


def test_what_begins_in_a_window_and_is_complete_later_is_under_way() -> None:
    crossing = truth(event(0, 1.0, 3.0))
    assert [len(under_way(crossing, start, start + 2.0)) for start in (0.0, 2.0, 4.0)] == [1, 0, 0]


def test_what_means_nothing_is_never_told() -> None:
    assert reference(truth(event(0, 1.0, 3.0, semantic=False)), 2.0, 4.0, False) == ""


def test_an_initial_caption_tells_the_scene_and_what_happened_since() -> None:
    happened = truth(event(0, 0.0, 1.0), event(1, 4.0, 5.0))
    assert reference(happened, 0.0, 2.0, True) == "A room. Thing0 moves."
    assert reference(happened, 4.0, 6.0, True) == "A room. Thing0 moves. Thing1 moves."


@pytest.mark.parametrize("text", ["A red ball rolls in from the left.", "Crimson thing -- ENTERS!", "Dark now. Something red comes in"])
def test_a_sentence_with_an_alternative_of_every_group_tells_it(text: str) -> None:
    assert tells(text, (RED_BALL, ENTERS))


@pytest.mark.parametrize("text", ["", "A red ball.", "A red ball leaves. A box enters.", "A bored man enters.", "A red ball rolls inside."])
def test_a_text_without_one_of_every_group_in_one_sentence_does_not_tell_it(text: str) -> None:
    assert not tells(text, (RED_BALL, ENTERS))


def test_a_pronoun_stands_for_the_sentence_before() -> None:
    assert tells("There is a red ball. It rolls in from the left.", (RED_BALL, ENTERS))


def test_no_text_tells_what_has_no_words() -> None:
    assert not tells("Anything.", ())


def test_an_event_that_matters_has_words_to_know_it_by() -> None:
    with pytest.raises(ValidationError, match="no words"):
        DrawnEvent(event=0, type="move", start_s=0, end_s=1, sentence="It moves.", words=())
