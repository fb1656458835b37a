"""What the dataset's card tells that its rows do not hold: the words of the prompts, and what the kept answers cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import fsum
from typing import get_args

from streamcap_dagster.captions.calls import Attempt, CallStore
from streamcap_dagster.captions.captioner import Bill, CaptioningKind
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.dataset.background import Background, Calls, Paid
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Objectives
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side

_FREE = Bill()


def background_of(storage: Storage) -> Background:
    prompts = Prompts()
    return Background({prompts.version_of(kind): prompts.words_of(kind) for kind in get_args(CaptioningKind)}, partial(_paid, storage))


def _paid(storage: Storage, video_ids: Sequence[str], captioning: Calls) -> list[Paid] | None:
    """By model, from the answers that are kept, for the books of requests differ from run to run: a killed one paid for more. None when answers
    cannot be read, on which no dataset depends.
    """
    sums: dict[str, _Sum] = {}
    try:
        for attempts in side_by_side(storage.lanes, partial(_answered, storage, captioning), video_ids):
            for attempt in attempts:
                sums.setdefault(attempt.model, _Sum()).add(attempt.bill)
    except ObjectUnreadable:
        return None
    return [Paid(model, found.answers, found.input_tokens, found.output_tokens, fsum(found.costs_usd)) for model, found in sorted(sums.items())]


@dataclass
class _Sum:
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    costs_usd: list[float] = field(default_factory=list)
    """Added up at the end, so that their order does not matter."""

    def add(self, bill: Bill) -> None:
        self.answers += 1
        self.input_tokens += bill.input_tokens
        self.output_tokens += bill.output_tokens + bill.thought_tokens
        self.costs_usd.append(bill.cost_usd)


def _answered(storage: Storage, captioning: Calls, video_id: str) -> list[Attempt]:
    """The billed answers to the questions that a video's captions and objectives come from."""
    stating = set(_stating_objectives(storage, video_id))
    calls = (call for call in CallStore(storage, video_id).every() if call.key in captioning or call.key in stating)
    return [attempt for call in calls for attempt in call.attempts if attempt.bill != _FREE]


def _stating_objectives(storage: Storage, video_id: str) -> Iterable[str]:
    try:
        objectives = read_record(storage, keys.objectives(video_id), Objectives)
    except ObjectMissing:
        return ()
    return (pair.call_key for pair in objectives.pairs if pair.call_key)
