"""What a video has cost so far, out of the answers that are kept, and which window each of them was paid for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamcap_dagster.captions.calls import CallStore
from streamcap_dagster.records import Caption
from streamcap_dagster.storage import Storage

Window = tuple[int, int]
"""Clip and window."""


@dataclass(frozen=True)
class Costs:
    """Dollars. What is asked for free, as of the offline captioner, costs none."""

    of_answers: Mapping[str, float]
    """By call key; those for what is asked beside the captions, and for captions that are none any more, too."""

    @property
    def total_usd(self) -> float:
        return sum(self.of_answers.values())

    def of_windows(self, captions: Iterable[Caption]) -> dict[Window, float]:
        """Each answer once, at the first of the windows that it settled."""
        first: dict[str, Window] = {}
        for caption in captions:
            first.setdefault(caption.call_key, (caption.clip, caption.window))
        return {place: self.of_answers[key] for key, place in first.items() if key in self.of_answers}


def costs_of(storage: Storage, video_id: str) -> Costs:
    """Takes one look at the folded file and one at each answer that is not folded yet. Raises ObjectUnreadable for a damaged one."""
    return Costs({call.key: sum(attempt.bill.cost_usd for attempt in call.attempts) for call in CallStore(storage, video_id).every()})
