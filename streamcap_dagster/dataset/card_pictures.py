"""The pictures of the card, in `card/` beside it: named by what they show, so that they are there before a card speaks of them and need not be drawn twice."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import pyarrow as pa

from streamcap_dagster.dataset.measures import Measures
from streamcap_dagster.dataset.rows import Row
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import CaptionKind
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.frame_table import read_windows

KINDS: dict[CaptionKind, str] = {"initial": "initial captions", "delta": "deltas", "anchor": "anchors"}

_NAME = re.compile(re.escape(keys.DATASET) + r"/card/[a-z]+-[0-9a-f]{16}\.(png|jpg)")
_LAYOUT = "1"
"""Part of every name: raised when the same is to be drawn in another way."""
_WORDS_PER_BIN, _WORD_BINS, _NOVELTY_BINS = 4, 12, 10


@dataclass
class Album:
    """Which pictures there are, as paths relative to the card, and the size of each file by key."""

    histograms: str = ""
    strips: dict[str, str] = field(default_factory=dict)
    """Of the row that is shown of a video, by its video_id."""
    size_bytes: dict[str, int] = field(default_factory=dict)


def is_picture(key: str) -> bool:
    """Whether a key is of a picture of this card or of an earlier one."""
    return _NAME.fullmatch(key) is not None


def make_album(storage: Storage, measures: Measures, there: dict[str, int]) -> Album:
    """Draw what is not `there` yet. A row whose frames cannot be read has no picture."""
    album = Album()

    def keep(kind: str, shows: object, suffix: str, draw: Callable[[], bytes]) -> str:
        path = f"card/{kind}-{hashlib.sha256(f'{_LAYOUT} {shows!r}'.encode()).hexdigest()[:16]}.{suffix}"
        key = f"{keys.DATASET}/{path}"
        if key not in there:
            data = draw()
            storage.write(key, data)
            there[key] = len(data)
        album.size_bytes[key] = there[key]
        return path

    charts = _charts(measures)
    if charts:
        album.histograms = keep("histograms", charts, "png", lambda: _drawn(charts))
    for row in measures.shown:
        try:
            album.strips[row.video_id] = keep("film", row.frame_sha256, "jpg", lambda row=row: _strip(storage, row))  # type: ignore[misc]
        except (ObjectMissing, ObjectUnreadable, pa.ArrowException):
            continue
    return album


Chart = tuple[str, list[str], dict[str, list[float]]]


def _charts(measures: Measures) -> list[Chart]:
    lengths = {name: _lengths(measures.words[kind]) for kind, name in KINDS.items() if measures.words[kind]}
    novelty = measures.novelty
    charts: list[Chart] = []
    if lengths:
        bounds = [str(place * _WORDS_PER_BIN) if place % 2 == 0 else "" for place in range(_WORD_BINS - 1)]
        charts.append(("Words in a caption", [*bounds, f"{(_WORD_BINS - 1) * _WORDS_PER_BIN}+"], lengths))
    if novelty:
        bins = [min(_NOVELTY_BINS - 1, int(share * _NOVELTY_BINS)) for share in novelty]
        shares = [bins.count(place) / len(bins) for place in range(_NOVELTY_BINS)]
        charts.append(("Share of a delta that was not said before", [f"{place * 10} %" for place in range(_NOVELTY_BINS)], {"deltas": shares}))
    return charts


def _lengths(words: Counter[int]) -> list[float]:
    bins = Counter[int]()
    for length, count in words.items():
        bins[min(_WORD_BINS - 1, length // _WORDS_PER_BIN)] += count
    return [bins[place] / words.total() for place in range(_WORD_BINS)]


def _drawn(charts: Sequence[Chart]) -> bytes:
    from streamcap_dagster.dataset.charts import draw_histograms  # Pillow is slow to import, and most commands draw nothing

    return draw_histograms(charts)


def _strip(storage: Storage, row: Row) -> bytes:
    from streamcap_dagster.dataset.filmstrip import draw_filmstrip

    return draw_filmstrip(list(_pictures(storage, row)))


def _pictures(storage: Storage, row: Row) -> Iterator[list[bytes]]:
    with storage.open(keys.frames(row.video_id)) as file:
        for window, frames in read_windows(file, row.clip):
            if window in row.windows:
                yield [frame.jpeg for frame in frames]
            if window >= row.windows[-1]:
                return


def middle(words: Counter[int]) -> int:
    """The median of a histogram: half of the captions have as many words or fewer."""
    reached = 0
    for length in sorted(words):
        reached += words[length]
        if 2 * reached >= words.total():
            return length
    return 0


def mean_novelty(measures: Measures) -> float | None:
    novelty = measures.novelty
    return fmean(novelty) if novelty else None
