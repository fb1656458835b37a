"""A video in short, one letter a window for each thing that is shown of it, so that many fit into memory and into one answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.quality.thresholds import ERROR
from streamcap_dagster.records import Outcome, Record, Video, in_order
from streamcap_dagster.review_page.costs import Costs, costs_of
from streamcap_dagster.review_page.shown import Part, Reading
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.records import Decision, Review
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import Storage

LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
"""One of 64 levels as a letter, the lowest first."""
UNKNOWN = "-"
MOST_WORDS_PER_S = 8.0
"""The uppermost level of speed; what is faster is told as this."""
OUTCOME_LETTERS: Mapping[Outcome, str] = {
    "ok": "o",
    "no_change": "n",
    "blocked": "b",
    "recitation": "r",
    "truncated": "t",
    "invalid": "i",
    "empty": "e",
}
BINS = 16
"""Bars of a distribution."""

Measure = Literal["novelty", "redundancy", "words_per_s"]
MEASURES: Mapping[Measure, Callable[[WindowQuality], float]] = {
    "novelty": lambda window: window.novelty,
    "redundancy": lambda window: window.redundancy,
    "words_per_s": lambda window: window.words_per_s / MOST_WORDS_PER_S,
}
"""Each from 0 to 1, or more for what is beyond the scale."""


class Summary(Record):
    """One video. The texts are as long as it has windows, in order of clip, then window."""

    video_id: str
    duration_s: float
    windows: int
    outcomes: str
    novelty: str
    redundancy: str
    words_per_s: str
    flags: str
    """How many thresholds each passes, 9 for more."""
    decided: str
    """k kept, d dropped, e edited, r ranked; only by what applies to what is said now. A verdict on a clip is one on each of its windows."""
    flag_counts: dict[str, int]
    total_usd: float
    not_made: tuple[Part, ...]
    troubles: tuple[str, ...]

    @property
    def flagged(self) -> int:
        """Windows that pass a threshold."""
        return sum(letter not in f"0{UNKNOWN}" for letter in self.flags)

    @property
    def mean_novelty(self) -> float:
        """Of the windows that say something, from 0 to 1; 1 where none does."""
        told = [LEVELS.index(letter) for letter in self.novelty if letter != UNKNOWN]
        return sum(told) / len(told) / (len(LEVELS) - 1) if told else 1.0

    def counted(self) -> Counter[str]:
        """What it adds to the figures of the corpus, by name."""
        counts = Counter({"videos": 1, "windows": self.windows, "flagged_windows": self.flagged, "flagged_videos": int(self.flagged > 0)})
        counts["milliseconds"] = round(1000 * self.duration_s)
        counts.update(f"outcome {letter}" for letter in self.outcomes)
        counts.update(f"decided {letter}" for letter in self.decided if letter != UNKNOWN)
        counts.update({f"flag {name}": count for name, count in self.flag_counts.items()})
        counts.update(f"not_made {part}" for part in self.not_made)
        counts["unreadable"] = int(bool(self.troubles))
        for measure in MEASURES:
            counts.update(f"{measure} {_bin(letter)}" for letter in getattr(self, measure) if letter != UNKNOWN)
        return counts


def summarize(storage: Storage, video: Video) -> Summary:
    """What was measured tells how each window ended too, so that captions are read only where nothing was measured yet, or something was decided."""
    reading = Reading(storage, video.video_id)
    quality, review = reading.quality(), reading.or_else(Review(video_id=video.video_id), read_review)
    is_decided = any(not decision.is_nothing for decision in review.decisions)
    said = reading.initials_and_deltas() if quality is None or is_decided else None
    measured = quality.windows if quality else ()
    windows = quality.windows if quality else in_order(*said) if said else ()
    places = [((one.clip, one.window), one.outcome) for one in windows]
    applying = apply_review(review, *said).applying if said else {}
    nothing = UNKNOWN * len(places)
    levels = {name: "".join(_level(window, measure) for window in measured) or nothing for name, measure in MEASURES.items()}
    return Summary(
        video_id=video.video_id,
        duration_s=video.duration_s,
        windows=len(places),
        outcomes="".join(OUTCOME_LETTERS[outcome] for _, outcome in places),
        **levels,
        flags="".join(str(min(9, _thresholds(window.flags))) for window in measured) or nothing,
        decided="".join(_decided(applying.get(place), applying.get((place[0], None))) for place, _ in places),
        flag_counts=dict(Counter(flag for window in measured for flag in _plain(window.flags))),
        total_usd=reading.or_else(Costs({}), costs_of).total_usd,
        not_made=tuple(reading.not_made),
        troubles=tuple(reading.troubles),
    )


def _level(window: WindowQuality, measure: Callable[[WindowQuality], float]) -> str:
    """Silence says nothing new and repeats nothing."""
    if not window.words:
        return UNKNOWN
    return LEVELS[round(max(0.0, min(1.0, measure(window))) * (len(LEVELS) - 1))]


def _bin(letter: str) -> int:
    return LEVELS.index(letter) * BINS // len(LEVELS)


def _plain(flags: Iterable[str]) -> list[str]:
    """A threshold that is passed as an error is told as a warning too, and counts once."""
    return [flag for flag in flags if not flag.endswith(ERROR)]


def _thresholds(flags: Iterable[str]) -> int:
    return len(_plain(flags))


def _decided(of_window: Decision | None, of_clip: Decision | None) -> str:
    """What shows first of all that was decided."""
    verdict = (of_window and of_window.verdict) or (of_clip and of_clip.verdict)
    if verdict == "drop":
        return "d"
    if of_window and of_window.text is not None:
        return "e"
    if verdict == "keep":
        return "k"
    return "r" if of_window else UNKNOWN
