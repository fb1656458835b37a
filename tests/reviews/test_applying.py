"""Which decisions apply to the captions as they are now."""

import pytest

from streamcap_dagster.records import Captions
from streamcap_dagster.reviews.applying import Applied, apply_review, caption_sha256
from streamcap_dagster.reviews.records import Choice, Decision, Review
from streamcap_dagster.reviews.reviewed import ReviewedCaption, apply
from tests.reviews.places import DOOR, on, on_clip, said

SAID = said()


def applied(*choices: Choice, captions: tuple[Captions, Captions] = SAID) -> Applied:
    stamp = {"by": "ann", "at": "2026-11-22T10:00:00Z", "revision": 1}
    decisions = tuple(Decision.model_validate({**choice.model_dump(), **stamp}) for choice in choices)
    return apply_review(Review(video_id="v", revision=1, decisions=decisions), *captions)


def windows(found: Applied) -> list[tuple[int, bool, str | None]]:
    return [(window.window, window.dropped, window.text) for window in found.reviewed.windows]


def test_decisions_come_out_by_window_in_order() -> None:
    found = applied(on(3, text="A dog."), on(1, verdict="drop"), on(2, ranking=("No change.", "A bell.")))
    assert windows(found) == [(1, True, None), (2, False, None), (3, False, "A dog.")]
    assert found.outdated == ()


def test_what_keeps_a_window_as_it_is_comes_to_nothing() -> None:
    assert windows(applied(on(1, verdict="keep"), on(2, text=""), on(3, text=DOOR[3][1]), on(0))) == []


@pytest.mark.parametrize(
    ("of_clip", "of_window", "dropped"),
    [("drop", None, True), ("drop", "keep", False), ("keep", "drop", True), (None, "drop", True), ("keep", None, False)],
)
def test_a_verdict_on_a_window_goes_before_that_on_its_clip(of_clip: str | None, of_window: str | None, dropped: bool) -> None:
    found = applied(on_clip(0, verdict=of_clip), on(1, verdict=of_window, text="It opens slowly."))
    assert next(window for window in found.reviewed.windows if window.window == 1).dropped is dropped


@pytest.mark.parametrize(
    ("of_window", "by"),
    [({"ranking": ("No change.", "A bell.")}, "bob"), ({"verdict": "drop"}, "ann"), ({"verdict": "keep", "text": "A."}, "ann"), ({"text": "A."}, "ann")],
)
def test_a_window_is_dropped_by_who_gave_the_verdict_and_words_are_whose_they_are(of_window: dict[str, object], by: str) -> None:
    ann, bob = ({"by": name, "at": f"2026-11-22T1{hour}:00:00Z", "revision": 1} for hour, name in enumerate(("ann", "bob")))
    chosen = ((on_clip(0, verdict="drop"), bob), (on(1, **of_window), ann))
    decisions = tuple(Decision.model_validate({**choice.model_dump(), **stamp}) for choice, stamp in chosen)
    found = apply_review(Review(video_id="v", revision=1, decisions=decisions), *SAID).reviewed.windows[1]
    assert (found.by, f"{found.at:%H}") == (by, {"ann": "10", "bob": "11"}[by])


def test_of_a_dropped_clip_every_window_is_dropped_and_of_another_none() -> None:
    captions = said(DOOR, DOOR)
    found = applied(on_clip(1, captions, verdict="drop"), captions=captions)
    assert [(window.clip, window.window) for window in found.reviewed.windows] == [(1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_decision_on_other_words_is_outdated() -> None:
    now = said((DOOR[0], ("ok", "It is opened."), *DOOR[2:]))
    found = applied(on(1, verdict="drop"), on(3, verdict="drop"), captions=now)
    assert (windows(found), [decision.window for decision in found.outdated]) == ([(3, True, None)], [1])


def test_a_decision_on_a_clip_is_outdated_with_any_of_its_captions() -> None:
    now = said((*DOOR[:3], ("ok", "A dog comes out.")))
    assert [decision.place for decision in applied(on_clip(0, verdict="drop"), captions=now).outdated] == [(0, None)]


def test_decisions_on_windows_that_are_no_more_are_outdated() -> None:
    assert [decision.window for decision in applied(on(3, verdict="drop"), captions=said(DOOR[:3])).outdated] == [3]


def moved(captions: tuple[Captions, Captions] = SAID) -> tuple[Captions, Captions]:
    """The same windows, in clips of a number that is one higher."""
    initials, deltas = captions
    return _moved(initials), _moved(deltas)


def _moved(captions: Captions) -> Captions:
    return captions.model_copy(update={"captions": tuple(one.model_copy(update={"clip": one.clip + 1}) for one in captions.captions)})


def test_a_decision_goes_with_its_window_when_clips_are_renumbered() -> None:
    found = applied(on(1, verdict="drop"), on(3, text="A dog."), on_clip(0, verdict="keep"), captions=moved())
    assert [(one.clip, one.window, one.dropped, one.text) for one in found.reviewed.windows] == [(1, 1, True, None), (1, 3, False, "A dog.")]
    assert (sorted(found.applying, key=str), found.outdated) == ([(1, 1), (1, 3), (1, None)], ())


def test_what_was_decided_of_a_window_where_it_stands_now_goes_before_what_was_where_it_stood() -> None:
    found = applied(on(1, verdict="drop"), on(1, moved(), clip=1, text="It shuts."), captions=moved())
    assert (windows(found), [decision.place for decision in found.outdated]) == ([(1, False, "It shuts.")], [(0, 1)])


def test_what_was_taken_back_where_a_window_stands_now_is_not_brought_back_from_where_it_stood() -> None:
    assert windows(applied(on(1, verdict="drop"), on(1, moved(), clip=1), captions=moved())) == []


def test_a_decision_on_a_window_of_which_there_are_two_now_is_outdated() -> None:
    (initials, deltas), (_, more) = moved(), moved(moved())
    twice = initials, Captions(video_id="v", captions=(*deltas.captions, *more.captions))
    found = applied(on(1, verdict="drop"), captions=twice)
    assert (windows(found), [decision.place for decision in found.outdated]) == ([], [(0, 1)])


def test_what_was_taken_back_is_not_outdated() -> None:
    assert applied(on(3), captions=said(DOOR[:3])).outdated == ()


def test_silence_of_other_pictures_is_something_else() -> None:
    """Else a decision on a silent window would hold of whatever silent window comes to stand in its place."""
    (silent,) = (caption for caption in SAID[1].captions if caption.outcome == "no_change")
    others = silent.model_copy(update={"frame_sha256": ("other",)})
    later = silent.model_copy(update={"start_s": silent.start_s + 2, "end_s": silent.end_s + 2})
    assert len({caption_sha256(one) for one in (silent, others, later)}) == 3


def test_where_nothing_was_decided_captions_are_the_very_same() -> None:
    assert apply(SAID[1], applied().reviewed) is SAID[1]


def test_edited_captions_say_whose_they_are_and_what_they_replace() -> None:
    deltas = apply(SAID[1], applied(on(1, text="It shuts."), on(2, text="A bell rings."), on(3, text="")).reviewed)
    shut, bell, silence = deltas.captions

    assert isinstance(shut, ReviewedCaption)
    assert isinstance(bell, ReviewedCaption)
    assert (shut.text, shut.outcome, shut.edited_by, shut.edited_at, shut.instead_of) == ("It shuts.", "ok", "ann", "2026-11-22T10:00:00+00:00", "It opens.")
    assert (bell.outcome, bell.instead_of, silence.outcome, silence.text) == ("ok", "No change.", "no_change", "")
    assert shut.frame_sha256 == SAID[1].captions[0].frame_sha256


def test_in_place_of_a_failure_there_was_no_caption() -> None:
    captions = said((DOOR[0], ("blocked", ""), *DOOR[2:]))
    (caption, *_) = apply(captions[1], applied(on(1, captions, text="It opens."), captions=captions).reviewed).captions
    assert isinstance(caption, ReviewedCaption)
    assert (caption.outcome, caption.instead_of) == ("ok", None)
