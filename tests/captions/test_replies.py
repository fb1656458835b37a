"""How replies are judged."""

import json

import pytest

from streamcap_dagster.captions.captioner import CaptionReply, Pair
from streamcap_dagster.captions.replies import Reading, read_reply
from tests.captions.requests import request

ASKED = request("objectives", pairs=(Pair("1", "A bus comes."), Pair("2", "It stops.")))


def read(text: str, kind: str = "delta") -> Reading:
    return read_reply(request(kind), CaptionReply(text, "stop", "m"))


def read_objectives(stated: object) -> Reading:
    return read_reply(ASKED, CaptionReply(json.dumps({"objectives": stated}), "stop", "m"))


@pytest.mark.parametrize(
    "text",
    [
        '{"caption": "A bus comes.", "no_change": false}',
        '{"caption": "A bus comes."}',
        '```json\n{"caption": "A bus comes.", "no_change": false}\n```',
        'Here it is: {"caption": "A bus comes.", "no_change": false} I hope it helps.',
        '{"caption": "A bus comes."}{"caption": "A tram comes."}',
        '{"no_change": false, "caption": "  A bus\\n\\ncomes.\\u0000 ", "nonce": "x"}',
        '\ufeff{"caption": "A bus comes."}',
    ],
)
def test_a_caption_is_found_in_the_json_and_in_what_is_nearly_json(text: str) -> None:
    assert read(text) == Reading("ok", "A bus comes.")


def test_half_a_character_does_not_spoil_a_caption() -> None:
    assert read('{"caption": "A bus \\ud83d comes."}') == Reading("ok", "A bus ? comes.")


@pytest.mark.parametrize(
    "text",
    ["A bus comes.", '{"caption": "A bus', '{"caption": 3}', '{"text": "A bus comes."}', "[]", "null", "{" * 50_000, '{"a":' * 50_000, '["caption"]'],
    ids=lambda text: text[:20],
)
def test_what_is_not_the_json_asked_for_is_invalid_and_says_why(text: str) -> None:
    reading = read(text)
    assert reading.outcome == "invalid"
    assert reading.reason.startswith("the reply is not the JSON that was asked for (")


@pytest.mark.parametrize(
    "text",
    ['{"caption": "", "no_change": true}', '{"caption": "No change.", "no_change": false}', '{"caption": "no change", "no_change": true}'],
)
def test_a_delta_that_adds_nothing_is_no_change(text: str) -> None:
    assert read(text) == Reading("no_change")


def test_a_delta_with_no_words_that_claims_a_change_is_empty() -> None:
    assert read('{"caption": " ", "no_change": false}').outcome == "empty"


def test_an_initial_caption_cannot_be_no_change() -> None:
    assert read('{"caption": "", "no_change": true}', "initial").outcome == "empty"


def test_an_initial_caption_with_words_counts_whatever_the_flag_says() -> None:
    assert read('{"caption": "A street.", "no_change": true}', "initial") == Reading("ok", "A street.")


@pytest.mark.parametrize("finish", ["blocked", "recitation", "truncated", "empty"])
def test_a_reply_that_did_not_come_out_keeps_its_outcome_and_reason(finish: str) -> None:
    reading = read_reply(request(), CaptionReply('{"caption": "A bus', finish, "m", "the service\nsaid so"))
    assert reading == Reading(finish, reason="the service said so")


def test_an_outcome_without_a_reason_gets_one() -> None:
    assert read_reply(request(), CaptionReply("", "blocked", "m")).reason == "the captioner declined and gave no reason"


def test_a_reply_of_blanks_is_empty() -> None:
    assert read(" \n").outcome == "empty"


def test_objectives_come_back_by_pair_without_repeats() -> None:
    reading = read_objectives([{"id": "2", "items": ["bus stops"]}, {"id": "1", "items": ["bus comes", " bus  comes", "it is red"]}])
    assert reading == Reading("ok", objectives={"1": ("bus comes", "it is red"), "2": ("bus stops",)})


@pytest.mark.parametrize(
    "second",
    [[], ["x" * 121], [""], [str(number) for number in range(7)]],
    ids=["none", "too long", "blank", "too many"],
)
def test_pairs_with_valid_statements_are_kept_when_another_makes_the_reply_invalid(second: list[str]) -> None:
    reading = read_objectives([{"id": "1", "items": ["bus comes"]}, {"id": "2", "items": second}])
    assert (reading.outcome, reading.objectives) == ("invalid", {"1": ("bus comes",)})
    assert reading.reason.endswith("for 2")


def test_a_pair_that_is_missing_makes_the_reply_invalid() -> None:
    assert read_objectives([{"id": "1", "items": ["bus comes"]}]).outcome == "invalid"


def test_a_pair_answered_twice_is_not_believed() -> None:
    reading = read_objectives([{"id": "1", "items": ["a"]}, {"id": "2", "items": ["b"]}, {"id": "2", "items": ["c"]}])
    assert reading.objectives == {"1": ("a",)}


def test_a_pair_that_was_not_asked_about_makes_the_whole_reply_unbelievable() -> None:
    reading = read_objectives([{"id": "1", "items": ["a"]}, {"id": "9", "items": ["b"]}])
    assert (reading.outcome, reading.objectives) == ("invalid", {})
