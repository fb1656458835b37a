"""Questions about captions, to captioners other than Gemini: the form that a server is held to, replies by hand, and the refusal of one without language."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, ExaminingKind, Place
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.replies import Reading, read_reply
from streamcap_dagster.errors import CaptionerRefused, CaptionerUnavailable, SettingError
from tests.captions.backends.openai_asking import ask
from tests.captions.backends.scripted_server import Answer
from tests.captions.pictures import plain, still
from tests.emulators.openai_server import completion, serving

REPLIES: Mapping[ExaminingKind, dict[str, Any]] = {
    "questions": {"questions": [{"question": "Who?", "answer": "a cat"}]},
    "answers": {"answers": [{"id": "1", "answer": "a cat"}]},
    "grades": {"grades": [{"id": "1", "same": True}]},
    "judgement": {"why": "It is shorter.", "better": "first"},
}
READINGS: Mapping[ExaminingKind, Reading] = {
    "questions": Reading("ok", entries={"1": ("Who?", "a cat")}),
    "answers": Reading("ok", entries={"1": ("a cat",)}),
    "grades": Reading("ok", entries={"1": ("same",)}),
    "judgement": Reading("ok", "first", "It is shorter."),
}


def asked(kind: ExaminingKind, window: int = 1) -> CaptionRequest:
    return CaptionRequest(kind, Place("street", 0, window), "You judge.", "What now?", "v", 256, ids=("1",))


@pytest.mark.parametrize("kind", REPLIES)
def test_a_server_that_speaks_openai_is_held_to_the_form_and_read(kind: ExaminingKind) -> None:
    with serving() as server:
        server.next.append(Answer(completion(json.dumps(REPLIES[kind]))))
        (reply,) = ask(server, asked(kind))
        (body,) = server.bodies

    assert isinstance(reply, CaptionReply)
    assert read_reply(asked(kind), reply) == READINGS[kind]
    form = body["response_format"]["json_schema"]["schema"]
    assert (list(form["properties"]), form["additionalProperties"]) == (list(REPLIES[kind]), False)


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_by_hand_is_for_its_window_and_its_kind_of_question(tmp_path: Path, kind: ExaminingKind) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(json.dumps({"video_id": "street", "clip": 0, "window": 1, "kind": one, "reply": reply}) for one, reply in REPLIES.items()))
    captioner = RecordedCaptioner(path)

    assert read_reply(asked(kind), asyncio.run(captioner.complete(asked(kind)))) == READINGS[kind]
    with pytest.raises(CaptionerUnavailable, match=f"window 2: .* holds no {kind} for it"):
        asyncio.run(captioner.complete(asked(kind, window=2)))


def test_a_caption_by_hand_is_no_full_caption(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"video_id": "street", "clip": 0, "window": 1, "caption": "A bus comes."}))
    with pytest.raises(CaptionerUnavailable, match="holds no full caption for it"):
        asyncio.run(RecordedCaptioner(path).complete(asked("full")))


def test_two_replies_by_hand_to_the_same_question_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    line = json.dumps({"video_id": "street", "clip": 0, "window": 1, "kind": "judgement", "reply": {"better": "first"}})
    path.write_text(f"{line}\n{line}")
    with pytest.raises(SettingError, match="line 2: video street, clip 0, window 1 has an answer in an earlier line"):
        RecordedCaptioner(path)


@pytest.mark.parametrize("kind", REPLIES)
def test_the_offline_captioner_refuses_what_needs_language(kind: ExaminingKind) -> None:
    with pytest.raises(CaptionerRefused, match="it knows light and movement"):
        asyncio.run(OfflineCaptioner().complete(asked(kind)))


def test_the_offline_captioner_describes_a_window_in_full() -> None:
    request = CaptionRequest("full", Place("street", 0, 3), "", "", "v", 256, frames=still(plain()))
    assert "scene" in read_reply(request, asyncio.run(OfflineCaptioner().complete(request))).text


BUS = {"video_id": "street", "clip": 0, "window": 1, "question": "Which colour is the bus?", "answer": "red", "told_by": [["bus", "coach"], ["red"]]}
TURNED = {**BUS, "window": 4, "answer": "green", "told_by": [["bus", "coach"], ["green"]]}


def recorded(folder: Path, *lines: object) -> RecordedCaptioner:
    path = folder / "answers.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return RecordedCaptioner(path)


def replied(captioner: RecordedCaptioner, request: CaptionRequest) -> Reading:
    return read_reply(request, asyncio.run(captioner.complete(request)))


def answering(window: int, *said: str, question: str = "Which colour is the bus?") -> CaptionRequest:
    return CaptionRequest("answers", Place("street", 0, window), "", Prompts().answers(said, {"1": question}), "v", 256, history=said, ids=("1",))


@pytest.mark.parametrize(
    ("said", "answer"),
    [(("A red coach stops.",), "red"), (("A red car.", "A bus."), ""), (("A bus comes.", "It is red."), "red"), ((), "")],
    ids=["told in other words", "told of something else", "told with a pronoun", "told nothing"],
)
def test_a_question_by_hand_is_answered_by_who_was_told_and_by_nobody_else(tmp_path: Path, said: tuple[str, ...], answer: str) -> None:
    assert replied(recorded(tmp_path, BUS), answering(3, *said)).entries == {"1": (answer,)}


def test_a_question_by_hand_is_asked_from_its_window_on_and_has_the_latest_answer(tmp_path: Path) -> None:
    captioner = recorded(tmp_path, TURNED, BUS)
    asked_for = {window: replied(captioner, asked("questions", window)).entries["1"][1] for window in (1, 3, 4, 9)}

    assert asked_for == {1: "red", 3: "red", 4: "green", 9: "green"}
    assert replied(captioner, answering(9, "A red bus.")).entries == {"1": ("",)}
    with pytest.raises(CaptionerUnavailable, match=r"window 0: .* holds no questions for it"):
        replied(captioner, asked("questions", 0))


def test_of_many_questions_by_hand_the_latest_are_asked(tmp_path: Path) -> None:
    captioner = recorded(tmp_path, *({**BUS, "window": window, "question": f"What of {window}?"} for window in range(9)))
    assert [question for question, _ in replied(captioner, asked("questions", 7)).entries.values()] == [f"What of {window}?" for window in range(2, 8)]


def test_a_question_that_nobody_wrote_is_not_answered(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable, match="holds no answers for it"):
        replied(recorded(tmp_path, BUS), answering(3, "A red bus.", question="Who drives?"))


def test_the_same_question_of_one_window_twice_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"line 2: the question 'Which colour is the bus\?' of this window is in an earlier line"):
        recorded(tmp_path, BUS, {**BUS, "answer": "green"})


def test_the_words_for_an_anchor_are_the_full_caption_of_their_window(tmp_path: Path) -> None:
    anchor = {"video_id": "street", "clip": 0, "window": 1, "caption": "A street with a bus.", "anchor": True}
    assert replied(recorded(tmp_path, anchor), asked("full")).text == "A street with a bus."
