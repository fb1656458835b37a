"""How a question is put to a captioner: once, within limits, and again when the reply is of no use."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from streamcap_dagster.captions.asking import Answer, Asker, Spent
from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.captions.captioner import Bill, Captioner, CaptionReply, CaptionRequest, Pair, Place, call_key
from streamcap_dagster.captions.underway import Underway
from streamcap_dagster.errors import CaptionerUnavailable
from streamcap_dagster.storage.folder import FolderStorage
from tests.captions.captioners import Told, says, spoken, unavailable_at
from tests.captions.pictures import plain, still, with_square
from tests.captions.requests import HERE, request

NONSENSE = CaptionReply("I cannot say.", "stop", "m")
CUT = CaptionReply('{"caption": "A bu', "truncated", "m")
QUOTED = CaptionReply("", "recitation", "m")
BLOCKED = CaptionReply("", "blocked", "m", "SAFETY")


def asker(tmp_path: Path, captioner: Captioner, video_id: str = "street", underway: Underway | None = None) -> Asker:
    return Asker(captioner, CallStore(FolderStorage(tmp_path), video_id), underway or Underway())


def ask(tmp_path: Path, captioner: Captioner, question: CaptionRequest) -> Answer:
    return asyncio.run(asker(tmp_path, captioner).ask(question))


def replying(replies: Sequence[CaptionReply]) -> Told:
    return Told(lambda request: replies[request.attempt])


def test_an_answer_is_kept_and_not_asked_for_again(tmp_path: Path) -> None:
    told = Told()
    first, second = (ask(tmp_path, told, request()) for _ in range(2))
    assert (first, len(told.requests)) == (second, 1)


def test_the_asker_counts_what_it_asked_and_what_was_kept(tmp_path: Path) -> None:
    ask(tmp_path, Told(), request(prompt="one"))
    one = asker(tmp_path, Told())
    asyncio.run(one.ask(request(prompt="one")))
    asyncio.run(one.ask(request(prompt="two")))
    assert (one.spent.answers, one.spent.from_store) == (1, 1)


def test_identical_questions_in_flight_are_asked_once(tmp_path: Path) -> None:
    told = Told(lambda _: says("A wall."))

    async def both() -> list[Answer]:
        one = asker(tmp_path, told)
        return await asyncio.gather(*(one.ask(request(place=Place("street", clip, 0))) for clip in range(5)))

    assert {answer.text for answer in asyncio.run(both())} == {"A wall."}
    assert len(told.requests) == 1


class Slow(Told):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let = asyncio.Event(), asyncio.Event()

    async def complete(self, request: CaptionRequest) -> CaptionReply:
        self.begun.set()
        await self.let.wait()
        return await super().complete(request)


def test_an_answer_that_comes_after_its_chain_was_cancelled_is_kept(tmp_path: Path) -> None:
    async def stopped() -> int:
        slow, underway = Slow(), Underway()
        asking = asyncio.create_task(asker(tmp_path, slow, underway=underway).ask(request()))
        await slow.begun.wait()
        asking.cancel()
        slow.let.set()
        return await underway.settle(patience_s=5)

    assert asyncio.run(stopped()) == 0
    assert ask(tmp_path, Told(lambda _: NONSENSE), request()).text == "clip 0 window 1"


def test_a_call_that_does_not_end_in_time_is_given_up(tmp_path: Path) -> None:
    async def stopped() -> int:
        slow, underway = Slow(), Underway()
        asking = asyncio.create_task(asker(tmp_path, slow, underway=underway).ask(request()))
        await slow.begun.wait()
        asking.cancel()
        return await underway.settle(patience_s=0.01)

    assert asyncio.run(stopped()) == 1


def test_what_answers_took_is_added_up(tmp_path: Path) -> None:
    bill = Bill(text_tokens=100, image_tokens=2240, output_tokens=30, thought_tokens=5, cost_usd=0.5, requests=2)
    one = asker(tmp_path, Told(lambda request: replace(spoken(request), bill=bill)))
    asyncio.run(one.ask(request(prompt="one")))
    asyncio.run(one.ask(request(prompt="two")))
    assert one.spent == Spent(answers=2, requests=4, input_tokens=4680, output_tokens=70, cost_usd=1.0)


@pytest.mark.parametrize(
    ("replies", "outcome", "asked"),
    [
        ([BLOCKED], "blocked", 1),
        ([NONSENSE, says("A bus.")], "ok", 2),
        ([NONSENSE, NONSENSE, NONSENSE], "invalid", 3),
        ([CUT, says("A bus.")], "ok", 2),
        ([CUT, CUT], "truncated", 2),
        ([QUOTED, QUOTED], "recitation", 2),
        ([QUOTED, CUT, BLOCKED], "blocked", 3),
        ([NONSENSE, CUT, QUOTED], "recitation", 3),
        ([CaptionReply("", "stop", "m"), says("A bus.")], "ok", 2),
    ],
)
def test_a_useless_reply_is_asked_for_again_within_limits(tmp_path: Path, replies: list[CaptionReply], outcome: str, asked: int) -> None:
    told = replying(replies)
    assert (ask(tmp_path, told, request()).outcome, len(told.requests)) == (outcome, asked)


def test_all_replies_are_kept_in_order_with_the_one_that_counts(tmp_path: Path) -> None:
    answer = ask(tmp_path, replying([NONSENSE, says("A bus.")]), request())
    call = CallStore(FolderStorage(tmp_path), "street").get(answer.call_key)
    assert call is not None
    assert ([attempt.reply for attempt in call.attempts], call.chosen) == ([NONSENSE, says("A bus.")], 1)


def test_a_reply_that_ends_in_half_a_character_can_be_kept(tmp_path: Path) -> None:
    cut = CaptionReply('{"caption": "A bus \ud83d', "truncated", "m")
    assert ask(tmp_path, replying([cut, cut]), request()).outcome == "truncated"


def test_after_a_truncated_reply_there_is_twice_the_room(tmp_path: Path) -> None:
    told = replying([CUT, says("A bus.")])
    ask(tmp_path, told, request())
    assert [one.max_output_tokens for one in told.requests] == [512, 1024]


def test_after_a_recitation_other_words_are_asked_for_and_the_prompt_itself_stays(tmp_path: Path) -> None:
    told = replying([QUOTED, says("A bus.")])
    ask(tmp_path, told, request())
    assert [one.closing for one in told.requests] == ["", "Describe it in your own words."]


def test_replies_that_arrived_before_an_outage_are_not_asked_for_again(tmp_path: Path) -> None:
    def answer(question: CaptionRequest) -> CaptionReply:
        return NONSENSE if question.attempt == 0 else unavailable_at(HERE)(question)

    with pytest.raises(CaptionerUnavailable):
        ask(tmp_path, Told(answer), request())
    later = replying([NONSENSE, says("A bus.")])
    assert ask(tmp_path, later, request()).text == "A bus."
    assert [one.attempt for one in later.requests] == [1]


def test_of_useless_objectives_the_reply_that_states_most_counts(tmp_path: Path) -> None:
    half = CaptionReply('{"objectives": [{"id": "1", "items": ["bus comes"]}]}', "stop", "m")
    question = request("objectives", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops.")))
    assert ask(tmp_path, replying([half, NONSENSE, NONSENSE]), question).objectives == {"1": ("bus comes",)}


def test_an_outage_is_raised_and_nothing_is_kept_for_it(tmp_path: Path) -> None:
    with pytest.raises(CaptionerUnavailable):
        ask(tmp_path, Told(unavailable_at(HERE)), request())
    assert not list(tmp_path.rglob("*.json"))


FRAMES = still(plain("grey"))


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "What else?"},
        {"kind": "initial"},
        {"prompt_version": "delta.v2"},
        {"system": "You hear."},
        {"frames": still(with_square(8, 8))},
        {"max_output_tokens": 100},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_shapes_the_answer_is_in_its_key(changed: dict[str, object]) -> None:
    question = request(frames=FRAMES)
    assert call_key(Told(), question) != call_key(Told(), replace(question, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("captioner", [Told(spoken, model="other"), Told(spoken, parameters={"resolution": "low"})], ids=["model", "parameters"])
def test_another_model_or_parameter_is_another_key(captioner: Told) -> None:
    assert call_key(Told(), request()) != call_key(captioner, request())


def test_where_a_question_stands_and_how_often_it_was_asked_are_not_in_its_key() -> None:
    question = request(frames=FRAMES)
    assert call_key(Told(), question) == call_key(Told(), replace(question, place=Place("other", 9, 9), attempt=2, hint="Be brief."))
