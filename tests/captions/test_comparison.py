"""Old and new captions of a video, paired by the seconds they speak of."""

from typing import Any

import pytest

from streamcap_dagster.captions.comparison import Manner, compare
from streamcap_dagster.records import Caption


def said(window: int, text: str = "", outcome: str = "ok", **more: Any) -> Caption:
    facts = {"clip": 0, "window": window, "start_s": 2.0 * window, "end_s": 2.0 * window + 2, "kind": "delta", "outcome": outcome, "text": text}
    made_by = {"frame_sha256": (), "frame_pts_s": (), "history_sha256": "", "prompt_version": "v1", "captioner": "one", "model": "m"}
    return Caption.model_validate({**facts, **made_by, **more})


def test_a_window_of_which_the_same_is_said_has_not_changed_whoever_says_it() -> None:
    assert compare([said(0, "A cat.")], [said(0, "A cat.", captioner="another", prompt_version="v2", call_key="k")]).changed == ()


@pytest.mark.parametrize("new", [said(1, "A dog."), said(1, outcome="no_change"), said(1, outcome="blocked")])
def test_other_words_and_another_outcome_are_a_change(new: Caption) -> None:
    assert [one.span[0] for one in compare([said(0, "A cat."), said(1, "A cow.")], [said(0, "A cat."), new]).changed] == [2.0]


def test_a_window_that_has_become_an_anchor_has_changed_even_in_the_same_words() -> None:
    assert len(compare([said(1, "A cat.")], [said(1, "A cat.", kind="anchor", segment=1)]).changed) == 1


def test_windows_are_paired_by_their_seconds_and_not_by_their_number() -> None:
    paired = compare([said(1, "A cat.")], [said(0, "A cat.", start_s=2.0, end_s=4.0, clip=3)])

    assert (len(paired.windows), paired.changed) == (1, ())


def test_a_window_that_only_one_of_them_has_is_a_change() -> None:
    paired = compare([said(0, "A cat.")], [said(0, "A cat.", end_s=3.0)])

    assert [(one.old is None, one.new is None) for one in paired.changed] == [(False, True), (True, False)]


def test_clips_that_overlap_have_their_windows_paired_in_order() -> None:
    paired = compare([said(0, "A."), said(0, "B.", clip=1)], [said(0, "A."), said(0, "C.", clip=1)])

    assert [(one.old.text, one.new.text) for one in paired.changed if one.old and one.new] == [("B.", "C.")]


def test_how_each_speaks_is_told_in_words_a_caption_and_silent_windows() -> None:
    paired = compare([said(0, "A red cat."), said(1, "It sits.")], [said(0, "A cat."), said(1, outcome="no_change")])

    assert (paired.old, paired.new, paired.share_changed) == (Manner(2, 2.5, 0.0), Manner(2, 2.0, 0.5), 1.0)


def test_of_nothing_there_is_nothing_to_tell() -> None:
    assert (compare([], []).share_changed, compare([], []).old) == (0.0, Manner(0, None, None))
