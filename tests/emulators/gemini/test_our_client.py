"""The emulator shares no code with our client; here the two meet, so that what one writes the other reads."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr

from streamcap_dagster.captions.asking import _HINTS
from streamcap_dagster.captions.backends.gemini import GeminiCaptioner
from streamcap_dagster.captions.captioner import CaptionReply, CaptionRequest, Pair, Place
from streamcap_dagster.captions.pacing.canary import canary, was_read
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.replies import read_reply
from streamcap_dagster.emulators.gemini.faults import _OTHER_WORDS
from streamcap_dagster.emulators.gemini.server import Running
from streamcap_dagster.model_table import model_table
from tests.captions.pictures import plain, still, window_of, with_square
from tests.emulators.gemini.asking import MODEL

PROMPTS = Prompts()


def replies(emulator: Running, requests: Sequence[CaptionRequest]) -> list[CaptionReply]:
    async def ask() -> list[CaptionReply]:
        captioner = GeminiCaptioner(MODEL, key=SecretStr("any"), facts=model_table().of(MODEL), base_url=emulator.url)
        try:
            return [await captioner.complete(request) for request in requests]
        finally:
            await captioner.aclose()

    return asyncio.run(ask())


def window(history: tuple[str, ...] = ()) -> CaptionRequest:
    kind, prompt = ("delta", PROMPTS.delta(history)) if history else ("initial", PROMPTS.initial())
    frames = window_of([plain("navy"), with_square(10, 10, size=60, background="navy")])
    return CaptionRequest(kind, Place("v", 0, 0), PROMPTS.system(kind), prompt, "p", 512, frames, history, nonce="ab12cd")  # type: ignore[arg-type]


def test_a_chain_is_an_initial_caption_then_what_is_new_then_no_change(emulator: Running) -> None:
    first = read_reply(window(), replies(emulator, [window()])[0])
    again = replace(window((first.text,)), frames=still(plain("navy")))
    moved = window((first.text, "Something else."))
    news, nothing = (read_reply(request, reply) for request, reply in zip((moved, again), replies(emulator, [moved, again]), strict=True))

    assert (first.outcome, news.outcome, nothing.outcome) == ("ok", "ok", "no_change")
    assert "brighter" in news.text


def test_objectives_are_stated_for_every_pair(emulator: Running) -> None:
    pairs = (Pair("3", "A cat enters; it sits down."), Pair("4", "The light goes out."))
    prompt = PROMPTS.objectives(("A room.",), pairs)
    request = CaptionRequest("objectives", Place("v", 0, 3), PROMPTS.system("objectives"), prompt, "p", 600, history=("A room.",), pairs=pairs, nonce="ab12cd")

    stated = read_reply(request, replies(emulator, [request])[0])

    assert stated.outcome == "ok"
    assert stated.objectives == {"3": ("a cat enters", "it sits down"), "4": ("the light goes out",)}


@pytest.mark.parametrize("seed", range(3))
def test_the_word_of_a_canary_is_read_back(emulator: Running, seed: int) -> None:
    request, word = canary(seed, 8, random.Random(seed))

    assert was_read(request, replies(emulator, [replace(request, nonce="ab12cd")])[0], word)


def test_image_tokens_are_those_of_the_table(emulator: Running) -> None:
    assert replies(emulator, [window()])[0].bill.image_tokens == 2 * model_table().of(MODEL).image_tokens["low"]


def test_the_plea_for_other_words_is_one_that_the_emulator_hears() -> None:
    assert any(words in _HINTS["recitation"].lower() for words in _OTHER_WORDS)
