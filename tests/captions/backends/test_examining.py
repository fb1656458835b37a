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
