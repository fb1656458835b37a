"""What people said of the candidates of a video's windows: kept in the storage, it goes before every score."""

import hashlib
import json
from typing import Annotated

from pydantic import Field

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.records import NO_CHANGE, Record, VideoId
from streamcap_dagster.reviews.reviewed import ReviewedCaption, is_edited


class RankedText(Record):
    """A candidate as people saw it."""

    text: str
    rank: Annotated[float, Field(ge=1)]
    """1 is best; of several people the mean, so that it need not be whole. Equal ranks are ties."""


class RankedWindow(Record):
    """What people said of the candidates of one window."""

    clip: int
    window: int
    basis: str
    """What they were shown beside the candidates: `basis_of`. It stops counting when the captioner says something else before it, or of other pictures."""
    people: Annotated[int, Field(ge=1)]
    candidates: Annotated[tuple[RankedText, ...], Field(min_length=2)]


class Rankings(Record):
    """`rankings/<video_id>.json`: in order of clip, then window."""

    video_id: VideoId
    windows: tuple[RankedWindow, ...]

    def with_windows(self, windows: tuple[RankedWindow, ...]) -> "Rankings":
        """The same with what was said now, which replaces what was said of the same windows before."""
        kept = {(window.clip, window.window): window for window in (*self.windows, *windows)}
        return Rankings(video_id=self.video_id, windows=tuple(kept[place] for place in sorted(kept)))


def ranked_by_reviewer(pair: WindowPair) -> RankedWindow | None:
    """What a reviewer said of the candidates of a window; None where that is nothing. Who wrote another caption has said that it is the best."""
    later = pair.later
    if not isinstance(later, ReviewedCaption):
        return None
    ranking = later.ranking
    if is_edited(later):
        ranking = ranking or ((later.instead_of,) if later.instead_of is not None else ())
        ranking = tuple(dict.fromkeys((later.text or NO_CHANGE, *ranking)))
    if len(ranking) < 2:
        return None
    ranked = tuple(RankedText(text=text, rank=rank) for rank, text in enumerate(ranking, start=1))
    return RankedWindow(clip=later.clip, window=later.window, basis=basis_of(pair), people=1, candidates=ranked)


def basis_of(pair: WindowPair) -> str:
    """Names what a candidate is judged against: the words before it, and the pictures."""
    return _basis(pair, pair.said)


def counts_for(ranked: RankedWindow, pair: WindowPair) -> bool:
    """Whether people judged against what is known now. What they said before a reviewer wrote or dropped something of the words before it stays."""
    return ranked.basis in (_basis(pair, pair.said), _basis(pair, pair.captioned))


def _basis(pair: WindowPair, said: tuple[str, ...]) -> str:
    shown = json.dumps([said, pair.earlier.frame_sha256, pair.later.frame_sha256])
    return hashlib.sha256(shown.encode()).hexdigest()[:16]
