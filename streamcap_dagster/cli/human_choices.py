"""What people prefer of what two runs say of a window: their rankings, and those they made while reviewing."""

from collections.abc import Iterator, Mapping, Sequence, Set

from streamcap_dagster.evaluation.comparing import Verdict
from streamcap_dagster.examples.chain import window_pairs
from streamcap_dagster.examples.ranking_items import rankings_of
from streamcap_dagster.examples.rankings import Rankings, basis_of
from streamcap_dagster.records import NO_CHANGE, Caption, Captions
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.reviewed import Reviewed, apply
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import Storage

Ranks = Mapping[str, float]
"""Texts of a window by rank, 1 the best; silence is `NO_CHANGE`."""


class Choices:
    """What people said of a video's captions as they are now, in one storage."""

    def __init__(self, storage: Storage, video_id: str, captions: Sequence[Caption]) -> None:
        self._known: dict[tuple[int, int], list[Ranks]] = {}
        made = [Captions(video_id=video_id, captions=tuple(one for one in captions if (one.kind == "initial") == initial)) for initial in (True, False)]
        reviewed = apply_review(read_review(storage, video_id), *made).reviewed
        corrected = [apply(captions, reviewed) for captions in made]
        bases = {(*pair.place, basis_of(pair)) for seen in (made, corrected) for pair in window_pairs(*seen)}
        for place, ranks in (*_reviewed(reviewed), *_ranked(rankings_of(storage, video_id), bases)):
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


def _reviewed(reviewed: Reviewed) -> Iterator[tuple[tuple[int, int], Ranks]]:
    for window in reviewed.windows:
        if window.ranking:
            yield (window.clip, window.window), {text: float(rank) for rank, text in enumerate(window.ranking, 1)}


def _ranked(rankings: Rankings, bases: Set[tuple[int, int, str]]) -> Iterator[tuple[tuple[int, int], Ranks]]:
    """Those made beside the captions as they are, as the model or as a reviewer said them."""
    for window in rankings.windows:
        if (window.clip, window.window, window.basis) in bases:
            yield (window.clip, window.window), {one.text: one.rank for one in window.candidates}
