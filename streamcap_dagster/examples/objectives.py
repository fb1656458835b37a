"""Which objectives hold of the caption that a window has now: they were stated of what the model said, and a reviewer may have corrected that."""

from collections.abc import Iterable

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.records import Caption, Objectives, PairObjectives
from streamcap_dagster.reviews.reviewed import captioned_text, is_edited
from streamcap_dagster.rewards import coverage

EDITED_AWAY = "none holds of what a reviewer wrote in place of the caption"
UNSTATED = "none were stated of what a reviewer wrote where the captioner said nothing"
SILENCED = "a reviewer wrote silence, of which there is nothing to state"
_CONVEYED = 0.5


def objectives_that_hold(pairs: Iterable[WindowPair], stated: Objectives) -> dict[tuple[int, int], PairObjectives]:
    """The objectives of each pair that has some, or a reason why not. Of an edited caption only those that its words convey, so that nobody is asked again."""
    known = {(pair.clip, pair.window): pair for pair in stated.pairs}
    edited = (pair for pair in pairs if is_edited(pair.later) and pair.place in known)
    return known | {pair.place: _that_hold(pair.later, known[pair.place]) for pair in edited}


def _that_hold(later: Caption, stated: PairObjectives) -> PairObjectives:
    if not stated.objectives and captioned_text(later):
        return stated
    if not stated.objectives:
        return stated.model_copy(update={"reason": UNSTATED if later.text else SILENCED})
    kept = tuple(objective for objective in stated.objectives if later.text and coverage(later.text, (objective,)) >= _CONVEYED)
    return stated.model_copy(update={"objectives": kept, "reason": "" if kept else EDITED_AWAY})
