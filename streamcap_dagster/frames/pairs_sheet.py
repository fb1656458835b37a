"""A picture of videos that look alike: a row a pair, the same moment of one and of the other side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streamcap_dagster.frames.contact_sheet import SMALL_BYTES, sheet
from streamcap_dagster.records import Frame
from streamcap_dagster.storage.frame_table import FramesFile, read_positions, read_rows


class Moment(NamedTuple):
    """A time of a video whose frames are at hand."""

    frames: FramesFile
    at_s: float


def pairs_sheet(pairs: Sequence[tuple[Moment, Moment]]) -> bytes:
    """A JPEG of at most SMALL_BYTES: as many pairs, of which there is one at least, and as fine, as fit."""
    cells = [[_frame(moment) for moment in pair] for pair in pairs]
    for rows, height, quality in ((len(cells), 90, 60), (len(cells), 72, 40), (2, 72, 40)):
        picture = sheet([frame for row in cells[:rows] for frame in row], columns=2, height=height, quality=quality)
        if len(picture) <= SMALL_BYTES:
            return picture
    return sheet(cells[0], columns=2, height=54, quality=30)


def _frame(moment: Moment) -> Frame:
    """The frame nearest to the moment."""
    times = read_positions(moment.frames)["target_s"].to_numpy()
    (frame,) = read_rows(moment.frames, [int(np.abs(times - moment.at_s).argmin())])
    return frame
