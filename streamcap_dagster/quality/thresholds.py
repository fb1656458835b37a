"""The one place of thresholds: from which value on a caption, a video or a whole dataset is worth a look, and from which on it is wrong."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streamcap_dagster.quality.records import WindowQuality

Verdict = Literal["ok", "warn", "error"]


@dataclass(frozen=True)
class Levels:
    """A value is judged by the worst level that it reaches."""

    warn: float
    error: float | None = None
    """None where it is never worse than worth a look."""
    falling: bool = False
    """Whether it is the lower values that are worse."""

    def verdict(self, value: float) -> Verdict:
        if self.error is not None and self._reaches(value, self.error):
            return "error"
        return "warn" if self._reaches(value, self.warn) else "ok"

    def _reaches(self, value: float, level: float) -> bool:
        return value <= level if self.falling else value >= level


@dataclass(frozen=True)
class Metric:
    """What is measured of captions, and its levels."""

    name: str
    about: str
    """What is wrong with captions that reach them, for people: what follows on `captions that`."""
    window: Levels
    """Of what is measured of one caption; a count where a caption has a list of findings, 1 where it has one."""
    video: Levels
    """Of the share of a video's captions, 0 to 1, that reach the window's level `warn`."""
    dataset: Levels
    """The same share of all captions of a dataset."""
    deltas_only: bool = False
    """Whether full captions are spared it."""

    def applies(self, window: WindowQuality) -> bool:
        return window.words > 0 and (window.kind == "delta" or not self.deltas_only)


_COUNTED = Levels(1)
_WRONG = Levels(1, 1)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("words_per_s", "cannot be spoken in their window", Levels(4.5, 8), Levels(0.5, 0.9), Levels(0.4, 0.8), deltas_only=True),
        Metric("repetition", "say the same thing over and over", Levels(0.5, 0.7), Levels(0.1, 0.5), Levels(0.05, 0.25)),
        Metric("redundancy", "repeat a sentence of an earlier one", Levels(0.75, 1), Levels(0.3, 0.8), Levels(0.2, 0.6), deltas_only=True),
        Metric("novelty", "say hardly anything new", Levels(0.25, 0, falling=True), Levels(0.2, 0.6), Levels(0.1, 0.4), deltas_only=True),
        Metric("repeats", "are nearly a copy of an earlier one", _WRONG, Levels(0.1, 0.5), Levels(0.05, 0.25), deltas_only=True),
        Metric("meta_talk", "speak of the video, or of what goes on as before", Levels(1, 3), Levels(0.3, 0.9), Levels(0.2, 0.6)),
        Metric("refusal", "are refusals", _WRONG, Levels(0.01, 0.2), Levels(0.005, 0.05)),
        Metric("times", "tell times or numbers of frames", Levels(1, 3), Levels(0.1, 0.5), Levels(0.05, 0.25)),
        Metric("language", "are in another language than most", _COUNTED, Levels(0.1, 0.4), Levels(0.05, 0.3)),
        Metric("renamed", "give a thing another name than before", _COUNTED, Levels(0.3), Levels(0.2), deltas_only=True),
    )
}
"""By name. LiveCC keeps speech of 1 to 4 words a second; a full caption is not meant to be spoken in its window."""

SILENCE = Metric("silence", "are silent", Levels(1), Levels(0.98), Levels(0.9, 0.99))
"""Of the windows after the first of their segment, whatever came of them: a dataset that is nearly all silent teaches nothing."""

PAIRING = Metric(
    "pairing",
    "fit the frames of other windows as well as those of their own",
    Levels(1),
    Levels(0.1, 0.03, falling=True),
    Levels(0.1, 0.03, falling=True),
)
"""Of the margin of the pairing audit, with what chance may have cost it: it is judged by how high it may be, so that few windows prove nothing.
Right captions of drawn worlds have 0.14 and more, captions on the windows of other videos some 0.01, a single video's up to 0.05 by chance. What lies
between is a first guess: right captions of real footage in which little changes may have small margins, so an error is only what chance alone makes."""

SHIFT = Metric("shift", "are of a video whose deltas fit the windows before or after them much better", Levels(1), Levels(1, 1), Levels(0.05, 0.2))

DRIFT = Metric("drift", "describe a scene that what was said before them has drifted away from", Levels(1), Levels(0.3), Levels(0.2))
"""Of the mean of the drifts, one for each anchor. First guesses, from 48 drawn videos with an anchor every 6, 12 or 15 windows. Perfect captions come to
0.02, a video to 0.15 at most; deltas that are silent or repeat the scene to 0.16, 0.27 and 0.31; those of another video to 0.24 to 0.37, its captions
whole to 0.43 to 0.66. Shuffled deltas come to 0.06 to 0.11 and are not found by this. Words count and not what they mean: where the anchor has other words
for a quarter of the things, perfect captions come to 0.16, for half of them to 0.27, as far as silence. So it is worth a look, and never an error."""

POOR = Metric("poor_videos", "have a finding that is an error", Levels(1), Levels(1), Levels(0.02, 0.1))
"""Of videos."""

ERROR = "_error"


def flags(values: Mapping[str, float]) -> tuple[str, ...]:
    """The thresholds that a caption passes: `redundancy`, and where it is an error `redundancy_error` beside it. `values` are by metric."""
    found: list[str] = []
    for name, value in values.items():
        verdict = METRICS[name].window.verdict(value)
        if verdict != "ok":
            found.append(name)
        if verdict == "error":
            found.append(f"{name}{ERROR}")
    return tuple(found)


def of_videos() -> tuple[Metric, ...]:
    """All that a video is judged by, in this order."""
    return (*METRICS.values(), SILENCE, PAIRING, SHIFT, DRIFT)


def version() -> str:
    """Changes with any threshold that decides what is kept of a video: flags of its windows, and whether it is in error."""
    return hashlib.sha256(repr([(metric.name, metric.window, metric.video) for metric in of_videos()]).encode()).hexdigest()[:16]
