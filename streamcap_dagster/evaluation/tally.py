"""Counts, per video, what captions tell, miss, repeat and make up; measures are made of sums of these."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from streamcap_dagster.evaluation.claims import Claim
from streamcap_dagster.evaluation.speech import Said, chains
from streamcap_dagster.evaluation.standing import Known, Standing, Witness
from streamcap_dagster.rewards.words import words
from streamcap_dagster.truth import DrawnEvent, DrawnTruth, EventType, events_of, under_way

PATIENCE_S = 10.0
"""What is told so much later than in its own window earns nothing for being in time; what is told in between earns the less the later it comes."""

_MOMENT_S = 1e-3


class Tally(defaultdict[str, float]):
    """Counts and sums by name; `name:type` is of events of one type."""

    def __init__(self) -> None:
        super().__init__(float)

    def add(self, name: str, amount: float = 1, of: EventType | None = None) -> None:
        self[name] += amount
        if of is not None:
            self[f"{name}:{of}"] += amount


FaultKind = Literal["false_event", "false_thing", "leaked", "missed", "idle", "repeated"]


@dataclass(frozen=True)
class Fault:
    """What a person would mark in a caption. `text` is the clause, or what should have been told in the window and never was."""

    start_s: float
    end_s: float
    kind: FaultKind
    text: str


@dataclass(frozen=True)
class Heard:
    """What the captions of one video come to."""

    tally: Tally
    faults: list[Fault]


def hear(truth: DrawnTruth, said: Sequence[Said]) -> Heard:
    """Hold the captions of one video, in order, against its truth.

    Events that no delta is asked for are counted as outside, and those of them that are complete in no window at all as out of sight; and as nothing else.
    """
    heard, witness = Heard(Tally(), []), Witness(truth)
    for windows in chains(said):
        chain = _Chain(witness, heard.tally, heard.faults, windows)
        for at in windows:
            chain.hear(at)
        chain.end()
    _count_outside(truth, said, heard.tally)
    return heard


def _count_outside(truth: DrawnTruth, said: Sequence[Said], counted: Tally) -> None:
    shown, due = ({event.event for at in windows for event in events_of(truth, at.start_s, at.end_s)} for windows in (said, [at for at in said if not at.full]))
    for event in truth.events:
        if event.semantic and event.event not in due:
            counted.add("outside", of=event.type)
            counted.add("out_of_sight", event.event not in shown)


def tally(truth: DrawnTruth, said: Sequence[Said]) -> Tally:
    return hear(truth, said).tally


@dataclass
class _Segment:
    """What LiveStar calls one: a window in which something became complete, and all windows until the next of these."""

    due: Sequence[DrawnEvent]
    end_s: float
    told_at_s: float | None = None
    captions: int = 0


@dataclass
class _Chain:
    """One clip on its way through its windows."""

    witness: Witness
    tally: Tally
    faults: list[Fault]
    windows: Sequence[Said]
    told: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    segments: list[_Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._truth = self.witness.truth
        deltas = [at for at in self.windows if not at.full]
        self._due_at = {event.event: at for at in deltas for event in events_of(self._truth, at.start_s, at.end_s)}

    def hear(self, at: Said) -> None:
        claims = self.witness.reader.claims(at.text)
        self._count_things(claims, at)
        self.tally.add("failed", at.failed)
        if at.full:
            self._hear_description(claims, at)
        else:
            self._hear_delta(claims, at)
        if at.text:
            self.said.append(at.text)

    def _hear_description(self, claims: Sequence[Claim], at: Said) -> None:
        """Held against all that is on screen for most of the window. Events that are complete by then are no news later, whether it tells them or not."""
        named = {(said.noun, colour) for claim in claims for said in claim.mentions for colour in (said.colour, *claim.stray_colours)}
        for look in self._truth.looks:
            on_screen_s = min(look.end_s, at.end_s) - max(look.start_s, at.start_s)
            if on_screen_s > (at.end_s - at.start_s) / 2 and not at.failed:
                self.tally.add("things")
                self.tally.add("things_told", any(noun in look.nouns and (not look.colours or colour in look.colours) for noun, colour in named))
        done = events_of(self._truth, at.start_s, at.end_s)
        self.told |= {event.event for event in self._truth.events if event.semantic and (event.end_s < at.start_s or event in done)}
        if self.segments:
            self.segments[-1].end_s = at.end_s

    def _hear_delta(self, claims: Sequence[Claim], at: Said) -> None:
        due = events_of(self._truth, at.start_s, at.end_s)
        self._go_on(due, at)
        if not at.failed:
            self._count_silence(due, at)
        told_before = frozenset(self.told)
        for claim in claims:
            known = Known(at.start_s, self._seen_until_s(at), due, told_before, frozenset(self.told - told_before), tuple(self.said))
            self._count_claim(claim, self.witness.standing(claim, known), at)

    def _go_on(self, due: Sequence[DrawnEvent], at: Said) -> None:
        for event in due:
            self.tally.add("events", of=event.type)
        if due:
            told_before = any(event.event in self.told for event in due)
            self.segments.append(_Segment(due, at.end_s, at.start_s if told_before else None))
        if self.segments:
            self.segments[-1].end_s = at.end_s
            self.segments[-1].captions += bool(at.text)

    def _count_silence(self, due: Sequence[DrawnEvent], at: Said) -> None:
        """Where nothing is to be told but something is under way, speech and silence are both right."""
        for name, amount in (("windows", 1), ("spoken", bool(at.text)), ("words", len(words(at.text))), ("seconds", at.end_s - at.start_s)):
            self.tally.add(name, amount)
        to_tell, under_way_now = (any(event.event not in self.told for event in of) for of in (due, under_way(self._truth, at.start_s, at.end_s)))
        if under_way_now and not to_tell:
            return
        self.tally.add("silences", not at.text)
        if to_tell:
            return
        self.tally.add("silences_due")
        self.tally.add("right_silences", not at.text)
        self._count_idle(at)

    def _count_idle(self, at: Said) -> None:
        """Windows in which something happens that means nothing."""
        kinds = {event.type for event in self._truth.events if not event.semantic and event.start_s < at.end_s and event.end_s > at.start_s}
        self.tally.add("idle_windows", bool(kinds))
        self.tally.add("idle_silences", bool(kinds) and not at.text)
        for kind in kinds:
            self.tally[f"idle_windows:{kind}"] += 1
            self.tally[f"idle_silences:{kind}"] += not at.text

    def _count_claim(self, claim: Claim, standing: Standing, at: Said) -> None:
        if standing.worth in get_args(FaultKind):
            self.faults.append(Fault(at.start_s, at.end_s, standing.worth, claim.text))  # type: ignore[arg-type]
        self.tally.add("claims")
        self.tally.add(standing.worth)
        if standing.worth in ("leaked", "idle", "false_event"):
            self.tally.add("event_claims", of=standing.type)
        for event in standing.events:
            self.told.add(event.event)
            self.tally.add("event_claims", of=event.type)
            self.tally.add("right_claims", of=event.type)
            if event.event in self._due_at:
                self._count_told(event, at)

    def _count_told(self, event: DrawnEvent, at: Said) -> None:
        late_s = max(0.0, at.start_s - self._due_at[event.event].start_s)
        self.tally.add("told", of=event.type)
        self.tally.add("in_time", max(0.0, 1 - late_s / PATIENCE_S))
        if self.segments and event in self.segments[-1].due and self.segments[-1].told_at_s is None:
            self.segments[-1].told_at_s = at.end_s

    def _count_things(self, claims: Iterable[Claim], at: Said) -> None:
        mentions = [mention for claim in claims for mention in claim.mentions]
        self.tally.add("mentions", len(mentions))
        self.tally.add("false_mentions", sum(not self.witness.is_there(mention, self._seen_until_s(at)) for mention in mentions))

    def _seen_until_s(self, at: Said) -> float:
        """The end of a window; the last one also has to tell what is complete after it."""
        return max((at.end_s, *(event.end_s + _MOMENT_S for event in events_of(self._truth, at.start_s, at.end_s))))

    def end(self) -> None:
        for event in self._truth.events:
            if event.event in self._due_at and event.event not in self.told:
                at = self._due_at[event.event]
                self.faults.append(Fault(at.start_s, at.end_s, "missed", event.sentence))
        self._count_segments()

    def _count_segments(self) -> None:
        """LiveStar's three: how late the first caption that tells a segment is, or all of it where none does; captions too many or missing; segments told."""
        for segment in self.segments:
            told_at_s = segment.end_s if segment.told_at_s is None else segment.told_at_s
            self.tally.add("segments")
            self.tally.add("segments_told", segment.told_at_s is not None)
            self.tally.add("segments_delay_s", max(0.0, told_at_s - segment.due[0].end_s))
            self.tally.add("segments_off", abs(1 - segment.captions))
