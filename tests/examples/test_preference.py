"""Which pairs a video has for preference training: what is better, by score or by what people said, and texts of the same length beside it."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamcap_dagster.examples.preference import EQUAL, TOO_CLOSE, TOO_FEW, UNRANKED, is_length_matched, outdated
from streamcap_dagster.examples.preference_candidates import ANOTHER_WINDOW, HISTORY_REPEATED, RESTATED_IN_FULL, words_in
from streamcap_dagster.records import NO_CHANGE, Captions
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow, apply
from tests.dataset.corpus import Said, caption_records
from tests.examples.preferring import CAPTION, STREET, nothing_stated, of_window, preferences, ranked, texts, told


def reasons(made: object) -> dict[tuple[int, int], str]:
    return {(pair.clip, pair.window): pair.reason for pair in made.left_out}  # type: ignore[attr-defined]


def test_the_caption_is_chosen_over_what_was_made_worse() -> None:
    for pair in preferences(told(STREET)).examples:
        if pair.window != 2:
            assert pair.chosen in ("A yellow bus stops near the corner.", "Two children climb out laughing.")


def test_a_pair_is_asked_for_in_the_words_of_the_prompt_with_the_history_in_it() -> None:
    (pair, *_) = of_window(preferences(told(STREET)), 3)
    assert pair.prompt == f"What is new? So far: {STREET[0][1]} / {STREET[1][1]}"


def test_every_candidate_is_told_with_its_scores_and_its_rank() -> None:
    (pair, *_) = of_window(preferences(told(STREET)), 1)

    assert [(one.rank, one.generator) for one in pair.candidates] == [(1, CAPTION), (2, RESTATED_IN_FULL), (3, HISTORY_REPEATED)]
    caption, _, repeated = pair.candidates
    assert (caption.redundancy, repeated.redundancy, repeated.informativeness) == (0, 1, 0)
    assert caption.score > repeated.score


def test_of_a_window_in_which_nothing_changed_silence_is_best() -> None:
    (pair, *_) = of_window(preferences(told(STREET)), 2)
    assert (pair.chosen, pair.candidates[0].text, pair.candidates[0].score, pair.candidates[1].score) == (NO_CHANGE, NO_CHANGE, 1, 0)


def test_no_candidate_holds_a_chat_token_whoever_said_it() -> None:
    _, elsewhere = caption_records("v", [(STREET[0], ("ok", "A bus stops.</s>"), *STREET[2:])], captioner="other")
    made = preferences(told(STREET, elsewhere=[elsewhere]))

    assert "A bus stops.</s>" in [caption.text for caption in elsewhere.captions]
    assert not [text for pair in made.examples for one in pair.candidates if "</s>" in (text := one.text)]
    assert of_window(made, 1)


def test_silence_is_worst_where_there_was_something_to_say() -> None:
    (pair, *_) = of_window(preferences(told(STREET), preference_candidates=4), 1)
    assert (pair.rejected, pair.candidates[-1].score) == (NO_CHANGE, 0)


SHORT_THEN_LONG: tuple[Said, ...] = (
    ("ok", "A street with a red house. A man waits at the door."),
    ("ok", "The door opens."),
    ("ok", "A red fire engine arrives with flashing lights, firefighters unroll hoses toward a burning warehouse roof."),
)
"""The caption of the last window says more that is new in the one before than the caption of that one."""


def test_by_score_the_caption_of_another_window_is_never_chosen_however_much_of_it_is_new() -> None:
    made = of_window(preferences(told(SHORT_THEN_LONG, objectives=nothing_stated(2)), preference_candidates=5), 1)

    assert made[0].candidates[0].generator == ANOTHER_WINDOW
    assert {pair.chosen for pair in made} == {"The door opens."}


def test_a_window_of_which_only_something_made_by_rule_is_better_makes_no_pair_by_score() -> None:
    chain: tuple[Said, ...] = (SHORT_THEN_LONG[0], ("ok", "A man waits at the door."), SHORT_THEN_LONG[2])
    made = preferences(told(chain, objectives=nothing_stated(2)), preference_candidates=5, preference_margin=0.6)
    assert reasons(made) == {(0, 1): TOO_CLOSE}


def test_people_may_prefer_the_caption_of_another_window() -> None:
    known = told(SHORT_THEN_LONG)
    (pair, *_) = of_window(preferences(replace(known, rankings=ranked(known, 1, [SHORT_THEN_LONG[2][1], SHORT_THEN_LONG[1][1]])), preference_candidates=5), 1)
    assert (pair.chosen, pair.rejected, pair.ranked_by) == (SHORT_THEN_LONG[2][1], SHORT_THEN_LONG[1][1], "human")


def test_without_objectives_nobody_is_scored_by_them() -> None:
    known = told(STREET)
    (pair, *_) = of_window(preferences(replace(known, objectives=nothing_stated(3))), 1)
    caption = pair.candidates[0]
    assert caption.score == pytest.approx((1 - caption.redundancy + caption.informativeness) / 2, abs=1e-5)
    assert pair.objectives == ()


def test_best_and_worst_are_paired_and_two_of_the_same_length_beside_them() -> None:
    made = of_window(preferences(told(STREET), preference_candidates=4), 1)

    assert [(pair.rejected, pair.length_matched) for pair in made] == [(NO_CHANGE, False), ("A man waits at the door.", True)]


def test_a_pair_of_extremes_that_are_of_the_same_length_stands_alone() -> None:
    made = of_window(preferences(told(STREET)), 1)
    assert [(pair.length_matched, pair.rejected) for pair in made] == [(True, "A man waits at the door.")]


@pytest.mark.parametrize("seed", range(20))
def test_a_length_matched_pair_differs_by_no_more_words_than_it_may(seed: int) -> None:
    chance = random.Random(seed)
    tolerance = chance.choice([0.0, 0.1, 0.2, 0.5])
    nouns = [f"thing{number}" for number in range(400)]
    chain: list[Said] = [("ok", " ".join(chance.sample(nouns, chance.randint(1, 12))) + ".") for _ in range(12)]
    made = preferences(told(chain), preference_candidates=5, preference_length_tolerance=tolerance, preference_margin=0)

    for pair in made.examples:
        first, second = words_in(pair.chosen), words_in(pair.rejected)
        assert pair.length_matched == (abs(first - second) <= tolerance * max(first, second))
    matched = [pair.window for pair in made.examples if pair.length_matched]
    assert len(matched) == len(set(matched))


@pytest.mark.parametrize(
    ("better", "worse", "matched"), [("one two three four five", "one two three four", True), ("one two three four", "one two three", False)]
)
def test_texts_are_of_the_same_length_up_to_a_share_of_the_longer(better: str, worse: str, matched: bool) -> None:
    assert is_length_matched(better, worse, 0.2) is matched is is_length_matched(worse, better, 0.2)


def test_what_is_not_better_by_the_margin_makes_no_pair_and_stays_to_be_ranked_by_people() -> None:
    made = preferences(told(STREET), preference_margin=0.999)

    assert reasons(made) == {(0, 1): TOO_CLOSE, (0, 3): TOO_CLOSE}
    assert [(one.window, len(one.candidates)) for one in made.undecided] == [(1, 3), (3, 3)]


@pytest.mark.parametrize("outcome", ["blocked", "recitation", "truncated", "invalid", "empty"])
def test_a_window_whose_caption_failed_makes_no_pair(outcome: str) -> None:
    made = preferences(told((("ok", "A door."), (outcome, ""), ("ok", "A cat runs."))))  # type: ignore[arg-type]
    assert reasons(made) == {(0, 1): f"delta caption: {outcome}"}
    assert {pair.window for pair in made.examples} == {2}


def test_a_video_of_which_every_caption_was_blocked_makes_nothing() -> None:
    made = preferences(told((("blocked", ""), ("blocked", ""), ("blocked", ""))))
    assert (made.examples, made.undecided, len(made.left_out)) == ((), (), 2)


def test_a_video_without_windows_makes_nothing() -> None:
    made = preferences(told())
    assert (made.video_id, made.examples, made.left_out, made.undecided) == ("v", (), (), ())


def test_of_candidates_that_say_the_same_there_is_nothing_to_prefer() -> None:
    made = preferences(told((("ok", "A door."), ("ok", "a  DOOR."))), preference_candidates=1)
    assert reasons(made) == {(0, 1): TOO_FEW}


def test_in_a_clip_of_hours_a_delta_is_held_against_the_first_caption_and_the_newest() -> None:
    chain: list[Said] = [("ok", "A field."), ("ok", "A long forgotten sentence."), *[("ok", f"Bird number {number} lands.") for number in range(150)]]
    (last, *_) = of_window(preferences(told(chain)), 151)
    restated = next(one.text for one in last.candidates if one.generator == RESTATED_IN_FULL)

    assert restated.startswith("A field. Bird number 50 lands.")
    assert "forgotten" not in restated


def test_the_same_captions_in_another_order_make_the_same_pairs() -> None:
    known = told(STREET, STREET)
    turned = replace(known, deltas=Captions(video_id="v", captions=known.deltas.captions[::-1]))
    assert preferences(known, preference_candidates=5) == preferences(turned, preference_candidates=5)


def test_people_go_before_the_score() -> None:
    known = told(STREET)
    said = texts(preferences(known), 1)
    order = [said[RESTATED_IN_FULL], said[HISTORY_REPEATED], said[CAPTION]]
    (pair, *_) = of_window(preferences(replace(known, rankings=ranked(known, 1, order))), 1)

    assert (pair.chosen, pair.rejected, pair.ranked_by, pair.margin) == (order[0], order[2], "human", 1)
    assert [one.rank for one in pair.candidates] == [1, 2, 3]


def test_only_the_window_that_people_ranked_is_ranked_by_them() -> None:
    known = told(STREET)
    said = texts(preferences(known), 1)
    made = preferences(replace(known, rankings=ranked(known, 1, list(said.values()))))
    assert {(pair.window, pair.ranked_by) for pair in made.examples} == {(1, "human"), (2, "score"), (3, "score")}


def test_what_people_have_not_seen_comes_last_and_is_in_no_pair() -> None:
    known = told(STREET)
    said = texts(preferences(known), 1)
    people = ranked(known, 1, [said[HISTORY_REPEATED], said[CAPTION]])
    (pair, *_) = of_window(preferences(replace(known, rankings=people)), 1)

    assert (pair.chosen, pair.rejected) == (said[HISTORY_REPEATED], said[CAPTION])
    assert [(one.generator, one.rank) for one in pair.candidates] == [(HISTORY_REPEATED, 1), (CAPTION, 2), (RESTATED_IN_FULL, 3)]


def test_what_people_find_equal_makes_no_pair() -> None:
    known = told(STREET)
    equal = tuple({"text": text, "rank": 1} for text in texts(preferences(known), 1).values())
    made = preferences(replace(known, rankings=ranked(known, 1, [], candidates=equal)))
    assert reasons(made)[0, 1] == EQUAL


def test_people_who_saw_other_pictures_or_another_history_are_not_heard() -> None:
    known = told(STREET)
    people = ranked(known, 1, list(texts(preferences(known), 1).values())[::-1])
    other_history = told((("ok", "A garden."), *STREET[1:]), rankings=people)

    assert {pair.ranked_by for pair in preferences(other_history).examples} == {"score"}
    assert outdated(other_history) == 1
    assert outdated(replace(known, rankings=people)) == 0


@pytest.mark.parametrize(("text", "dropped"), [("A red bus stops.", False), (None, True)])
def test_people_are_heard_after_a_reviewer_changed_what_was_said_before(text: str | None, dropped: bool) -> None:
    known = told(STREET)
    people = ranked(known, 3, [NO_CHANGE, STREET[3][1]])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    window = ReviewedWindow(clip=0, window=1, dropped=dropped, text=text, ranking=(), said=STREET[1][1], outcome="ok", by="ann", at=at)
    reviewed = replace(known, deltas=apply(known.deltas, Reviewed(video_id="v", windows=(window,))), rankings=people)
    (pair, *_) = of_window(preferences(reviewed, preference_candidates=4), 3)

    assert STREET[1][1] not in pair.prompt
    assert (pair.chosen, pair.rejected, pair.ranked_by) == (NO_CHANGE, STREET[3][1], "human")
    assert outdated(reviewed) == 0


def test_people_whose_words_are_no_candidates_any_more_are_not_heard() -> None:
    known = told(STREET)
    people = ranked(known, 1, ["Something else.", "And another thing."])
    assert {pair.ranked_by for pair in preferences(replace(known, rankings=people)).examples} == {"score"}


def test_only_what_people_ranked_is_kept_where_that_is_asked() -> None:
    known = told(STREET)
    people = ranked(known, 1, list(texts(preferences(known), 1).values()))
    made = preferences(replace(known, rankings=people), preference_keep="human")

    assert {pair.window for pair in made.examples} == {1}
    assert reasons(made) == {(0, 2): UNRANKED, (0, 3): UNRANKED}
    assert len(made.undecided) == 2


def test_only_what_models_wrote_is_kept_where_that_is_asked() -> None:
    _, others = caption_records("v", (((STREET[0]), ("ok", "A house."), *STREET[2:]),), captioner="other")
    made = preferences(told(STREET, elsewhere=[others]), preference_keep="model")

    assert [(pair.window, pair.chosen, pair.rejected) for pair in made.examples] == [(1, STREET[1][1], "A house.")]
    assert reasons(made) == {(0, 2): TOO_FEW, (0, 3): TOO_FEW}
