"""The rewards as TRL's GRPOTrainer takes them: a list of functions, each of which is logged under its own name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.rewards.form import format_gate
from streamcap_dagster.rewards.judging import Judge
from streamcap_dagster.rewards.scoring import REWARDS, WEIGHTS, Score, Situation

TrlReward = Callable[..., list[Score]]
Message = Mapping[str, Any]


class RewardColumnMissing(StreamcapError):
    """The rows of a training set lack a column that the rewards are computed from."""

    def __init__(self, column: str, given: Sequence[str]) -> None:
        super().__init__(f"the rewards need the column {column!r}; the rows have {', '.join(given) or 'none'}. Train on the config `rl`, which has it.")


def trl_rewards(judge: Judge | None = None) -> list[TrlReward]:
    """One function per reward, for `reward_funcs`; `reward_weights()` are their weights, in the same order.

    The rows need the columns `objectives`, `history` and `window_duration`. Where they have `outcome`, "no_change" tells where silence is right; without it
    there is always something to say. A reward that does not apply to a row is None, which TRL leaves out of its sum. What is no caption earns nothing.
    """
    return [_named(name, judge) for name in REWARDS]


def reward_weights() -> list[float]:
    """For `GRPOConfig(reward_weights=…)`."""
    return [WEIGHTS[name] for name in REWARDS]


def _named(name: str, judge: Judge | None) -> TrlReward:
    measure = REWARDS[name]

    def reward(*, prompts: Sequence[str | Sequence[Message]], completions: Sequence[str | Sequence[Message]], **columns: Any) -> list[Score]:
        texts = [_said(completion) for completion in completions]
        situations = _situations(prompts, columns)
        return [_gated(measure(text, about, judge), text, about) for text, about in zip(texts, situations, strict=True)]

    reward.__name__ = reward.__qualname__ = name
    return reward


def _gated(score: Score, text: str, about: Situation) -> Score:
    return score and score * format_gate(text, about.prompt)


def _situations(prompts: Sequence[str | Sequence[Message]], columns: Mapping[str, Any]) -> list[Situation]:
    objectives, histories, lengths = (_column(columns, name) for name in ("objectives", "history", "window_duration"))
    outcomes = columns.get("outcome") or ["ok"] * len(prompts)
    return [
        Situation(tuple(wanted), tuple(said), seconds, outcome == "no_change", _asked(prompt))
        for prompt, wanted, said, seconds, outcome in zip(prompts, objectives, histories, lengths, outcomes, strict=True)
    ]


def _column(columns: Mapping[str, Any], name: str) -> Sequence[Any]:
    if columns.get(name) is None:
        raise RewardColumnMissing(name, sorted(columns))
    values: Sequence[Any] = columns[name]
    return values


def _said(completion: str | Sequence[Message]) -> str:
    """The text of a completion; empty when it holds none."""
    return completion if isinstance(completion, str) else "\n".join(_text(message) for message in completion)


def _asked(prompt: str | Sequence[Message]) -> str:
    """The last thing that the user said."""
    if isinstance(prompt, str):
        return prompt
    return next((_text(message) for message in reversed(prompt) if message["role"] == "user"), "")


def _text(message: Message) -> str:
    parts = message["content"]
    if isinstance(parts, str):
        return parts
    return "\n".join(part["text"] for part in parts or () if part.get("type") == "text" and isinstance(part.get("text"), str))
