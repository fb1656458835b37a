"""What is decided fits what is said now, or is refused; and what counts elsewhere by now is not overwritten."""

import pytest

from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.fitting import ChoiceUnfit, fitting
from streamcap_dagster.reviews.records import Choice, Decision, Review, Span
from tests.reviews.places import DOOR, on, on_clip, said

SAID = said()
DROP = {"verdict": "drop"}


def review(*choices: Choice) -> Review:
    stamp = {"by": "ann", "at": "2026-11-22T10:00:00Z", "revision": 1}
    return Review(video_id="v", revision=1, decisions=tuple(Decision.model_validate({**choice.model_dump(), **stamp}) for choice in choices))


def fits(kept: Review, *choices: Choice | Span, captions: tuple[Captions, Captions] = SAID) -> list[Choice | Span]:
    return fitting(kept, *captions, choices)


def swapped(captions: tuple[Captions, Captions] = SAID) -> tuple[Captions, Captions]:
    """The first and the last delta in each other's place."""
    initials, deltas = captions
    first, *others, last = deltas.captions
    ends = last.model_copy(update={"window": first.window}), first.model_copy(update={"window": last.window})
    return initials, deltas.model_copy(update={"captions": (ends[0], *others, ends[1])})


def test_what_is_decided_on_what_is_said_now_is_taken_as_it_is() -> None:
    choices = (on(1, text="It shuts."), on_clip(0, **DROP), Span(start_s=0, end_s=4))
    assert fits(review(), *choices) == list(choices)


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        (on(1, said((DOOR[0], ("ok", "It is opened."), *DOOR[2:])), **DROP), "window 2 of clip 1"),
        (on_clip(0, said(DOOR[:3]), **DROP), "clip 1"),
        (on(3, said(DOOR, DOOR), clip=1, text="A dog."), "window 4 of clip 2"),
        (on(1, **DROP).model_copy(update={"window": 3}), "window 4 of clip 1"),
        (Choice(clip=0, window=1, verdict="keep", caption_sha256=""), "window 2 of clip 1"),
    ],
)
def test_what_is_decided_on_something_else_is_refused_and_told(choice: Choice, what: str) -> None:
    with pytest.raises(ChoiceUnfit, match=f"video v: what was decided on {what} does not fit"):
        fits(review(), on(0, **DROP), choice)


def test_what_was_decided_on_captions_that_are_no_more_can_be_taken_back() -> None:
    before = said((DOOR[0], ("ok", "It is opened."), *DOOR[2:]))
    assert fits(review(on(1, before, **DROP)), on(1, before)) == [on(1, before)]


def test_what_counts_elsewhere_goes_there_before_its_place_is_taken() -> None:
    """Else a program that decides on what is in its place now would undo what somebody decided of another window."""
    now = swapped()
    assert fits(review(on(1, text="It shuts.")), on(1, now, **DROP), captions=now) == [on(1, now, **DROP), on(3, now, text="It shuts.")]


def test_what_was_decided_where_a_window_stood_leaves_that_place() -> None:
    now = swapped()
    old = on(1, **DROP)
    taken_back = old.model_copy(update={"verdict": None})
    assert fits(review(old), on(3, now, verdict="keep"), captions=now) == [on(3, now, verdict="keep"), taken_back]


def test_two_windows_that_changed_places_keep_what_was_decided_of_each() -> None:
    now = swapped()
    kept = review(on(1, text="It shuts."), on(3, **DROP))
    assert fits(kept, on(1, now, verdict="keep"), captions=now) == [on(1, now, verdict="keep"), on(3, now, text="It shuts.")]


def test_what_counts_elsewhere_can_be_taken_back_where_it_is_kept() -> None:
    now = swapped()
    old = on(1, **DROP)
    taken_back = old.model_copy(update={"verdict": None})
    assert fits(review(old), taken_back, captions=now) == [taken_back]
