"""What could be said of a window, for a person to rank: without telling who or what wrote which, in an order that tells nothing."""

from streamcap_dagster.examples.ranking_items import rankable_of
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage


class Candidates(Record):
    """The candidates of one window; fewer than two where there is nothing to rank."""

    history: tuple[str, ...]
    """What was said before it."""
    texts: tuple[str, ...]


def candidates_of(storage: Storage, video_id: str, clip: int, window: int) -> Candidates:
    for rankable in rankable_of(storage, video_id):
        if rankable.pair.place == (clip, window):
            return Candidates(history=tuple(rankable.item.history), texts=tuple(rankable.item.candidates.values()))
    return Candidates(history=(), texts=())
