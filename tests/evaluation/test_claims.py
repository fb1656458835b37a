"""What a caption counts for: each claim is held against what had happened by then."""

from collections.abc import Sequence

import pytest

from streamcap_dagster.evaluation.measures import Scores, score
from streamcap_dagster.evaluation.speech import said_by
from streamcap_dagster.evaluation.tally import hear, tally
from streamcap_dagster.records import Caption
from tests.evaluation.world import EMPTY, LOOKS, MAN, PERFECT, RED, SIGN, caption, captions, event, look, world


def scores_of(said: Sequence[Caption]) -> Scores:
    return score("run", [tally(world(), said_by(said))])


def saying(**windows: str) -> list[Caption]:
    """The world's first caption, then only what is said in the windows w1, w2, …"""
    return captions(*[windows.get(f"w{window}", text) for window, text in enumerate(EMPTY)])


def counted(**windows: str) -> dict[str, float]:
    """What is not zero of what the claims are worth."""
    counts = scores_of(saying(**windows)).counts
    return {name: counts[name] for name in ("told", "repeated", "leaked", "idle", "false_event", "false_thing") if counts.get(name)}


def tallied(*said: Caption) -> dict[str, float]:
    return tally(world(), said_by(said))


def test_an_event_told_in_its_window_is_told_in_time() -> None:
    counts = tallied(*saying(w1="A red ball enters."))
    assert (counts["told:enter"], counts["in_time"], counts["claims"]) == (1, 1, 1)


def test_an_event_told_later_counts_the_less_the_later_it_is() -> None:
    in_time = [tallied(*saying(**{f"w{window}": "A red ball rolls in."}))["in_time"] for window in (1, 2, 4, 5, 6, 9)]
    assert in_time == pytest.approx([1.0, 0.8, 0.4, 0.2, 0.0, 0.0])


def test_an_event_told_before_it_begins_is_a_leak_and_stays_to_be_told() -> None:
    assert counted(w0=PERFECT[0], w1="The man leaves.") == {"leaked": 1}
    assert counted(w1="The man leaves.", w7="The man leaves.") == {"leaked": 1, "told": 1}


def test_an_event_under_way_may_be_told_and_is_in_time() -> None:
    counts = tallied(*saying(w2="The man moves towards the box."))
    assert (counts["told:move"], counts["in_time"], counts["leaked"]) == (1, 1, 0)


def test_the_window_in_which_an_event_is_under_way_is_neither_silence_nor_speech_to_judge() -> None:
    silent, speaking = (scores_of(saying(w2=text)).counts for text in ("", "The man moves towards the box."))
    assert silent["silences_due"] == speaking["silences_due"] - 1  # told early, so that silence is right in the window of its end
    assert speaking["right_silences"] == silent["right_silences"] + 1


def test_an_event_told_twice_is_told_once_and_repeated_once() -> None:
    assert counted(w1="A red ball rolls in.", w2="A red ball enters.") == {"told": 1, "repeated": 1}


def test_an_event_told_in_a_wrong_colour_is_made_up_and_missed() -> None:
    assert counted(w1="A blue ball rolls in.") == {"false_event": 1}


def test_a_change_to_a_wrong_colour_is_made_up() -> None:
    assert counted(w1="A red ball rolls in.", w6="The red ball turns green.") == {"told": 1, "false_event": 1}


def test_an_event_of_a_thing_that_is_not_there_is_made_up() -> None:
    assert counted(w2="A dog walks past.") == {"false_event": 1}


def test_an_event_that_never_happens_to_a_thing_that_is_there_is_made_up() -> None:
    assert counted(w2="The green box rolls in.") == {"false_event": 1}


def test_a_thing_that_is_not_there_is_made_up_also_when_nothing_happens_to_it() -> None:
    assert counted(w2="There is a sign on the floor.") == {"false_thing": 1}


def test_a_thing_in_a_wrong_colour_is_made_up() -> None:
    assert counted(w2="The box is red.") == {"false_thing": 1}


def test_a_thing_in_its_colour_is_no_news_and_not_made_up() -> None:
    assert counted(w5="The crate is green.") == {}


def test_words_about_the_camera_are_idle() -> None:
    assert counted(w4="The camera moves.") == {"idle": 1}
    assert scores_of(saying(w4="The camera moves.")).measures["idle_silence"].value == 0
    assert scores_of(saying()).measures["idle_silence"].value == 1


def test_a_camera_that_never_moved_is_made_up() -> None:
    assert counted(w1="The camera shakes.") == {"false_event": 1}


def test_what_speaks_of_an_event_too_vaguely_tells_nothing_and_makes_nothing_up() -> None:
    assert counted(w1="A ball rolls in.") == {}
    assert counted(w1="Something rolls in.") == {}


def test_the_same_description_again_is_repeated() -> None:
    assert counted(w2=PERFECT[0]) == {"repeated": 1}


@pytest.mark.parametrize(
    "text", ["A red ball leaves and the man rolls in.", "The man rolls in, a red ball leaves.", "A ball rolls in while the red man leaves."]
)
def test_clauses_of_a_sentence_do_not_lend_each_other_words(text: str) -> None:
    assert "told" not in counted(w1=text)


@pytest.mark.parametrize("text", ["A green box, a man and a red ball rolls in.", "The floor is bare, and from the left a red ball enters."])
def test_a_list_of_things_shares_its_verb(text: str) -> None:
    assert counted(w1=text)["told"] == 1


@pytest.mark.parametrize("text", ["There is a red ball. It rolls in.", "A red ball is there and rolls in."])
def test_a_clause_without_a_subject_is_about_the_one_before(text: str) -> None:
    assert counted(w1=text)["told"] == 1


def test_two_events_in_one_caption_are_both_told() -> None:
    assert counted(w1="A red ball rolls in.", w7="The red ball becomes blue, and then the man leaves.") == {"told": 3}


def test_nothing_is_expected_of_a_failed_caption_but_its_event_is_missed() -> None:
    blocked = [caption(window, text, "blocked" if window in (1, 4) else "ok") for window, text in enumerate(PERFECT) if window not in (1, 4)]
    blocked += [caption(window, "", "blocked") for window in (1, 4)]
    scores = scores_of(blocked)

    assert (scores.counts["failed"], scores.counts["windows"], scores.measures["event_recall"].value) == (2, 7, 0.75)
    assert (scores.measures["silence_recall"].value, scores.measures["silence_precision"].value) == (1, 1)


@pytest.mark.parametrize("text", ["No change.", "nothing new", " NO CHANGE "])
def test_words_that_say_nothing_are_silence(text: str) -> None:
    assert scores_of(saying(w4=text)).measures == scores_of(saying()).measures


def test_a_first_caption_is_held_against_what_is_on_screen() -> None:
    assert scores_of(captions("A man.", *EMPTY[1:])).measures["scene_coverage"].value == 0.5
    assert scores_of(captions("A man, and a box.", *EMPTY[1:])).measures["scene_coverage"].value == 0.5, "the box has a colour"


def test_a_first_caption_that_makes_things_up_has_false_things() -> None:
    assert scores_of(captions("A man and a dog.", *EMPTY[1:])).measures["false_things"].value == 0.5


def test_an_anchor_is_held_against_what_is_on_screen_then_and_not_against_earlier_events() -> None:
    anchor = caption(7, "A blue ball and a green box.", kind="anchor")
    said = [caption(window, text) for window, text in enumerate(EMPTY) if window != 7]
    counts = scores_of([*said, anchor]).counts

    assert (counts["things_told"], counts["things"]) == (4, 4), "the man is gone for half of the window"
    assert (counts["events"], counts["claims"]) == (3, 0), "the man leaves in the window of the anchor, which is not asked for events"


def test_what_happened_before_an_anchor_is_no_news_after_it() -> None:
    anchor = caption(5, "A red ball, a green box and a man.", kind="anchor")
    said = [caption(window, "A red ball rolls in." if window == 8 else text) for window, text in enumerate(EMPTY) if window != 5]
    assert scores_of([*said, anchor]).counts["repeated"] == 1


def test_each_clip_tells_its_own_events_only() -> None:
    later = [caption(window, text, clip=1, start_s=12.0) for window, text in enumerate(["A man, a green box, a blue ball.", "The man leaves.", ""])]
    counts = scores_of([*captions(*PERFECT[:3]), *later]).counts
    assert (counts["events"], counts["told"], counts["out_of_sight"]) == (2, 2, 1)


def test_what_a_person_wears_in_a_wrong_colour_is_noticed_though_the_person_has_none() -> None:
    walks_in = event(0, "enter", 2.5, 3.5, "A man in a red shirt walks in.", ((*RED, *MAN), ("walks in",)))
    seen = world(events=(walks_in,), looks=(look(MAN, (), 2.5, 20.0),), actions={"enter": ("walks in",)})
    told = [
        tally(seen, said_by(captions("", text)))["told"] for text in ("A man in a red shirt walks in.", "A man walks in.", "A man in a blue shirt walks in.")
    ]
    assert told == [1, 1, 0]


def test_one_event_told_in_two_clauses_is_told_once_and_not_repeated() -> None:
    assert counted(w1="A red ball rolls in, and it enters from the left.") == {"told": 1}


def test_what_a_sign_reads_from_the_beginning_is_no_event_that_never_was() -> None:
    signed = world(scene_words=((("open",),),), actions={"sign": ("sign reads",)}, looks=(*LOOKS, look(SIGN, (), 0.0, 20.0)))
    counts = [tally(signed, said_by(captions("", text)))["false_event"] for text in ("A sign reads OPEN.", "A sign reads CLOSED.")]
    assert counts == [0, 1]


def test_what_enters_also_moves_but_later_nothing_does() -> None:
    assert counted(w1="Something moves.") == {}
    assert counted(w9="Something moves.") == {"false_event": 1}


def test_every_fault_is_kept_with_its_words_and_its_window() -> None:
    said = saying(w1="A blue ball rolls in.", w3="The man walks to the box. A sign is there.", w4="The camera shakes.", w5="The man walks to the box.")
    assert [(fault.kind, fault.start_s, fault.text) for fault in hear(world(), said_by(said)).faults] == [
        ("false_event", 2.0, "a blue ball rolls in"),
        ("false_thing", 6.0, "a sign is there"),
        ("idle", 8.0, "the camera shakes"),
        ("repeated", 10.0, "the man walks to the box"),
        ("missed", 2.0, "A red ball rolls in."),
        ("missed", 12.0, "The red ball turns blue."),
        ("missed", 14.0, "The man leaves."),
    ]


@pytest.mark.parametrize("text", ["No dog enters.", "The man doesn't leave.", "Nothing rolls in.", "There is no sign."])
def test_what_is_denied_is_not_claimed(text: str) -> None:
    assert counted(w8=text) == {}


def test_what_is_no_longer_there_is_claimed_to_be_gone() -> None:
    gone = world(events=(event(0, "leave", 2.5, 3.5, "The man leaves.", (MAN, ("no longer",))),))
    assert tally(gone, said_by(captions("", "The man is no longer there.")))["told"] == 1


@pytest.mark.parametrize("text", ["The red ball's colour becomes blue.", "The red ball’s colour becomes blue.", "It's the red ball that turns blue."])
def test_a_possessive_names_the_thing(text: str) -> None:
    assert counted(w6=text)["told"] == 1


def test_what_a_sign_reads_denies_nothing() -> None:
    reads = event(0, "sign", 2.5, 3.5, 'The sign now reads "NO ENTRY".', (("no entry",),))
    signed = world(events=(reads,), looks=(look(SIGN, (), 0.0, 20.0),))
    assert tally(signed, said_by(captions("", 'The sign now reads "NO ENTRY".')))["told"] == 1
