"""Two captionings of the same video side by side, window by window, and what differs in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from streamcap_dagster.records import Caption

Span = tuple[float, float, int]
"""Start and end of a window in seconds, and how many windows of that span came before it: clips may overlap."""


@dataclass(frozen=True)
class Said:
    """What both say of one window; None where one of them has no such window."""

    span: Span
    old: Caption | None
    new: Caption | None

    @property
    def changed(self) -> bool:
        return self.old is None or self.new is None or _told(self.old) != _told(self.new)


@dataclass(frozen=True)
class Manner:
    """How one captioning speaks: words of a caption that says something, and the share of windows in which nothing is said to be new."""

    windows: int
    words: float | None
    silent: float | None


@dataclass(frozen=True)
class Comparison:
    """Windows of one or of several videos."""

    windows: tuple[Said, ...]

    @property
    def changed(self) -> tuple[Said, ...]:
        return tuple(said for said in self.windows if said.changed)

    @property
    def share_changed(self) -> float:
        return len(self.changed) / len(self.windows) if self.windows else 0.0

    @property
    def old(self) -> Manner:
        return _manner(said.old for said in self.windows)

    @property
    def new(self) -> Manner:
        return _manner(said.new for said in self.windows)


def compare(old: Iterable[Caption], new: Iterable[Caption]) -> Comparison:
    """Pair captions of one video by the seconds that they speak of, in order of time."""
    before, after = _by_span(old), _by_span(new)
    return Comparison(tuple(Said(span, before.get(span), after.get(span)) for span in sorted({*before, *after})))


def _told(caption: Caption) -> tuple[str, str, str]:
    return caption.kind, caption.outcome, caption.text


def words_in(caption: Caption | None) -> int:
    return len(caption.text.split()) if caption else 0


def _by_span(captions: Iterable[Caption]) -> dict[Span, Caption]:
    seen = Counter[tuple[float, float]]()
    found = {}
    for caption in captions:
        seconds = (caption.start_s, caption.end_s)
        found[(*seconds, seen[seconds])] = caption
        seen[seconds] += 1
    return found


def _manner(captions: Iterable[Caption | None]) -> Manner:
    there = [caption for caption in captions if caption is not None]
    spoken = [words_in(caption) for caption in there if caption.text]
    silent = sum(caption.outcome == "no_change" for caption in there)
    return Manner(len(there), sum(spoken) / len(spoken) if spoken else None, silent / len(there) if there else None)
