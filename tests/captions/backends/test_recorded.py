"""The recorded captioner: hand-written answers and replayed runs."""

import asyncio
import json
from pathlib import Path

import pytest

from streamcap_dagster.captions.asking import Answer, Asker
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import CaptionRequest, Pair, Place, RequestKind
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable, SettingError
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told, says
from tests.captions.requests import request

BUS = {"video_id": "street", "clip": 0, "window": 1, "caption": "A bus comes."}


def answers(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def ask(tmp_path: Path, file: Path, question: CaptionRequest) -> Answer:
    asker = Asker(RecordedCaptioner(file), CallStore(FolderStorage(tmp_path), "street"), Underway())
    return asyncio.run(asker.ask(question))


def test_a_hand_written_caption_answers_its_window(tmp_path: Path) -> None:
    assert ask(tmp_path, answers(tmp_path, BUS), request()).text == "A bus comes."


def test_an_empty_caption_is_no_change(tmp_path: Path) -> None:
    assert ask(tmp_path, answers(tmp_path, {**BUS, "caption": ""}), request()).outcome == "no_change"


def test_a_failure_can_be_written_by_hand(tmp_path: Path) -> None:
    answer = ask(tmp_path, answers(tmp_path, {**BUS, "caption": "", "finish": "blocked", "reason": "not for children"}), request())
    assert (answer.outcome, answer.reason) == ("blocked", "not for children")


def test_hand_written_objectives_answer_their_pairs(tmp_path: Path) -> None:
    lines = [{"video_id": "street", "clip": 0, "window": window, "objectives": [f"fact {window}"]} for window in (1, 2)]
    question = request("objectives", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops.")))
    assert ask(tmp_path, answers(tmp_path, *lines), question).objectives == {"1": ("fact 1",), "2": ("fact 2",)}


def test_windows_that_look_the_same_each_get_their_own_answer(tmp_path: Path) -> None:
    file = answers(tmp_path, BUS, {**BUS, "window": 2, "caption": "It stops."})
    assert [ask(tmp_path, file, request(place=Place("street", 0, window))).text for window in (1, 2)] == ["A bus comes.", "It stops."]


def test_a_kept_run_is_replayed_for_any_window_that_asks_the_same(tmp_path: Path) -> None:
    first = CallStore(FolderStorage(tmp_path / "first"), "street")
    asked = Asker(Told(lambda question: says("A bus comes.") if question.attempt else says("")), first, Underway())
    before = asyncio.run(asked.ask(request()))
    first.fold()
    after = ask(tmp_path, tmp_path / "first/calls/street.jsonl", request(place=Place("renamed", 3, 4)))
    assert (after.outcome, after.text) == (before.outcome, before.text) == ("ok", "A bus comes.")


@pytest.mark.parametrize(("kind", "window"), [("initial", 0), ("delta", 7)])
def test_a_window_without_an_answer_is_named_with_the_file(tmp_path: Path, kind: RequestKind, window: int) -> None:
    with pytest.raises(CaptionerUnavailable, match=rf"video street, clip 0, window {window}: .*answers\.jsonl holds no caption for it"):
        ask(tmp_path, answers(tmp_path, BUS), request(kind, place=Place("street", 0, window)))


def test_a_pair_without_an_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable, match=r"clip 0, window 2: .* holds no objectives for it"):
        ask(
            tmp_path,
            answers(tmp_path, {"video_id": "street", "clip": 0, "window": 1, "objectives": ["a"]}),
            request("objectives", pairs=(Pair("1", "a"), Pair("2", "b"))),
        )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "Invalid JSON"),
        ("[]", "the line: Input should be an object"),
        ({**BUS, "captoin": "x"}, "captoin: Extra inputs are not permitted"),
        ({**BUS, "window": -1}, "window: Input should be greater than or equal to 0"),
        ({**BUS, "video_id": "../x"}, "video_id: String should match pattern"),
        (BUS, "video street, clip 0, window 1 has an answer in an earlier line"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: object, why: str) -> None:
    with pytest.raises(SettingError) as caught:
        RecordedCaptioner(answers(tmp_path, BUS, "", line))
    assert "line 3: " in str(caught.value)
    assert why in str(caught.value)


def test_a_file_that_is_not_there_is_a_fault_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_RECORDED_ANSWERS=.*nowhere\.jsonl.*No such file"):
        RecordedCaptioner(tmp_path / "nowhere.jsonl")


def test_the_model_changes_with_the_file(tmp_path: Path) -> None:
    assert RecordedCaptioner(answers(tmp_path, BUS)).model != RecordedCaptioner(answers(tmp_path, {**BUS, "caption": "A tram."})).model


def test_a_window_can_have_a_delta_and_an_anchor_each_for_its_own_question(tmp_path: Path) -> None:
    file = answers(tmp_path, BUS, {**BUS, "caption": "A street with a bus.", "anchor": True})
    assert [ask(tmp_path, file, request(kind)).text for kind in ("delta", "initial")] == ["A bus comes.", "A street with a bus."]


def test_an_anchor_that_nobody_wrote_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable, match="holds no anchor for it"):
        ask(tmp_path, answers(tmp_path, BUS), request("initial"))


def test_an_anchor_in_the_place_of_an_initial_caption_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"line 1: .*window 0 has an initial caption, which is no anchor"):
        RecordedCaptioner(answers(tmp_path, {**BUS, "window": 0, "anchor": True}))
