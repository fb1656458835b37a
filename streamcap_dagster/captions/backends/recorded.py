"""The `recorded` captioner: answers from a file of JSON lines, to replay a run or to write every caption by hand.

A line is a stored call as it lies in `calls/<video_id>.jsonl`, found again by what was asked; or one window's words, such as
`{"video_id": "street", "clip": 0, "window": 1, "caption": "A bus stops."}`, where an empty caption of a later window means no change, and
`"anchor": true` marks the words for a later window that is described in full again, in the chain or to test what the deltas kept;
or one pair's statements, `{"video_id": "street", "clip": 0, "window": 1, "objectives": ["bus stops"]}`; or the reply to a question that tells
how good a caption is, as it was asked for: `{"video_id": "street", "clip": 0, "window": 1, "kind": "judgement", "reply": {"better": "first"}}`;
or a question that is asked from a window on: `{"video_id": "street", "clip": 0, "window": 1, "question": "What stops?", "answer": "a bus", "told_by":
[["bus", "coach"], ["stops", "halts"]]}`. Who was told a word of each list in one sentence knows the answer, and nobody else does.
"""

import hashlib
import json
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar, get_args

from pydantic import Field, JsonValue, ValidationError, model_validator

from streamcap_dagster.captions.calls import Call
from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest, ExaminingKind, Finish, Parameter, Place, question_sha256
from streamcap_dagster.captions.replies import LONGEST_ANSWER, LONGEST_QUESTION, MOST_QUESTIONS, clean
from streamcap_dagster.errors import CaptionerUnavailable, SettingError
from streamcap_dagster.records import Record, VideoId
from streamcap_dagster.truth import Words, tells

SETTING = "STREAMCAP_RECORDED_ANSWERS"


class RecordedCaption(Record):
    """A hand-written answer for a window. With a `finish` other than `stop` it stands for a reply that did not come out."""

    video_id: VideoId
    clip: int = Field(ge=0)
    window: int = Field(ge=0)
    caption: str
    finish: Finish = "stop"
    reason: str = ""
    anchor: bool = False
    """Whether it describes a later window in full, where the chain has an anchor; the window may have another answer, without it, for where it has none."""

    @model_validator(mode="after")
    def _first_windows_need_no_anchor(self) -> Self:
        if self.anchor and self.window == 0:
            raise ValueError("window 0 has an initial caption, which is no anchor")
        return self


class RecordedObjectives(Record):
    """A hand-written answer for a window pair."""

    video_id: VideoId
    clip: int = Field(ge=0)
    window: int = Field(ge=1)
    objectives: tuple[str, ...]


class RecordedReply(Record):
    """A hand-written reply to a question about captions, in the form that its prompt asks for."""

    video_id: VideoId
    clip: int = Field(ge=0)
    window: int = Field(ge=0)
    kind: ExaminingKind
    reply: dict[str, JsonValue]


class RecordedQuestion(Record):
    """A hand-written question, and how its answer is known: from what was said alone, so that who was not told cannot answer."""

    video_id: VideoId
    clip: int = Field(ge=0)
    window: int = Field(ge=0)
    """From which on it is asked, with this answer until the same question has another; of those that there are in a window, the latest are asked."""
    question: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    answer: str = Field(min_length=1, max_length=LONGEST_ANSWER)
    told_by: Words = Field(min_length=1)


W = TypeVar("W", RecordedCaption, RecordedObjectives, RecordedReply)
_EXAMINING = frozenset(get_args(ExaminingKind))


class RecordedCaptioner:
    """Answers what its file holds an answer to; anything else is CaptionerUnavailable.

    Raises SettingError when the file cannot be read or a line of it is no answer.
    """

    name = "recorded"

    def __init__(self, answers: Path) -> None:
        self._path = answers
        content = _read(answers)
        self._calls: dict[str, Call] = {}
        self._captions: dict[Place, RecordedCaption] = {}
        self._anchors: dict[Place, RecordedCaption] = {}
        self._objectives: dict[Place, RecordedObjectives] = {}
        self._questions: dict[tuple[str, int], list[RecordedQuestion]] = {}
        self._replies: dict[str, dict[Place, RecordedReply]] = {kind: {} for kind in _EXAMINING}
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                self._add(number, line)
        self._model = f"recorded-{hashlib.sha256(content).hexdigest()[:12]}"

    @property
    def model(self) -> str:
        """Changes with the file, so that changed answers are asked for."""
        return self._model

    def parameters(self, request: CaptionRequest) -> Mapping[str, Parameter]:
        """An answer written for one window is for no other, even one that looks the same."""
        return {"place": str(request.place)}

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        if call := self._calls.get(question_sha256(request)):
            return self._replayed(call, request)
        if request.kind == "objectives":
            return self._stated(request)
        if request.kind in _EXAMINING:
            return self._replied(request)
        is_anchor = request.kind == "initial" and request.place.window > 0
        answer = (self._anchors if is_anchor else self._captions).get(request.place)
        if answer is None:
            raise self._unanswered(request.place, "anchor" if is_anchor else "caption")
        return self._captioned(answer, no_change=request.kind == "delta" and not answer.caption)

    async def aclose(self) -> None:
        """Holds nothing."""

    def _replayed(self, call: Call, request: CaptionRequest) -> CaptionReply:
        """The attempts in the order that they were answered in, so that a replay repeats what the run did; nobody is paid again."""
        if not call.attempts:
            raise self._unanswered(request.place, request.kind)
        answered = call.attempts[min(request.attempt, len(call.attempts) - 1)].reply
        return replace(answered, bill=Bill())

    def _captioned(self, answer: RecordedCaption, no_change: bool) -> CaptionReply:
        text = json.dumps({"caption": answer.caption, "no_change": no_change})
        return CaptionReply(text if answer.finish == "stop" else "", answer.finish, self.model, answer.reason)

    def _stated(self, request: CaptionRequest) -> CaptionReply:
        """A group of pairs is answered when each of its pairs is; a pair without a line of its own is not."""
        places = {pair.id: Place(request.place.video_id, request.place.clip, int(pair.id)) for pair in request.pairs}
        for place in places.values():
            if place not in self._objectives:
                raise self._unanswered(place, "objectives")
        items = [{"id": pair, "items": self._objectives[place].objectives} for pair, place in places.items()]
        return CaptionReply(json.dumps({"objectives": items}), "stop", self.model)

    def _replied(self, request: CaptionRequest) -> CaptionReply:
        """The reply that was written for it; else, in a reconstruction test, what follows from the words for an anchor and from questions."""
        if answer := self._replies[request.kind].get(request.place):
            return CaptionReply(json.dumps(answer.reply), "stop", self.model)
        if request.kind == "full" and (anchor := self._anchors.get(request.place)):
            return self._captioned(anchor, no_change=False)
        asked = self._asked(request.place)
        if request.kind == "questions" and asked:
            questions = [{"question": one.question, "answer": one.answer} for one in asked[-MOST_QUESTIONS:]]
            return CaptionReply(json.dumps({"questions": questions}), "stop", self.model)
        known = dict(_known(request, asked)) if request.kind == "answers" else {}
        if not known or known.keys() != set(request.ids):
            raise self._unanswered(request.place, "full caption" if request.kind == "full" else request.kind)
        return CaptionReply(json.dumps({"answers": [{"id": number, "answer": answer} for number, answer in known.items()]}), "stop", self.model)

    def _asked(self, place: Place) -> list[RecordedQuestion]:
        """What can be asked in a window, the latest last."""
        until = [one for one in self._questions.get((place.video_id, place.clip), ()) if one.window <= place.window]
        latest: dict[str, RecordedQuestion] = {}
        for one in reversed(until):
            latest.setdefault(clean(one.question), one)
        return list(reversed(latest.values()))

    def _add(self, number: int, line: bytes) -> None:
        answer = self._answer(number, line)
        if isinstance(answer, Call):
            self._calls[answer.question] = answer
        elif isinstance(answer, RecordedCaption):
            self._written(number, answer, self._anchors if answer.anchor else self._captions)
        elif isinstance(answer, RecordedReply):
            self._written(number, answer, self._replies[answer.kind])
        elif isinstance(answer, RecordedQuestion):
            self._questioned(number, answer)
        else:
            self._written(number, answer, self._objectives)

    def _questioned(self, number: int, question: RecordedQuestion) -> None:
        """Kept in order of their windows."""
        known = self._questions.setdefault((question.video_id, question.clip), [])
        if any((clean(question.question), question.window) == (clean(one.question), one.window) for one in known):
            raise self._malformed(number, f"the question {question.question!r} of this window is in an earlier line")
        insort(known, question, key=lambda one: one.window)

    def _written(self, number: int, answer: W, known: dict[Place, W]) -> None:
        place = Place(answer.video_id, answer.clip, answer.window)
        if place in known:
            raise self._malformed(number, f"{place} has an answer in an earlier line")
        known[place] = answer

    def _answer(self, number: int, line: bytes) -> Call | RecordedCaption | RecordedObjectives | RecordedReply | RecordedQuestion:
        shape = next((shape for name, shape in _SHAPES.items() if name in line), RecordedCaption)
        try:
            return shape.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the line"
            raise self._malformed(number, f"it is no recorded answer ({where}: {fault['msg']})") from error

    def _malformed(self, number: int, why: str) -> SettingError:
        return SettingError(SETTING, str(self._path), f"line {number}: {why}")

    def _unanswered(self, place: Place, what: str) -> CaptionerUnavailable:
        fix = "Add a line for it, or choose another STREAMCAP_CAPTIONER."
        return CaptionerUnavailable(self.name, str(place), f"{self._path} holds no {what} for it", fix)


def _known(request: CaptionRequest, asked: Iterable[RecordedQuestion]) -> Iterator[tuple[str, str]]:
    """Of each question that the prompt asks, by id, the answer if what was said tells it, else none."""
    said, lines = "\n".join(request.history), set(request.prompt.splitlines())
    for one in asked:
        for number in request.ids:
            if f"[{number}] {clean(one.question)}" in lines:
                yield number, one.answer if tells(said, one.told_by) else ""


_SHAPES: Mapping[bytes, type[Call | RecordedObjectives | RecordedReply | RecordedQuestion]] = {
    b'"attempts"': Call,
    b'"told_by"': RecordedQuestion,
    b'"reply"': RecordedReply,
    b'"objectives"': RecordedObjectives,
}
"""What a line is by a name that only it has; any other line is a caption."""


def _read(answers: Path) -> bytes:
    try:
        return answers.read_bytes()
    except OSError as error:
        raise SettingError(SETTING, str(answers), f"the file cannot be read ({error.strerror})") from error
