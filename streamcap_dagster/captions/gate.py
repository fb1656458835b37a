"""The no-change gate: says without asking anyone that a window looks like what was last captioned."""

from collections.abc import Sequence

import numpy as np

from streamcap_dagster.captions.captioner import Place
from streamcap_dagster.pixels.thumbnails import Pixels, block_means
from streamcap_dagster.records import Frame


class NoChangeGate:
    """Compares each frame of a window with the last frame of the reference window, block by block.

    The largest difference of any block decides, so that a small new object counts. A window that the gate holds back does not
    become the reference: a slow drift adds up until it is noticed.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._reference: Pixels | None = None
        self._seen: tuple[str, Pixels] | None = None

    def refer(self, frames: Sequence[Frame], place: Place) -> None:
        """Make a window, which was just captioned, the one that later windows are compared with."""
        if self._threshold > 0:
            self._reference = self._look(frames[-1], place)

    def passes(self, frames: Sequence[Frame], place: Place) -> bool:
        """Whether the captioner should be asked: something differs, or there is nothing to compare with."""
        reference = self._reference
        return reference is None or any(difference(self._look(frame, place), reference) >= self._threshold for frame in reversed(frames))

    def _look(self, frame: Frame, place: Place) -> Pixels:
        """Remembers the frame it looked at last: the last of a window differs most often, and is the next reference."""
        if self._seen is None or self._seen[0] != frame.sha256:
            self._seen = frame.sha256, block_means(frame, place.video_id)
        return self._seen[1]


def difference(one: Pixels, other: Pixels) -> int:
    """The largest difference of two pictures in any block, luma or chroma, from 0 to 255."""
    if one.shape != other.shape:
        return 255
    return int(np.abs(one.astype(np.int16) - other).max())
