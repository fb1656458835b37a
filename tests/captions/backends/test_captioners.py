"""What every captioner keeps to, whoever it is; a new backend joins the list."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import Captioner, CaptionRequest, Pair, RequestKind, call_key
from streamcap_dagster.captions.replies import read_reply
from tests.captions.pictures import plain, still, window_of, with_square
from tests.captions.requests import request

QUESTIONS: dict[RequestKind, CaptionRequest] = {
    "initial": request("initial", frames=still(plain())),
    "delta": request("delta", frames=window_of([with_square(8 + 16 * k, 60) for k in range(8)]), history=("An evenly lit scene, mostly grey. Nothing moves.",)),
    "objectives": request("objectives", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops."))),
}


def recorded(tmp_path: Path) -> Captioner:
    path = tmp_path / "answers.jsonl"
    lines = [{"caption": "A bus comes.", "window": 1}, *({"objectives": ["bus comes"], "window": window} for window in (1, 2))]
    path.write_text("\n".join(json.dumps({"video_id": "street", "clip": 0, **line}) for line in lines))
    return RecordedCaptioner(path)


CAPTIONERS: dict[str, Callable[[Path], Captioner]] = {"offline": lambda tmp_path: OfflineCaptioner(), "recorded": recorded}


@pytest.fixture(params=CAPTIONERS)
def captioner(request: pytest.FixtureRequest, tmp_path: Path) -> Captioner:
    return CAPTIONERS[request.param](tmp_path)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_captioner_answers_in_the_form_that_was_asked_for(captioner: Captioner, kind: RequestKind) -> None:
    reply = asyncio.run(captioner.complete(QUESTIONS[kind]))
    assert read_reply(QUESTIONS[kind], reply).outcome == "ok"


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_captioner_gives_the_same_question_the_same_answer(captioner: Captioner, kind: RequestKind) -> None:
    first, second = (asyncio.run(captioner.complete(QUESTIONS[kind])) for _ in range(2))
    assert first == second


def test_a_captioner_names_itself_and_its_model(captioner: Captioner) -> None:
    assert captioner.name in CAPTIONERS
    assert captioner.model


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_to_a_captioner_has_a_stable_name(captioner: Captioner, kind: RequestKind) -> None:
    assert call_key(captioner, QUESTIONS[kind]) == call_key(captioner, QUESTIONS[kind])
