"""Faults are drawn, not random: the same seed and content bring the same ones, and never so many that nothing gets through."""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

import pytest

from streamcap_dagster.emulators.gemini.faults import CONTENT, TRANSIENT, UNANSWERED, Fault, Faults
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.wire import Question, read_question
from tests.emulators.gemini.asking import body, question

PICTURES = [f"not looked into {number}".encode() for number in range(400)]


def drawn(options: Options, asked: Question, times: int) -> list[Fault | None]:
    faults = Faults(options)
    return [faults.next(asked) for _ in range(times)]


def test_a_seed_and_a_content_bring_the_same_faults_at_each_attempt() -> None:
    options = Options(faults=0.5, seed=3)

    assert drawn(options, question(nonce="one"), 50) == drawn(options, question(nonce="two"), 50)
    assert drawn(options, question(), 50) != drawn(replace(options, seed=4), question(), 50)


def test_what_others_ask_changes_nothing() -> None:
    options = Options(faults=0.5)
    faults, mine, theirs = Faults(options), question(prompt="mine"), question(prompt="theirs")
    found = []
    for _ in range(20):
        faults.next(theirs)
        found.append(faults.next(mine))

    assert found == drawn(options, mine, 20)


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_no_content_meets_more_than_two_faults_in_a_row(rate: float) -> None:
    rows = [len(list(row)) for failed, row in groupby(drawn(Options(faults=rate), question(), 300), key=bool) if failed]

    assert max(rows) == 2


def test_as_many_meet_a_fault_as_was_asked_for() -> None:
    faults = Faults(Options(faults=0.2))
    met = sum(faults.next(question(prompt=str(number))) is not None for number in range(1000))

    assert 160 <= met <= 240


def test_every_fault_is_met() -> None:
    faults = Faults(Options(faults=1.0))

    assert {faults.next(question(prompt=str(number))) for number in range(300)} == set(TRANSIENT)


def test_a_wrong_nonce_is_not_drawn_where_none_was_asked_for() -> None:
    faults = Faults(Options(faults=1.0))

    assert "wrong_nonce" not in {faults.next(question(prompt=str(number), nonce="")) for number in range(300)}


def outcome(picture: bytes, prompt: str = "Describe.", **more: object) -> Fault | None:
    return Faults(Options(content_faults=1.0)).next(question([picture], prompt, **more))


def test_what_becomes_of_pictures_depends_on_them_alone() -> None:
    faults = Faults(Options(content_faults=0.3))
    for picture in PICTURES[:50]:
        assert len({faults.next(question([picture], prompt, nonce=prompt)) for prompt in ("a", "b", "a")}) == 1


def test_a_reply_that_is_only_badly_wrapped_does_not_undo_what_becomes_of_pictures() -> None:
    """Else a run that meets faults on the way would say more than one that meets none."""
    asked = question([PICTURES[0]], maxOutputTokens=512)
    met = {fault for seed in range(300) if (fault := Faults(Options(faults=0.9, content_faults=1.0, seed=seed)).next(asked)) is not None}

    assert met <= UNANSWERED | set(CONTENT)


def test_every_outcome_of_pictures_is_met() -> None:
    assert {outcome(picture, maxOutputTokens=512) for picture in PICTURES} == set(CONTENT)


def test_without_pictures_nothing_is_blocked() -> None:
    assert drawn(Options(content_faults=1.0), question(), 3) == [None] * 3


def ends(fault: Fault, again: Callable[[bytes], Fault | None]) -> set[bool]:
    """Whether asking again helps, for all pictures that end so at first."""
    return {again(picture) is None for picture in PICTURES if outcome(picture, maxOutputTokens=512) == fault}


def test_a_plea_for_other_words_helps_against_some_recitations() -> None:
    assert ends("recitation", lambda picture: outcome(picture, maxOutputTokens=512)) == {False}
    assert ends("recitation", lambda picture: outcome(picture, "Describe it in your own words.", maxOutputTokens=512)) == {True, False}


@pytest.mark.parametrize("fault", ["max_tokens_cut", "max_tokens_empty"])
def test_more_room_helps_against_some_answers_that_break_off(fault: Fault) -> None:
    assert ends(fault, lambda picture: outcome(picture, maxOutputTokens=512)) == {False}
    assert ends(fault, lambda picture: outcome(picture, maxOutputTokens=1024)) == {True, False}


@pytest.mark.parametrize("fault", ["safety", "prohibited"])
def test_nothing_helps_against_a_block(fault: Fault) -> None:
    assert ends(fault, lambda picture: outcome(picture, "Describe it in your own words.", maxOutputTokens=4096)) == {False}


def test_what_was_ordered_comes_first_one_for_each_request() -> None:
    faults = Faults(Options())
    faults.order(["busy_503", None, "dropped"])

    assert [faults.next(question(prompt=str(number))) for number in range(4)] == ["busy_503", None, "dropped", None]


def test_only_flex_is_shed() -> None:
    options = Options(flex_shed=1.0)

    assert drawn(options, question(), 1) == [None]
    assert drawn(options, read_question(body().replace(b'{"contents"', b'{"serviceTier": "flex", "contents"')), 1) == ["flex_shed"]
