"""Each fault as it looks to the real SDK."""

import asyncio
import json
import time
from collections.abc import Iterator

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from streamcap_dagster.emulators.gemini.faults import FAULTS, Fault
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.emulators.gemini.asking import MODEL, NONCE, ask, asked_for, contents, developer, jpeg, said


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with running(Options(dribble_s=0.3)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(emulator: Running) -> genai.Client:
    return developer(emulator.url)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("busy_503", errors.ServerError, "503 UNAVAILABLE.*overloaded"),
        ("error_500", errors.ServerError, "500 INTERNAL"),
        ("html_502", errors.ServerError, "502 Bad Gateway.*<html"),
        ("flex_shed", errors.ServerError, "503 UNAVAILABLE.*high demand"),
        ("leaked_key", errors.ClientError, "403 PERMISSION_DENIED.*leaked"),
        ("prepayment", errors.ClientError, "429 RESOURCE_EXHAUSTED.*prepayment credits"),
        ("dropped", httpx2.RemoteProtocolError, "without sending a response"),
        ("cut_body", httpx2.RemoteProtocolError, "without sending complete message body"),
        ("garbled_200", json.JSONDecodeError, ""),
    ],
)
def test_a_fault_that_leaves_no_answer(emulator: Running, client: genai.Client, fault: Fault, error: type[Exception], words: str) -> None:
    emulator.order(fault)

    with pytest.raises(error, match=f"(?s){words}"):
        ask(client, [jpeg()])


def answered(emulator: Running, client: genai.Client, fault: Fault) -> types.GenerateContentResponse:
    emulator.order(fault)
    return ask(client, [jpeg()])


@pytest.mark.parametrize(
    ("fault", "finish", "has_text"),
    [
        ("safety", types.FinishReason.SAFETY, False),
        ("recitation", types.FinishReason.RECITATION, False),
        ("max_tokens_empty", types.FinishReason.MAX_TOKENS, False),
        ("max_tokens_cut", types.FinishReason.MAX_TOKENS, True),
        ("no_parts", types.FinishReason.STOP, False),
        ("continuation", types.FinishReason.CONTINUATION, True),
    ],
)
def test_an_answer_that_ends_otherwise(emulator: Running, client: genai.Client, fault: Fault, finish: types.FinishReason, has_text: bool) -> None:
    reply = answered(emulator, client, fault)

    assert reply.candidates is not None
    assert (reply.candidates[0].finish_reason, reply.text is not None) == (finish, has_text)


def test_an_answer_that_breaks_off_is_no_json(emulator: Running, client: genai.Client) -> None:
    with pytest.raises(json.JSONDecodeError):
        said(answered(emulator, client, "max_tokens_cut"))


def test_a_prohibited_prompt_has_a_reason_and_no_candidate(emulator: Running, client: genai.Client) -> None:
    reply = answered(emulator, client, "prohibited")

    assert reply.prompt_feedback is not None
    assert (reply.candidates, reply.prompt_feedback.block_reason) == (None, types.BlockedReason.PROHIBITED_CONTENT)


def test_an_empty_200_is_a_reply_without_anything(emulator: Running, client: genai.Client) -> None:
    reply = answered(emulator, client, "empty_200")

    assert (reply.candidates, reply.prompt_feedback, reply.usage_metadata) == (None, None, None)


def test_a_fenced_answer_holds_the_json(emulator: Running, client: genai.Client) -> None:
    text = answered(emulator, client, "fenced").text or ""

    assert json.loads(text.removeprefix("```json\n").removesuffix("\n```"))["nonce"] == NONCE


def test_a_doubled_answer_is_the_json_twice(emulator: Running, client: genai.Client) -> None:
    first, second = (answered(emulator, client, "doubled").text or "").split("\n")

    assert json.loads(first) == json.loads(second)


def test_a_wrong_nonce_looks_like_a_right_one(emulator: Running, client: genai.Client) -> None:
    nonce = said(answered(emulator, client, "wrong_nonce"))["nonce"]

    assert nonce != NONCE
    assert len(nonce) == len(NONCE)


def test_a_wrong_order_is_of_the_keys_only(emulator: Running, client: genai.Client) -> None:
    wrong, right = said(answered(emulator, client, "wrong_order")), said(ask(client, [jpeg()]))

    assert wrong == right
    assert list(wrong) == list(reversed(right))


def test_a_slow_dribble_arrives_whole_in_the_end(emulator: Running, client: genai.Client) -> None:
    begin = time.monotonic()

    assert said(answered(emulator, client, "dribble"))["nonce"] == NONCE
    assert time.monotonic() - begin >= 0.3


def test_one_connection_is_dropped_and_no_other() -> None:
    async def both(url: str) -> list[object]:
        client = developer(url, connections=httpx2.AsyncClient())
        asked = [client.aio.models.generate_content(model=MODEL, contents=[contents([jpeg(colour)])], config=asked_for()) for colour in ("red", "blue")]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        await client.aio.aclose()
        return list(replies)

    with running(Options(latency_ms=(200, 200))) as emulator:
        emulator.order("dropped")
        kinds = {type(reply) for reply in asyncio.run(both(emulator.url))}

    assert kinds == {httpx2.RemoteProtocolError, types.GenerateContentResponse}


def test_every_fault_is_looked_at_here() -> None:
    looked_at = {"prohibited", "empty_200", "fenced", "doubled", "wrong_nonce", "wrong_order", "dribble"}
    marks = [*test_a_fault_that_leaves_no_answer.pytestmark, *test_an_answer_that_ends_otherwise.pytestmark]  # type: ignore[attr-defined]

    assert looked_at | {case[0] for mark in marks for case in mark.args[1]} == set(FAULTS)
