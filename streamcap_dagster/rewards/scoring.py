"""All rewards of one text, each by its name, and their weighted mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streamcap_dagster.rewards.coverage import coverage, something_to_convey
from streamcap_dagster.rewards.form import format_gate, length, says_nothing, silence
from streamcap_dagster.rewards.judging import Judge
from streamcap_dagster.rewards.novelty import informativeness, redundancy


@dataclass(frozen=True)
class Situation:
    """What a text about a window is held against."""

    objectives: tuple[str, ...]
    history: tuple[str, ...]
    seconds: float
    """Length of the window."""
    gold_is_silent: bool = False
    prompt: str = ""
    """As asked, history included."""


Score = float | None
Reward = Callable[[str, Situation, Judge | None], Score]
"""From 0 to 1, and None where there is nothing to measure."""


def _coverage(text: str, about: Situation, judge: Judge | None) -> Score:
    if about.gold_is_silent or not something_to_convey(about.objectives, about.history, judge):
        return None
    return coverage(text, about.objectives, about.history, judge)


def _novelty(text: str, about: Situation, judge: Judge | None) -> Score:
    del judge
    if about.gold_is_silent:
        return None
    return 0.0 if says_nothing(text) else 1 - redundancy(text, about.history)


def _informativeness(text: str, about: Situation, judge: Judge | None) -> Score:
    del judge
    return None if about.gold_is_silent else informativeness(text, about.history)


def _length(text: str, about: Situation, judge: Judge | None) -> Score:
    """Silence where there is something to say is not brevity."""
    del judge
    if about.gold_is_silent:
        return None
    return 0.0 if says_nothing(text) else length(text, about.seconds)


def _silence(text: str, about: Situation, judge: Judge | None) -> Score:
    del judge
    return silence(text, about.gold_is_silent)


def _format(text: str, about: Situation, judge: Judge | None) -> Score:
    del judge
    return format_gate(text, about.prompt)


REWARDS: dict[str, Reward] = {
    "coverage": _coverage,
    "novelty": _novelty,
    "informativeness": _informativeness,
    "length": _length,
    "silence": _silence,
    "format": _format,
}
WEIGHTS: dict[str, float] = {"coverage": 0.4, "novelty": 0.2, "informativeness": 0.1, "length": 0.1, "silence": 0.1, "format": 0.1}
"""Coverage alone knows what the window shows, so it weighs most: a text that is new, short and of another video must not do well."""


def rate(text: str, about: Situation, judge: Judge | None = None) -> dict[str, Score]:
    """Every reward of a text. A text that is no caption earns nothing at all."""
    scores = {name: reward(text, about, judge) for name, reward in REWARDS.items()}
    return scores if scores["format"] else {name: None if score is None else 0.0 for name, score in scores.items()}


def total(scores: Mapping[str, Score]) -> float:
    """The weighted mean of the rewards that apply."""
    applies = {name: score for name, score in scores.items() if score is not None}
    return sum(WEIGHTS[name] * score for name, score in applies.items()) / sum(WEIGHTS[name] for name in applies)
