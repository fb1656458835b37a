"""Length, silence and the format gate look at how a text is said."""

import pytest

from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.rewards import format_gate, length, silence
from tests.rewards.captions import STREAMS


def spoken(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


def test_what_can_be_spoken_in_its_window_is_not_too_long() -> None:
    assert length(spoken(25), seconds=10) == 1.0


def test_too_long_a_text_loses_until_twice_the_length() -> None:
    assert [length(spoken(count), seconds=10) for count in (30, 40, 50, 500)] == pytest.approx([0.8, 0.4, 0.0, 0.0])


def test_a_short_window_has_room_for_a_sentence() -> None:
    assert length(spoken(12), seconds=1) == 1.0 > length(spoken(13), seconds=1)


def test_signs_of_a_script_without_spaces_count_as_words() -> None:
    assert length("猫" * 30, seconds=2) == 0.0


@pytest.mark.parametrize("said", ["No change.", "no change", " NO  CHANGE!\n"])
def test_the_agreed_words_are_right_where_nothing_is_new(said: str) -> None:
    assert (silence(said, gold_is_silent=True), silence(said, gold_is_silent=False)) == (1.0, 0.0)


@pytest.mark.parametrize("said", ["Nothing new.", "Unchanged", "nothing happens"])
def test_other_words_for_silence_count_half_and_are_no_way_around_it(said: str) -> None:
    assert (silence(said, gold_is_silent=True), silence(said, gold_is_silent=False)) == (0.5, 0.0)


def test_speech_is_right_only_where_something_is_new() -> None:
    assert (silence("A dog barks.", gold_is_silent=True), silence("A dog barks.", gold_is_silent=False)) == (0.0, 1.0)


def test_an_empty_text_is_never_right() -> None:
    assert (silence("", gold_is_silent=True), silence("", gold_is_silent=False)) == (0.0, 0.0)


def test_captions_pass_the_gate() -> None:
    for stream in STREAMS.values():
        said = [text for text, _ in stream if text]
        assert [format_gate(text, Prompts().delta(said[:number])) for number, text in enumerate(said)] == [1.0] * len(said)


@pytest.mark.parametrize("said", ["No change.", "Sign: 40-15", "Кот спит.", "猫が眠っている。", "หมาวิ่ง", "naïve café 👍", "A sign reads ‘10 % off’."])
def test_short_foreign_and_decorated_captions_pass_the_gate(said: str) -> None:
    assert format_gate(said, Prompts().delta(["A cat sleeps."])) == 1.0


@pytest.mark.parametrize(
    "said",
    [
        "",
        " \n\t ",
        "...!!!???---",
        "👍👍👍",
        "abc\ufffddef",
        "abc\x00def",
        "\ud800abc",
        "\ue000 private",
        "A dog.<|im_end|>",
        "<think>what could it be</think> A dog.",
        '{"caption": "A dog.", "no_change": false}',
        "```A dog.```",
        "As an AI language model I watch.",
        "I'm sorry, but the picture is unclear.",
        "I cannot describe this.",
        "a dog runs " * 10,
        "man, door, car, tree, dog, house, street, boy, girl, lamp, sign, bird, sky",
    ],
)
def test_what_is_no_caption_does_not_pass_the_gate(said: str) -> None:
    assert format_gate(said) == 0.0


def test_the_prompt_said_back_does_not_pass_the_gate() -> None:
    prompt = Prompts().delta(["A man in a red jacket stands by a door."])
    assert format_gate(prompt, prompt) == format_gate(prompt[30:200], prompt) == format_gate("A man in a red jacket stands by a door.", prompt) == 0.0


def test_a_few_words_in_common_with_the_prompt_pass_the_gate() -> None:
    assert format_gate("The man in a red jacket walks away from the door.", Prompts().delta(["A man in a red jacket stands by a door."])) == 1.0
