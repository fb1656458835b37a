"""What rows tell of the quality of a window's caption."""

import struct
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator

from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.records import Record


def _as_stored(number: float) -> float:
    """Parquet has these in 32 bits: rounded to them now, a row that is read back is equal to the one that was written."""
    stored: float = struct.unpack("f", struct.pack("f", number))[0]
    return stored


Single = Annotated[float, AfterValidator(_as_stored)]


class QualityColumns(Record):
    """Zeros and no flags where nothing was said."""

    novelty: Single = 0.0
    """Share of the caption, 0 to 1, that was not said before."""
    redundancy: Single = 0.0
    """1 when a sentence of it was said in full before."""
    words_per_s: Single = 0.0
    quality_flags: tuple[str, ...] = ()


def quality_columns(window: WindowQuality) -> QualityColumns:
    return QualityColumns(novelty=window.novelty, redundancy=window.redundancy, words_per_s=window.words_per_s, quality_flags=window.flags)


def quality_of_all(windows: Sequence[tuple[float, QualityColumns]]) -> QualityColumns:
    """Of windows that are told as one, each with its length in seconds: novelty is the mean over their words, redundancy the worst, flags are all of them."""
    said = [(seconds * window.words_per_s, window) for seconds, window in windows]
    words = sum(spoken for spoken, _ in said)
    if not words:
        return QualityColumns()
    return QualityColumns(
        novelty=sum(spoken * window.novelty for spoken, window in said) / words,
        redundancy=max(window.redundancy for _, window in said),
        words_per_s=words / sum(seconds for seconds, _ in windows),
        quality_flags=tuple(dict.fromkeys(flag for _, window in said for flag in window.quality_flags)),
    )
