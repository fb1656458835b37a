"""Which objectives hold of the caption that a window has now: they were stated of what the model said, and a reviewer may have corrected that."""

from collections.abc import Iterable

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.records import Objectives, PairObjectives
from streamcap_dagster.reviews.reviewed import is_edited
from streamcap_dagster.rewards import coverage

EDITED_AWAY = "none holds of what a reviewer wrote in place of the caption"
_CONVEYED = 0.5


def objectives_that_hold(pairs: Iterable[WindowPair], stated: Objectives) -> dict[tuple[int, int], PairObjectives]:
    """The objectives of each pair that has some, or a reason why not. Of an edited caption only those that its words convey, so that nobody is asked again."""
    known = {(pair.clip, pair.window): pair for pair in stated.pairs}
    edited = (pair for pair in pairs if is_edited(pair.later) and pair.place in known)
    return known | {pair.place: _that_hold(pair.later.text, known[pair.place]) for pair in edited}


def _that_hold(text: str, stated: PairObjectives) -> PairObjectives:
    if not stated.objectives:
        return stated
    kept = tuple(objective for objective in stated.objectives if text and coverage(text, (objective,)) >= _CONVEYED)
    return stated.model_copy(update={"objectives": kept, "reason": "" if kept else EDITED_AWAY})
