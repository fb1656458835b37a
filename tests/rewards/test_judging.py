"""A judge decides in place of word matching, is asked once for each question, and is never believed blindly."""

import pytest

from streamcap_dagster.rewards import coverage, remembered
from streamcap_dagster.rewards.judging import JudgeUnusable, question_key


class Judge:
    def __init__(self, **scores: float) -> None:
        self.scores = scores
        self.asked: list[tuple[str, str]] = []

    def __call__(self, objective: str, text: str) -> float:
        self.asked.append((objective, text))
        return self.scores.get(text, 0.0)


def test_a_judge_sees_what_words_do_not_tell() -> None:
    assert coverage("Enter a lady", ["woman comes in"], judge=Judge(**{"Enter a lady": 1.0})) == 1.0


def test_a_judge_is_asked_of_the_history_too() -> None:
    judge = Judge(before=1.0)
    assert coverage("now", ["woman comes in"], ["before"], judge) == 1.0
    assert judge.asked == [("woman comes in", "before")]


def test_an_answer_is_remembered() -> None:
    judge, answers = Judge(text=0.5), dict[str, float]()
    assert [remembered(judge, answers)("objective", "text") for _ in range(3)] == [0.5] * 3
    assert judge.asked == [("objective", "text")]
    assert answers == {question_key("objective", "text"): 0.5}


def test_questions_that_read_the_same_when_joined_are_different() -> None:
    assert question_key("a\nb", "c") != question_key("a", "b\nc")


@pytest.mark.parametrize("answer", [1.5, -0.1, float("nan"), "yes", None])
def test_an_answer_that_is_no_score_is_refused(answer: object) -> None:
    with pytest.raises(JudgeUnusable, match="a number from 0 to 1"):
        coverage("text", ["objective"], judge=lambda *_: answer)  # type: ignore[arg-type, return-value]


def test_an_answer_that_is_no_score_is_not_remembered() -> None:
    answers: dict[str, float] = {}
    with pytest.raises(JudgeUnusable):
        remembered(lambda *_: 2.0, answers)("objective", "text")
    assert not answers
