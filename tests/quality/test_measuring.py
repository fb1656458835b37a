"""Every window of a video is measured: how fast it speaks, what it repeats and what is new in it."""

import pytest

from streamcap_dagster.quality.measuring import mean, measure
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.rewards import redundancy
from tests.quality.said import caption, chain, last, measured
from tests.rewards.captions import STREAMS

SCENE = "A man in a red coat stands by a door. A dog sleeps on the floor."


def test_the_speed_is_the_words_over_the_seconds_of_the_window() -> None:
    assert (last(SCENE, "The dog gets up.").words, last(SCENE, "The dog gets up.").words_per_s) == (4, 2.0)


def test_a_caption_that_nobody_could_speak_in_its_window_is_flagged() -> None:
    window = last(SCENE, "The dog gets up, shakes itself, walks over to the door and looks up at the man.")
    assert {"words_per_s", "words_per_s_error"} <= {*window.flags}


def test_an_initial_caption_may_be_longer_than_can_be_spoken() -> None:
    assert measured(SCENE)[0].words_per_s > 4
    assert measured(SCENE)[0].flags == ()


def test_what_is_new_is_all_novel_and_not_redundant() -> None:
    window = last(SCENE, "Rain falls outside.")
    assert (window.redundancy, window.novelty, window.flags) == (0.0, 1.0, ())


def test_what_was_said_is_all_redundant_and_not_novel() -> None:
    window = last(SCENE, "A dog sleeps on the floor.")
    assert (window.redundancy, window.novelty) == (1.0, 0.0)
    assert {"redundancy", "redundancy_error", "novelty", "novelty_error"} <= {*window.flags}


def test_one_repeated_sentence_among_new_ones_is_redundant_although_much_is_new() -> None:
    window = last(SCENE, "A dog sleeps on the floor. Rain falls outside. Somebody knocks.")
    assert window.redundancy == 1.0
    assert 0.3 < window.novelty < 1.0


def test_what_was_said_long_before_counts_as_much_as_what_was_said_last() -> None:
    others = [f"Visitor number {number} comes in." for number in range(30)]
    assert last(SCENE, *others, "A dog sleeps on the floor.").redundancy == 1.0


def test_a_sentence_put_together_from_two_earlier_ones_is_not_the_repetition_of_one() -> None:
    assert last("A red ball rolls left.", "A blue box falls.", "A red ball falls left of a blue box.").redundancy < 0.75


def test_a_short_verb_that_was_used_before_is_no_repeated_sentence() -> None:
    window = last("A woman waves.", "A man comes in. He waves.")
    assert window.redundancy < 0.75


def test_novelty_is_what_the_rewards_call_not_redundant() -> None:
    for stream in STREAMS.values():
        texts = [text for text, _ in stream]
        windows = measured(*texts)
        told = [(window.novelty, 1 - redundancy(text, [said for said in texts[:place] if said])) for place, (window, text) in enumerate(zip(windows, texts))]  # noqa: B905
        assert [ours for ours, theirs in told if ours] == pytest.approx([theirs for ours, theirs in told if ours], abs=1e-4)


def test_silence_has_no_words_and_no_flags() -> None:
    window = last(SCENE, "")
    assert window == WindowQuality(clip=0, window=1, kind="delta", outcome="no_change")


def test_a_failed_window_is_told_with_its_outcome_and_repeats_nothing() -> None:
    window = measure([caption(0, SCENE), caption(1, "", outcome="blocked")])[1]
    assert window == WindowQuality(clip=0, window=1, kind="delta", outcome="blocked")


def test_saying_that_nothing_is_new_is_no_news_and_told_as_talk() -> None:
    window = last(SCENE, "The scene remains unchanged.")
    assert (window.novelty, window.redundancy) == (0.0, 0.0)
    assert {"novelty", "meta_talk"} <= {*window.flags}


@pytest.mark.parametrize(
    "copy",
    [
        "a DOG gets up, and walks to the door",
        "The dog gets up and walks to the door.",
        "To the door the dog walks and gets up!",
    ],
)
def test_a_copy_names_the_window_that_it_repeats(copy: str) -> None:
    said = "The dog gets up and walks to the door." if copy[0] != "a" else "A dog gets up and walks to the door."
    assert last(SCENE, said, "", "Rain falls outside.", copy).repeats == 1


def test_of_two_windows_that_are_repeated_the_later_is_named() -> None:
    assert last(SCENE, "Rain falls.", "Rain falls.", "Rain falls.").repeats == 2


def test_a_long_caption_with_one_other_word_is_nearly_a_copy() -> None:
    said = "A tall man with a green hat and a long brown coat carries nine old books up seven narrow stairs into his dark flat."
    assert last(SCENE, said, said.replace("nine", "ten")).repeats == 1
    assert last(SCENE, said, "A tall man with a green hat drops all of his books.").repeats is None


def test_clips_know_nothing_of_each_other() -> None:
    first, second = chain(SCENE, "Rain falls."), chain(SCENE, "Rain falls.", clip=1)
    windows = measure([*first, *second])
    assert [window.redundancy for window in windows] == [0.0] * 4
    assert [window.repeats for window in windows] == [None] * 4


def test_an_anchor_is_all_new_and_what_follows_is_held_against_it_alone() -> None:
    captions = [caption(0, SCENE), caption(1, "Rain falls."), caption(2, SCENE, kind="anchor", segment=1), caption(3, "Rain falls.", segment=1)]
    anchor, after = measure(captions)[2:]
    assert (anchor.redundancy, anchor.novelty, anchor.flags) == (0.0, 1.0, ())
    assert (after.redundancy, after.repeats) == (0.0, None)


def test_an_anchor_that_failed_forgets_nothing() -> None:
    captions = [caption(0, SCENE), caption(1, "Rain falls."), caption(2, "", kind="anchor", outcome="blocked"), caption(3, "Rain falls.")]
    assert measure(captions)[3].repeats == 1


def test_a_caption_in_another_language_than_most_is_flagged() -> None:
    windows = measured("A man and a dog are in the room.", "The man goes to the door.", "Der Hund geht mit ihm in die Küche.", "It is dark in the room.")
    assert [window.language for window in windows] == ["en", "en", "de", "en"]
    assert ["language" in window.flags for window in windows] == [False, False, True, False]


def test_a_video_in_one_language_is_not_flagged_whichever_it_is() -> None:
    windows = measured("Ein Mann steht an der Tür.", "Der Hund geht in die Küche.")
    assert [flag for window in windows for flag in window.flags if flag == "language"] == []


def test_a_mean_is_of_the_windows_that_a_metric_applies_to() -> None:
    windows = measured(SCENE, "", "Rain falls.", "A dog sleeps on the floor.")
    assert mean(windows, "novelty") == 0.5
    assert mean(measured(SCENE), "novelty") is None
