"""Replies to questions about captions: what counts, and what makes one of no use."""

import json

import pytest

from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, ExaminingKind, Place
from streamcap_dagster.captions.replies import Reading, read_reply


def read(kind: ExaminingKind, said: object, *ids: str) -> Reading:
    request = CaptionRequest(kind, Place("street", 0, 1), "", "", "v", 100, ids=ids)
    return read_reply(request, CaptionReply(json.dumps(said), "stop", "m"))


def asked(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"questions": [{"question": question, "answer": answer} for question, answer in pairs]}


def test_questions_come_back_with_their_answers_by_number() -> None:
    assert read("questions", asked(("Who?", "A cat"), ("Where?", " the\nbed "))).entries == {"1": ("Who?", "A cat"), "2": ("Where?", "the bed")}


@pytest.mark.parametrize("bad", [("", "A cat"), ("Who?", ""), ("x" * 201, "A cat"), ("Who?", "x" * 61)])
def test_a_question_that_cannot_be_used_is_left_out(bad: tuple[str, str]) -> None:
    assert read("questions", asked(bad, ("Where?", "bed"))) == Reading("ok", entries={"1": ("Where?", "bed")})


def test_a_reply_without_any_question_is_invalid() -> None:
    assert read("questions", asked()).outcome == "invalid"


def test_of_many_questions_the_first_six_are_taken() -> None:
    assert len(read("questions", asked(*((f"Which {number}?", "one") for number in range(9)))).entries) == 6


def test_answers_come_back_by_the_id_of_their_question_and_may_be_empty() -> None:
    said = {"answers": [{"id": "2", "answer": ""}, {"id": "1", "answer": "red"}, {"id": "9", "answer": "green"}]}
    assert read("answers", said, "1", "2") == Reading("ok", entries={"1": ("red",), "2": ("",)})


def test_what_is_answered_twice_or_not_at_all_makes_the_reply_invalid_and_keeps_the_others() -> None:
    said = {"answers": [{"id": "1", "answer": "red"}, {"id": "2", "answer": "a"}, {"id": "2", "answer": "b"}]}
    reading = read("answers", said, "1", "2", "3")
    assert (reading.outcome, reading.entries) == ("invalid", {"1": ("red",)})
    assert reading.reason == "the reply has no entry, or several, for 2, 3"


def test_grades_say_same_or_other() -> None:
    said = {"grades": [{"id": "1", "same": True}, {"id": "2", "same": False}]}
    assert read("grades", said, "1", "2").entries == {"1": ("same",), "2": ("other",)}


@pytest.mark.parametrize(("said", "better"), [("first", "first"), (" Second.", "second"), ("NEITHER", "neither")])
def test_a_judgement_names_one_of_two_or_neither(said: str, better: str) -> None:
    assert read("judgement", {"better": said, "why": "It is\nshorter."}) == Reading("ok", better, "It is shorter.")


def test_a_judgement_for_anyone_else_is_invalid() -> None:
    assert read("judgement", {"better": "the one with the cat"}).outcome == "invalid"


def test_a_full_caption_cannot_be_silent() -> None:
    assert read("full", {"caption": "No change.", "no_change": True}).outcome == "empty"
