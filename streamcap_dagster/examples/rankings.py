"""What people said of the candidates of a video's windows: kept in the storage, it goes before every score."""

import hashlib
import json
from typing import Annotated

from pydantic import Field

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.records import Record, VideoId


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
    """What they were shown beside the candidates: `basis_of`. It stops counting when another basis is known of the window."""
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


def basis_of(pair: WindowPair) -> str:
    """Names what a candidate is judged against: the words before it, and the pictures."""
    shown = json.dumps([pair.said, pair.earlier.frame_sha256, pair.later.frame_sha256])
    return hashlib.sha256(shown.encode()).hexdigest()[:16]
