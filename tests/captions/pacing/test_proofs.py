"""What proves that an answer is to the very request: a word that it gives back, the images that it is billed for, and canaries."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.captions.captioner import Bill, CaptionReply, CaptionRequest
from streamcap_dagster.captions.pacing.canary import WORDS
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.captions.pacing.paced import PacedCaptioner
from streamcap_dagster.errors import CaptionerUnavailable
from tests.captions.pacing.running import PRICE, ask, ask_many, metered, paced, question, reply, rows, run
from tests.captions.pacing.servers import BILL, Service, busy, dropped, echo, scripted
from tests.captions.pacing.virtual_time import in_virtual_time, now
from tests.captions.pictures import plain, still
from tests.captions.requests import request


def test_each_request_carries_a_word_of_its_own_that_the_call_key_decides(tmp_path: Path) -> None:
    services = [scripted([busy(1), dropped()]) for _ in range(2)]
    for service in services:
        run(tmp_path, service, ask)
    first, second = ([sent.nonce for sent in service.requests] for service in services)
    assert first == second
    assert len(set(first)) == 3
    assert all(6 <= len(nonce) <= 8 and nonce.isalnum() and nonce == nonce.lower() for nonce in first)


def other(sent: CaptionRequest) -> CaptionReply:
    return echo(replace(sent, nonce="another1"))


def test_a_reply_to_another_request_is_thrown_away_paid_for_and_asked_again(tmp_path: Path) -> None:
    meter = run(tmp_path, scripted([other]), lambda one: metered(one, ask(one)))
    assert (meter.mispaired, meter.answered, meter.requests) == (1, 1, 2)
    assert meter.cost_usd == pytest.approx(2 * PRICE)
    assert [row.end for row in rows(tmp_path)] == ["mispaired", "answered"]


def test_three_replies_to_other_requests_in_a_row_are_no_answer(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable, match=r"street, clip 0, window 1.*'another1'"):
        run(tmp_path, Service(other), ask)


def test_a_reply_without_the_word_is_told_apart_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable, match='has no "nonce"'):
        run(tmp_path, Service(lambda _: reply('{"caption": "A street."}')), ask)


@pytest.mark.parametrize("form", ["```json\n{}\n```", "{}{}", "Here you are: {}"])
def test_a_reply_in_a_fence_or_given_twice_proves_itself_too(tmp_path: Path, form: str) -> None:
    def fenced(sent: CaptionRequest) -> CaptionReply:
        return reply(form.replace("{}", echo(sent).text))

    assert run(tmp_path, Service(fenced), lambda one: metered(one, ask(one))).requests == 1


@pytest.mark.parametrize("useless", [reply("I cannot say."), reply(""), CaptionReply('{"caption": "A b', "truncated", "m"), CaptionReply("", "blocked", "m")])
def test_a_reply_that_is_of_no_use_is_handed_on_for_others_to_judge(tmp_path: Path, useless: CaptionReply) -> None:
    answer = run(tmp_path, Service(lambda _: useless), ask)
    assert (answer.text, answer.finish) == (useless.text, useless.finish)


def test_an_answer_billed_for_other_images_than_were_sent_is_counted(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> Meter:
        for tokens in (4 * 280, 4 * 1120, None):
            frames = still(plain())
            service.bill = Bill(text_tokens=500, image_tokens=tokens)
            await one.complete(request(frames=frames))
        return one.meter

    class Billing(Service):
        bill = BILL

    service = Billing(lambda sent: echo(sent, service.bill))
    assert run(tmp_path, service, story, resolution="low").unattested == 1


def reading(sent: CaptionRequest) -> CaptionReply:
    """Reads the canary's word, which it knows from the test, off the hash of its picture."""
    word = next((word for word in WORDS if sent.frames and sent.frames[0].sha256 == CANARIES[word]), "nothing")
    return reply(json.dumps({"caption": f"The word {word.title()} on grey.", "nonce": sent.nonce}))


def canaries() -> dict[str, str]:
    from streamcap_dagster.captions.pacing.canary import canary

    found: dict[str, str] = {}
    chance = random.Random(0)
    while len(found) < len(WORDS):
        made, word = canary(0, 1, chance)
        found[word] = made.frames[0].sha256
    return found


CANARIES = canaries()


@pytest.mark.parametrize(("respond", "read"), [(reading, 4), (echo, 0)])
def test_every_so_often_a_word_in_a_picture_must_be_read_back(tmp_path: Path, respond: Callable[[CaptionRequest], CaptionReply], read: int) -> None:
    async def story(one: PacedCaptioner) -> Meter:
        for window in range(20):
            await one.complete(question(window))
            await asyncio.sleep(3)
        return one.meter

    meter = run(tmp_path, Service(respond), story, canary_every=5)
    assert (meter.canaries_asked, meter.canaries_read) == (4, read)
    assert sum(row.video_id == "canary" for row in rows(tmp_path)) == 4


def test_answers_that_come_together_bring_no_more_canaries_than_they_should(tmp_path: Path) -> None:
    async def story(one: PacedCaptioner) -> Meter:
        await ask_many(one, 100)
        await asyncio.sleep(60)
        return one.meter

    assert run(tmp_path, Service(reading), story, canary_every=7).canaries_asked == 14


def test_a_stopped_captioner_does_not_wait_for_its_canaries(tmp_path: Path) -> None:
    async def story() -> float:
        one = paced(tmp_path, Service(lambda sent: 9.0 if sent.place.video_id == "canary" else echo(sent)), canary_every=1)
        await ask(one)
        await asyncio.sleep(1)
        one.stop()
        begun = now()
        await one.aclose()
        return now() - begun

    assert in_virtual_time(story) < 1
    assert [row.end for row in rows(tmp_path)] == ["answered", "cancelled"]
