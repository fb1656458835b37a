"""The measures of captions that are held against the truth, each with bounds over videos, and the one that runs are ranked by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from streamcap_dagster.evaluation.bootstrap import Interval, Numbers, bounds, ratio, resampled
from streamcap_dagster.evaluation.tally import Tally
from streamcap_dagster.truth import EventType

Sums = Mapping[str, Numbers]
"""Sums of tallies by name: one number for all videos, or one per draw of them."""
Better = Literal["more", "less", ""]


@dataclass(frozen=True)
class Measure:
    name: str
    better: Better
    unit: Literal["%", "s", "", "n"]
    """`n` is a count."""
    about: str
    of: Callable[[Sums], Numbers]


def _share(above: str, below: str) -> Callable[[Sums], Numbers]:
    return lambda sums: ratio(sums[above], sums[below])


def harmonic(one: Numbers, other: Numbers) -> Numbers:
    """The harmonic mean; where one of the two could not be measured, the other alone."""
    both = ratio(2 * one * other, one + other)
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, np.where(one + other == 0, 0.0, both)))


def _f1(recall: Numbers, precision: Numbers) -> Numbers:
    """Without anything to find there is no F1; without anything found it is 0."""
    return np.where(np.isnan(recall), np.nan, harmonic(recall, np.nan_to_num(precision)))


def _event_f1(sums: Sums) -> Numbers:
    return _f1(ratio(sums["in_time"], sums["events"]), ratio(sums["right_claims"], sums["event_claims"]))


def _silence_f1(sums: Sums) -> Numbers:
    return _f1(ratio(sums["right_silences"], sums["silences_due"]), ratio(sums["right_silences"], sums["silences"]))


def _unfounded(sums: Sums) -> Numbers:
    return ratio(sums["false_event"] + sums["false_thing"] + sums["leaked"], sums["claims"])


def overall(sums: Sums) -> Numbers:
    """The one score to rank by: the harmonic mean of event F1 and silence F1, times the share of statements with a ground, times the share not said before.

    A delta is good when it tells what happened and is silent otherwise. The harmonic mean gives nothing to either alone: who never speaks keeps every silence
    and tells no event, who always speaks tells every event and keeps no silence; an arithmetic mean would give both a half. Event F1 counts an event the less
    the later it is told (by PATIENCE_S nothing), so that captions which sit on a later window lose also where silences are few. What is made up, told before
    it could be seen, or said again would be next to free in windows that have something to tell; so it takes away its share of all statements. What cannot
    be measured, as silence where something happens all the time, is left out.
    """
    kept = [1 - np.nan_to_num(share) for share in (_unfounded(sums), ratio(sums["repeated"], sums["claims"]))]
    return harmonic(_event_f1(sums), _silence_f1(sums)) * kept[0] * kept[1]


OVERALL = "overall"
MEASURES = (
    Measure(OVERALL, "more", "%", "harmonic mean of event F1 and silence F1, less what is unfounded or repeated; to rank by", overall),
    Measure("event_f1", "more", "%", "harmonic mean of event precision and of event recall, in which a late telling counts less", _event_f1),
    Measure("event_recall", "more", "%", "events that are told, however late", _share("told", "events")),
    Measure("event_precision", "more", "%", "statements of events that are true, and not too early", _share("right_claims", "event_claims")),
    Measure("silence_f1", "more", "%", "harmonic mean of the next two", _silence_f1),
    Measure("silence_recall", "more", "%", "windows without news that are silent", _share("right_silences", "silences_due")),
    Measure("silence_precision", "more", "%", "silent windows that have no news", _share("right_silences", "silences")),
    Measure(
        "idle_silence",
        "more",
        "%",
        "windows with nothing but a moving camera or a distractor that are silent",
        _share("idle_silences", "idle_windows"),
    ),
    Measure("delay", "less", "s", "LiveStar: until the first caption that tells a segment, or all of it", _share("segments_delay_s", "segments")),
    Measure("redundancy", "less", "", "LiveStar: captions of a segment that are too many or missing", _share("segments_off", "segments")),
    Measure("coverage", "more", "%", "LiveStar: segments that are told while they last", _share("segments_told", "segments")),
    Measure("repeated", "less", "%", "statements that say again what was said", _share("repeated", "claims")),
    Measure("leaked", "less", "%", "statements of events that have not begun", _share("leaked", "claims")),
    Measure("false_events", "less", "%", "statements of events that never were, also in a wrong colour", _share("false_event", "claims")),
    Measure("false_things", "less", "%", "things named, in any caption, that were never there, also in a wrong colour", _share("false_mentions", "mentions")),
    Measure("scene_coverage", "more", "%", "things on screen that the full descriptions name, with their colour", _share("things_told", "things")),
    Measure("words_per_s", "", "", "words of the deltas, by the second", _share("words", "seconds")),
    Measure("failed", "less", "n", "captions that failed: neither speech nor silence", lambda sums: sums["failed"]),
)
TYPES: tuple[EventType, ...] = get_args(EventType)
_BASE = (
    *("events", "told", "in_time", "right_claims", "event_claims", "right_silences", "silences_due", "silences", "idle_silences", "idle_windows"),
    *("segments", "segments_delay_s", "segments_off", "segments_told", "claims", "repeated", "leaked", "false_event", "false_thing", "idle", "other"),
    *("mentions", "false_mentions", "things", "things_told", "words", "seconds", "failed", "windows", "spoken", "outside", "out_of_sight"),
)


@dataclass(frozen=True)
class OfType:
    """How events of one type fare. Of camera and distractors, which are not to be told, only how often they are met with silence."""

    type: EventType
    events: int
    outside: int
    """Events beside these that no delta is asked for."""
    recall: float | None
    precision: float | None
    silence: float | None


@dataclass(frozen=True)
class Scores:
    """What captions of some videos come to. `counts` are sums over all of them."""

    name: str
    measures: Mapping[str, Interval]
    types: tuple[OfType, ...]
    counts: Mapping[str, float]

    @property
    def overall(self) -> float:
        """For ranking; nothing measured is worth nothing."""
        return self.measures[OVERALL].value or 0.0


def score(name: str, tallies: Sequence[Tally]) -> Scores:
    """The measures of one captioner over videos, of which there is at least one tally each. Their order does not matter to the values."""
    rows = np.array([[tally[column] for column in _BASE] for tally in tallies])
    whole, drawn = _named(rows.sum(axis=0, keepdims=True)), _named(resampled(rows)) if len(rows) > 1 else None
    measured = {measure.name: _interval(measure, whole, drawn) for measure in MEASURES}
    types = [of_type for kind in TYPES if (of_type := _of_type(kind, tallies)) is not None]
    return Scores(name, measured, tuple(types), {column: float(values[0]) for column, values in whole.items()})


def _named(rows: Numbers) -> dict[str, Numbers]:
    return dict(zip(_BASE, rows.T, strict=True))


def _interval(measure: Measure, whole: Sums, drawn: Sums | None) -> Interval:
    value = float(measure.of(whole)[0])
    if np.isnan(value):
        return Interval(None)
    return Interval(value, *bounds(measure.of(drawn))) if drawn is not None and measure.unit != "n" else Interval(value)


def _of_type(kind: EventType, tallies: Sequence[Tally]) -> OfType | None:
    """None of a type that neither happens nor is claimed."""
    events, outside, told, right, claims, idle, kept = (
        sum(tally.get(f"{name}:{kind}", 0.0) for tally in tallies)
        for name in ("events", "outside", "told", "right_claims", "event_claims", "idle_windows", "idle_silences")
    )
    if not (events or outside or claims or idle):
        return None
    return OfType(kind, round(events), round(outside), _part(told, events), _part(right, claims), _part(kept, idle))


def _part(above: float, below: float) -> float | None:
    return above / below if below else None
