"""What a card tells of how its dataset came about and what the rows themselves do not hold: the words that were asked with, and what it cost."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paid:
    """What the answers of one model took that the dataset is made of."""

    model: str
    answers: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


def _nothing(video_ids: Sequence[str], call_keys: Set[str]) -> list[Paid]:
    del video_ids, call_keys
    return []


@dataclass(frozen=True)
class Background:
    prompts: Mapping[str, str] = field(default_factory=dict)
    """The words of prompts, by version."""
    paid: Callable[[Sequence[str], Set[str]], list[Paid] | None] = _nothing
    """Takes the videos of a dataset and the calls that its captions come from; None when nobody knows. Nothing that was paid in vain is in it, so that the
    same dataset has the same card."""
