"""What people prefer of what two runs say of a window: their rankings, and those they made while reviewing."""

from collections.abc import Iterator, Mapping, Sequence

from streamcap_dagster.evaluation.comparing import Verdict
from streamcap_dagster.examples.chain import window_pairs
from streamcap_dagster.examples.ranking_items import rankings_of
from streamcap_dagster.examples.rankings import basis_of
from streamcap_dagster.records import NO_CHANGE, Caption, Captions
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import Storage

Ranks = Mapping[str, float]
"""Texts of a window by rank, 1 the best; silence is `NO_CHANGE`."""


class Choices:
    """What people said of a video's captions as they are now, in one storage."""

    def __init__(self, storage: Storage, video_id: str, captions: Sequence[Caption]) -> None:
        self._known: dict[tuple[int, int], list[Ranks]] = {}
        made = [Captions(video_id=video_id, captions=tuple(one for one in captions if (one.kind == "initial") == initial)) for initial in (True, False)]
        for place, ranks in (*_reviewed(storage, video_id, *made), *_ranked(storage, video_id, *made)):
            self._known.setdefault(place, []).append(ranks)

    def between(self, caption: Caption, old: str, new: str) -> Verdict | None:
        """Which of two texts of a window people prefer; None where nobody has ranked both. A review goes before other rankings."""
        for ranks in self._known.get((caption.clip, caption.window), ()):
            if old in ranks and new in ranks:
                return "tie" if ranks[old] == ranks[new] else "old" if ranks[old] < ranks[new] else "new"
        return None


def said(caption: Caption) -> str:
    """What people are shown of a caption."""
    return caption.text or NO_CHANGE


def _reviewed(storage: Storage, video_id: str, initials: Captions, deltas: Captions) -> Iterator[tuple[tuple[int, int], Ranks]]:
    applied = apply_review(read_review(storage, video_id), initials, deltas).reviewed
    for window in applied.windows:
        if window.ranking:
            yield (window.clip, window.window), {text: float(rank) for rank, text in enumerate(window.ranking, 1)}


def _ranked(storage: Storage, video_id: str, initials: Captions, deltas: Captions) -> Iterator[tuple[tuple[int, int], Ranks]]:
    people = {(window.clip, window.window): window for window in rankings_of(storage, video_id).windows}
    for pair in window_pairs(initials, deltas) if people else ():
        ranked = people.get(pair.place)
        if ranked is not None and ranked.basis == basis_of(pair):
            yield pair.place, {one.text: one.rank for one in ranked.candidates}
