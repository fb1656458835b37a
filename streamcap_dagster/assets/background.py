"""What the dataset's card tells that its rows do not hold: the words of the prompts, and what the ledger says that the answers cost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from math import fsum
from typing import get_args

from streamcap_dagster.captions.captioner import RequestKind
from streamcap_dagster.captions.pacing.attempts import HttpAttempt, read_attempts
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.dataset.background import Background, Calls, Paid
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Objectives
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side


def background_of(storage: Storage) -> Background:
    prompts = Prompts()
    return Background({prompts.version_of(kind): prompts.words_of(kind) for kind in get_args(RequestKind)}, partial(_paid, storage))


def _paid(storage: Storage, video_ids: Sequence[str], calls: Calls) -> list[Paid] | None:
    """By model; `calls` then has those that stated objectives too. None when the ledger cannot be read, on which no caption depends."""
    try:
        attempts = read_attempts(storage)
        first = next(attempts, None)
        if first is None:
            return []
        calls.update(_asked_for_objectives(storage, video_ids))
        return _sums(chain((first,), attempts), calls)
    except ObjectUnreadable:
        return None


def _sums(attempts: Iterable[HttpAttempt], wanted: Calls) -> list[Paid]:
    """Counts one answer for each reply to a question, also where a kill made it be asked for twice: the same dataset tells the same cost."""
    seen = Calls()
    sums: dict[str, _Sum] = {}
    for attempt in attempts:
        reply = f"{attempt.call_key} {attempt.attempt}"
        if attempt.end == "answered" and attempt.call_key in wanted and reply not in seen:
            seen.update((reply,))
            sums.setdefault(attempt.model, _Sum()).add(attempt)
    return [Paid(model, found.answers, found.input_tokens, found.output_tokens, fsum(found.costs_usd)) for model, found in sorted(sums.items())]


@dataclass
class _Sum:
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    costs_usd: list[float] = field(default_factory=list)
    """Added up at the end, so that their order does not matter."""

    def add(self, attempt: HttpAttempt) -> None:
        self.answers += 1
        self.input_tokens += attempt.text_tokens + (attempt.image_tokens or 0)
        self.output_tokens += attempt.output_tokens + attempt.thought_tokens
        self.costs_usd.append(attempt.cost_usd)


def _asked_for_objectives(storage: Storage, video_ids: Sequence[str]) -> Iterator[str]:
    for objectives in side_by_side(storage.lanes, partial(_objectives, storage), video_ids):
        yield from (pair.call_key for pair in objectives.pairs if pair.call_key)


def _objectives(storage: Storage, video_id: str) -> Objectives:
    try:
        return read_record(storage, keys.objectives(video_id), Objectives)
    except ObjectMissing:
        return Objectives(video_id=video_id, pairs=())
