"""What a card tells of how its dataset came about and what the rows themselves do not hold: the words that were asked with, and what it cost."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field


class Calls:
    """Calls by digests of their keys, of 64 bits: a million take 80 MB, and that one is taken for another is as good as impossible."""

    def __init__(self, call_keys: Iterable[str] = ()) -> None:
        self._digests: set[int] = set()
        self.update(call_keys)

    def update(self, call_keys: Iterable[str]) -> None:
        self._digests.update(map(_digest, call_keys))

    def __contains__(self, call_key: str) -> bool:
        return _digest(call_key) in self._digests

    def __len__(self) -> int:
        return len(self._digests)


def _digest(call_key: str) -> int:
    return int.from_bytes(hashlib.blake2b(call_key.encode(), digest_size=8).digest())


@dataclass(frozen=True)
class Paid:
    """What the answers of one model took that the dataset is made of."""

    model: str
    answers: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


def _nothing(video_ids: Sequence[str], calls: Calls) -> list[Paid]:
    del video_ids, calls
    return []


@dataclass(frozen=True)
class Background:
    prompts: Mapping[str, str] = field(default_factory=dict)
    """The words of prompts, by version."""
    paid: Callable[[Sequence[str], Calls], list[Paid] | None] = _nothing
    """Takes the videos of a dataset and the calls that its captions come from; None when nobody knows. Nothing that was paid in vain is in it, so that the
    same dataset has the same card."""
