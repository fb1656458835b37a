"""What every captioner keeps to, whoever it is; a new backend joins the list."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.openai import OpenAICaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import Captioner, CaptionRequest, Pair, RequestKind, call_key
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.emulators.gemini.server import running
from tests.captions.backends.gemini_answers import captioner as gemini
from tests.captions.pictures import plain, still, window_of, with_square
from tests.captions.requests import request
from tests.emulators.openai_server import MODEL, VLLM, serving

QUESTIONS: dict[RequestKind, CaptionRequest] = {
    "initial": request("initial", frames=still(plain())),
    "delta": request("delta", frames=window_of([with_square(8 + 16 * k, 60) for k in range(8)]), history=("An evenly lit scene, mostly grey. Nothing moves.",)),
    "objectives": request("objectives", "New:\n[1] A bus comes.\n[2] It stops.", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops."))),
}


def recorded(tmp_path: Path) -> Captioner:
    path = tmp_path / "answers.jsonl"
    captions = ({"caption": "A bus comes.", "window": 1}, {"caption": "A street.", "window": 1, "anchor": True})
    lines = [*captions, *({"objectives": ["bus comes"], "window": window} for window in (1, 2))]
    path.write_text("\n".join(json.dumps({"video_id": "street", "clip": 0, **line}) for line in lines))
    return RecordedCaptioner(path)


@contextmanager
def of_a_server(tmp_path: Path) -> Iterator[Captioner]:
    with serving(VLLM) as server:
        yield OpenAICaptioner(MODEL, key=None, base_url=server.base_url)


@contextmanager
def of_the_emulator(tmp_path: Path) -> Iterator[Captioner]:
    with running() as service:
        yield gemini(service.url)


CAPTIONERS: dict[str, Callable[[Path], AbstractContextManager[Captioner]]] = {
    "offline": lambda tmp_path: nullcontext(OfflineCaptioner()),
    "recorded": lambda tmp_path: nullcontext(recorded(tmp_path)),
    "openai": of_a_server,
    "gemini": of_the_emulator,
}


@pytest.fixture(params=CAPTIONERS)
def captioner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Captioner]:
    with CAPTIONERS[request.param](tmp_path) as captioner:
        yield captioner


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_captioner_answers_in_the_form_that_was_asked_for(captioner: Captioner, kind: RequestKind) -> None:
    reply = asyncio.run(captioner.complete(QUESTIONS[kind]))
    assert read_reply(QUESTIONS[kind], reply).outcome == "ok"


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_captioner_gives_the_same_question_the_same_answer(captioner: Captioner, kind: RequestKind) -> None:
    first, second = (asyncio.run(captioner.complete(QUESTIONS[kind])) for _ in range(2))
    assert replace(first, bill=second.bill) == second


def test_a_captioner_names_itself_and_its_model(captioner: Captioner) -> None:
    assert captioner.name in CAPTIONERS
    assert captioner.model


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_to_a_captioner_has_a_stable_name(captioner: Captioner, kind: RequestKind) -> None:
    assert call_key(captioner, QUESTIONS[kind]) == call_key(captioner, QUESTIONS[kind])
