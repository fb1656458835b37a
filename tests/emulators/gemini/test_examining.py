"""The emulator examined with captions by our own client: what one writes the other reads, and the answers make sense."""

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.captions.captioner import CaptionRequest, ExaminingKind, Place
from streamcap_dagster.captions.prompts import Prompts, Telling
from streamcap_dagster.captions.replies import Reading, read_reply
from streamcap_dagster.emulators.gemini.server import Running
from streamcap_dagster.model_table import model_table
from tests.emulators.gemini.asking import MODEL

PROMPTS = Prompts()
BEFORE = "Which word follows “the left door gets”?"


def readings(emulator: Running, *requests: CaptionRequest) -> list[Reading]:
    async def ask() -> list[Reading]:
        captioner = GeminiCaptioner(MODEL, key=SecretStr("any"), facts=model_table().of(MODEL), base_url=emulator.url)
        try:
            return [read_reply(request, await captioner.complete(request)) for request in requests]
        finally:
            await captioner.aclose()

    return asyncio.run(ask())


def about(kind: ExaminingKind, prompt: str, ids: Sequence[str] = ()) -> CaptionRequest:
    return CaptionRequest(kind, Place("v", 0, 1), PROMPTS.system(kind), prompt, "p", 512, ids=tuple(ids), nonce="ab12cd")


def test_it_asks_for_the_last_word_of_each_clause(emulator: Running) -> None:
    (asked,) = readings(emulator, about("questions", PROMPTS.questions("Dark red in the middle; the left door gets brighter.")))
    assert asked.entries == {"1": ("Which word follows “Dark red in the”?", "middle"), "2": (BEFORE, "brighter")}


def test_it_answers_with_what_was_said_last_and_not_at_all_what_never_was(emulator: Running) -> None:
    prompt = PROMPTS.answers(("The left door gets darker.", "The left door gets brighter."), {"1": BEFORE, "2": "Which word follows “a cat”?"})
    assert readings(emulator, about("answers", prompt, "12"))[0].entries == {"1": ("brighter",), "2": ("",)}


def test_it_grades_as_the_same_what_holds_the_expected_answer(emulator: Running) -> None:
    prompt = PROMPTS.grades({"1": ("Who?", "cat", "a black cat"), "2": ("Where?", "bed", "table")})
    assert readings(emulator, about("grades", prompt, "12"))[0].entries == {"1": ("same",), "2": ("other",)}


def test_it_prefers_who_says_more_that_is_new_whatever_the_order(emulator: Running) -> None:
    poor, good = Telling(("A red door.",), "A red door."), Telling(("A red door.",), "A cat comes out.")
    prompts = [PROMPTS.judgement(*pair) for pair in ((poor, good), (good, poor), (good, good))]
    assert [heard.text for heard in readings(emulator, *(about("judgement", prompt) for prompt in prompts))] == ["second", "first", "neither"]


def test_silence_is_better_than_repeating(emulator: Running) -> None:
    silent, again = Telling(("A red door.",), ""), Telling((), "")
    assert readings(emulator, about("judgement", PROMPTS.judgement(silent, again)))[0].text == "neither"
