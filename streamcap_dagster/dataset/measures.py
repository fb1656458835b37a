"""What the captions of a dataset are like, measured while it is made. Of each call it keeps a short digest and of each source a line; nothing else grows."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import get_args

from streamcap_dagster.dataset.background import Calls
from streamcap_dagster.dataset.draws import Draw
from streamcap_dagster.dataset.reward_cases import CASES, Place, offer_cases
from streamcap_dagster.dataset.rows import Row, VideoRows
from streamcap_dagster.quality.records import CaptionQuality
from streamcap_dagster.quality.verdicts import counted
from streamcap_dagster.records import CaptionKind, RlExample, SftExample
from streamcap_dagster.reviews.reviewed import is_dropped
from streamcap_dagster.rewards import redundancy
from streamcap_dagster.rewards.trivial import Case

CASES_MEASURED = 1000
VIDEOS_SHOWN = 3
_MEANS, _FINE = ("words_per_s", "redundancy"), 10_000


@dataclass
class Measures:
    """Lengths of all captions; a draw of examples for what takes longer to measure; a few rows to show."""

    words: dict[CaptionKind, Counter[int]] = field(default_factory=lambda: {kind: Counter() for kind in get_args(CaptionKind)})
    """How many captions have how many words. Silence is no caption."""
    calls: Calls = field(default_factory=Calls)
    """The calls that the captions come from."""
    shown: list[Row] = field(default_factory=list)
    """One SFT row per video that says something, of the videos whose ids come first, so that the card does not depend on the order of work."""
    sources: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many videos with rows have which licence, credit and address."""
    quality: Counter[str] = field(default_factory=Counter)
    """What is counted of the quality of captions, added up."""
    _deltas: Counter[str] = field(default_factory=Counter)
    """Sums over the deltas that say something, in whole ten-thousandths, so that the order of work does not matter."""
    _cases: Draw[Case] = field(default_factory=lambda: Draw(CASES_MEASURED))

    def add(self, video: VideoRows) -> None:
        dropped = {(caption.clip, caption.window) for caption in video.captions if is_dropped(caption)}
        for caption in video.captions:
            if caption.text and not is_dropped(caption):
                self.words[caption.kind][len(caption.text.split())] += 1
        self.calls.update(caption.call_key for caption in video.captions if caption.call_key)
        if video.quality is not None and video.quality.windows:
            self._add_quality(_without(video.quality, dropped))
        if any(video.rows.values()):
            source = video.entry.video
            self.sources[source.license, source.credit, source.url] += 1
        self._add_cases(video)
        self._show(row for row in video.rows.get("sft", ()) if isinstance(row.record, SftExample) and row.record.caption_window2_delta)

    @property
    def delta_means(self) -> dict[str, float] | None:
        """Of the deltas that say something; None where none does."""
        return {name: self._deltas[name] / _FINE / self._deltas["deltas"] for name in _MEANS} if self._deltas["deltas"] else None

    @property
    def cases(self) -> list[Case]:
        """Those that rewards are tried on."""
        return self._cases.drawn[:CASES]

    @property
    def novelty(self) -> list[float]:
        """Of the drawn deltas that say something: 1 where nothing of it was said before, 0 where all was."""
        spoken = (case for case in self._cases.drawn if not case.about.gold_is_silent)
        return [1 - redundancy(case.gold, case.about.history) for case in spoken]

    def _add_quality(self, quality: CaptionQuality) -> None:
        self.quality.update(counted(quality))
        for window in quality.windows:
            if window.kind == "delta" and window.words:
                self._deltas.update({"deltas": 1, **{name: round(getattr(window, name) * _FINE) for name in _MEANS}})

    def _add_cases(self, video: VideoRows) -> None:
        stated = {_place(row): row.record.objectives for row in video.rows.get("rl", ()) if isinstance(row.record, RlExample)}
        offer_cases(self._cases, ((_place(row), row.record) for row in video.rows.get("sft", ()) if isinstance(row.record, SftExample)), stated)

    def _show(self, spoken: Iterable[Row]) -> None:
        first = next(iter(spoken), None)
        if first is not None:
            self.shown = sorted((*self.shown, first), key=lambda row: row.video_id)[:VIDEOS_SHOWN]


def _without(quality: CaptionQuality, dropped: Collection[tuple[int, int]]) -> CaptionQuality:
    """What is left of it where people dropped windows. Of a video that has no other windows even the pairing is no matter."""
    windows = tuple(window for window in quality.windows if (window.clip, window.window) not in dropped)
    return quality.model_copy(update={"windows": windows, "pairing": quality.pairing if windows else None})


def _place(row: Row) -> Place:
    return row.clip, row.windows[-1]
