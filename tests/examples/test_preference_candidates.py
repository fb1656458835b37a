"""What could be said of a window: every way of making a delta worse, and what other runs said of the very same pictures."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from streamcap_dagster.examples.preference_candidates import (
    ANOTHER_WINDOW,
    BY_RULE,
    HISTORY_REPEATED,
    RESTATED_IN_FULL,
    SILENCE,
    OtherRuns,
    OtherWindows,
    propose,
    words_in,
)
from streamcap_dagster.policies import PreferencePolicy
from streamcap_dagster.records import NO_CHANGE, Captions
from tests.dataset.corpus import Said, caption_records
from tests.examples.preferring import CAPTION, STREET, pairs_of, told

INITIAL, BUS, CHILDREN = STREET[0][1], STREET[1][1], STREET[3][1]


def candidates(window: int, *clips: Sequence[Said], elsewhere: Sequence[Captions] = (), count: int = 5, **policy: object) -> dict[str, str]:
    known = told(*(clips or (STREET,)))
    chosen = PreferencePolicy.model_validate({"preference_candidates": count, **policy})
    return {one.generator: one.text for one in propose(pairs_of(known)[0, window], OtherWindows(known.deltas.captions), OtherRuns(elsewhere), chosen)}


def test_there_are_three_unless_others_are_asked_for() -> None:
    known = told(STREET)
    proposed = propose(pairs_of(known)[0, 1], OtherWindows(known.deltas.captions), OtherRuns([]), PreferencePolicy())
    assert [one.generator for one in proposed] == [CAPTION, HISTORY_REPEATED, RESTATED_IN_FULL]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_there_are_as_many_as_asked_for_and_the_caption_is_the_first(count: int) -> None:
    assert list(candidates(1, count=count)) == [CAPTION, HISTORY_REPEATED, RESTATED_IN_FULL, SILENCE, ANOTHER_WINDOW][:count]


def test_the_history_is_repeated_in_whole_sentences_about_as_long_as_the_caption() -> None:
    assert candidates(1)[HISTORY_REPEATED] == "A man waits at the door."
    assert candidates(3)[HISTORY_REPEATED] == "Rain falls on parked cars."


def test_what_is_repeated_may_be_several_sentences_of_several_captions() -> None:
    chain: list[Said] = [("ok", "A door."), ("ok", "It opens."), ("ok", "A cat runs in.")]
    assert candidates(2, chain)[HISTORY_REPEATED] == "A door. It opens."


def test_of_several_stretches_of_that_length_the_newest_is_repeated() -> None:
    chain: list[Said] = [("ok", "A door. A wall. A lamp."), ("ok", "It opens.")]
    assert candidates(1, chain)[HISTORY_REPEATED] == "A lamp."


def test_of_a_silent_window_the_newest_caption_is_repeated() -> None:
    assert candidates(2)[HISTORY_REPEATED] == BUS


def test_a_window_is_restated_as_all_that_was_said_and_its_delta() -> None:
    assert candidates(3)[RESTATED_IN_FULL] == f"{INITIAL} {BUS} {CHILDREN}"
    assert candidates(2)[RESTATED_IN_FULL] == f"{INITIAL} {BUS}"


def test_silence_is_said_in_words_and_is_the_caption_of_a_silent_window() -> None:
    assert candidates(1)[SILENCE] == NO_CHANGE
    assert candidates(2)[CAPTION] == NO_CHANGE
    assert SILENCE not in candidates(2)


def test_the_delta_of_another_window_is_one_that_was_not_said_yet() -> None:
    assert candidates(1)[ANOTHER_WINDOW] == CHILDREN
    assert candidates(2)[ANOTHER_WINDOW] == CHILDREN
    assert ANOTHER_WINDOW not in candidates(3)


def test_the_delta_of_another_window_is_as_long_as_the_caption_if_there_is_one() -> None:
    other: list[Said] = [
        ("ok", "A field."),
        ("ok", "A dog."),
        ("ok", "Seven white birds rise slowly above trees."),
        ("ok", "A very long train passes by on the bridge."),
    ]
    assert candidates(1, STREET[:2], other)[ANOTHER_WINDOW] == "Seven white birds rise slowly above trees."


def test_a_text_stands_once_however_it_is_written_and_another_takes_its_place() -> None:
    assert list(candidates(1, (("ok", "A door."), ("ok", "a  DOOR.")), count=2)) == [CAPTION, RESTATED_IN_FULL]


def test_other_runs_are_labelled_by_captioner_model_and_prompt() -> None:
    _, others = caption_records("v", ((STREET[0], ("ok", "A bus arrives."), ("ok", "Rain stops."), STREET[3]),), captioner="gemini")

    assert candidates(1, elsewhere=[others])["gemini/none/p1"] == "A bus arrives."
    assert candidates(2, elsewhere=[others])["gemini/none/p1"] == "Rain stops."
    assert "gemini/none/p1" not in candidates(3, elsewhere=[others])


def test_runs_that_differ_in_nothing_but_their_temperature_are_numbered() -> None:
    hot, hotter = (caption_records("v", ((STREET[0], ("ok", said)),))[1] for said in ("A bus arrives.", "Bus!"))
    found = candidates(1, elsewhere=[hot, hotter])
    assert (found[f"{CAPTION} #2"], found[f"{CAPTION} #3"]) == ("A bus arrives.", "Bus!")


def test_the_silence_of_another_run_is_a_candidate() -> None:
    _, others = caption_records("v", ((STREET[0], ("no_change", "")),), captioner="gemini")
    assert candidates(1, elsewhere=[others], count=3)["gemini/none/p1"] == NO_CHANGE


@pytest.mark.parametrize("outcome", ["blocked", "truncated", "invalid", "empty", "recitation"])
def test_what_failed_in_another_run_is_no_candidate(outcome: str) -> None:
    _, others = caption_records("v", ((STREET[0], (outcome, "")),), captioner="gemini")  # type: ignore[arg-type]
    assert "gemini/none/p1" not in candidates(1, elsewhere=[others])


@pytest.mark.parametrize("other", [{"frame_sha256": ("0" * 64,)}, {"start_s": 1.0, "end_s": 3.0}, {"frame_sha256": ()}])
def test_what_another_run_said_of_other_pictures_is_no_candidate(other: dict[str, object]) -> None:
    _, others = caption_records("v", ((STREET[0], ("ok", "A bus arrives.")),), captioner="gemini")
    changed = Captions(video_id="v", captions=tuple(caption.model_copy(update=other) for caption in others.captions))
    assert "gemini/none/p1" not in candidates(1, elsewhere=[changed])


REHEARSALS = [{"captioner": "offline", "model": "offline-1"}, {"captioner": "gemini", "model": "localhost/gemini-x"}]


def captioned_by(captions: Captions, **maker: str) -> Captions:
    return Captions(video_id="v", captions=tuple(caption.model_copy(update=maker) for caption in captions.captions))


@pytest.mark.parametrize("maker", REHEARSALS)
def test_what_a_rehearsal_said_is_no_candidate_beside_a_caption_that_is_none(maker: dict[str, str]) -> None:
    _, others = caption_records("v", ((STREET[0], ("ok", "It moves.")),))
    assert "It moves." not in candidates(1, elsewhere=[captioned_by(others, **maker)]).values()


@pytest.mark.parametrize("maker", REHEARSALS)
def test_what_a_rehearsal_said_is_a_candidate_beside_a_rehearsal(maker: dict[str, str]) -> None:
    known = told(STREET)
    _, others = caption_records("v", ((STREET[0], ("ok", "It moves.")),))
    own = replace(pairs_of(known)[0, 1], later=captioned_by(known.deltas, captioner="offline").captions[0])
    proposed = propose(own, OtherWindows(known.deltas.captions), OtherRuns([captioned_by(others, **maker)]), PreferencePolicy())
    assert "It moves." in [one.text for one in proposed]


def test_where_only_models_count_nothing_is_made_by_rule() -> None:
    assert not BY_RULE & candidates(1, preference_keep="model").keys()


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("A red door.", 3), ("ein  Hündchen\nläuft", 3), ("猫が走る", 4), ("A man says 你好", 5), ("🐈", 0), ("it's 3.5 m", 4)]
)
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    assert words_in(text) == count


def test_of_several_windows_of_that_length_not_always_the_first_is_drawn() -> None:
    chain: list[Said] = [("ok", "A field of grass."), *[("ok", f"Bird number {number} lands.") for number in range(30)]]
    drawn = [candidates(window, chain)[ANOTHER_WINDOW] for window in range(1, 20)]
    assert len(set(drawn)) > 5


def test_emoji_and_scripts_without_blanks_make_candidates_too() -> None:
    found = candidates(1, (("ok", "門がある。犬が座る。"), ("ok", "猫が来る 🐈‍⬛。")))
    assert (found[HISTORY_REPEATED], found[RESTATED_IN_FULL]) == ("犬が座る。", "門がある。犬が座る。 猫が来る 🐈‍⬛。")


def test_a_long_history_is_searched_in_its_newest_sentences_only() -> None:
    chain: list[Said] = [("ok", "One two three four five six."), *[("ok", f"News {number}.") for number in range(80)], ("ok", "A b c d e f.")]
    assert "One" not in candidates(81, chain)[HISTORY_REPEATED]
