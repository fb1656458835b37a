"""A review joined with a copy of it in which people decided as well: what either of the two lacks is taken over, and nobody's decision is overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamcap_dagster.reviews.records import Decision, Mark, Review
from streamcap_dagster.reviews.storing import Entry, later_than, order


@dataclass(frozen=True)
class Apart:
    """Of the same window, clip or span two people decided otherwise, and neither had seen what the other did."""

    there: Decision | Mark
    """Which stays."""
    here: Decision | Mark


def join(here: Review, there: Review) -> tuple[Review, tuple[Apart, ...]]:
    """The review `there` with what was decided in the copy `here` since, and what was not taken over.

    What is new there has a later revision than what was there, so that whoever decides on the page just now is told of it.
    """
    anew = later_than(max(here.revision, there.revision))
    decisions, apart = _joined(here.decisions, there.decisions, there.revision, anew)
    marks, more = _joined(here.marks, there.marks, there.revision, anew)
    if (decisions, marks) == (there.decisions, there.marks):
        return there, (*apart, *more)
    revisions = (*(decision.revision for decision in decisions), *(mark.revision for mark in marks))
    revision = max(here.revision, there.revision, *revisions)
    return Review(video_id=there.video_id, revision=revision, decisions=decisions, marks=marks), (*apart, *more)


def _joined(here: Sequence[Entry], there: Sequence[Entry], seen: int, anew: int) -> tuple[tuple[Entry, ...], list[Apart]]:
    entries, apart = {entry.place: entry for entry in there}, list[Apart]()
    for entry in here:
        theirs = entries.get(entry.place)
        if theirs is None or theirs.revision in entry.replaces:
            entries[entry.place] = entry if entry.revision > seen else _stamped(entry, anew)
        elif entry.revision not in theirs.lineage and entry.choice != theirs.choice:
            apart.append(Apart(theirs, entry))
    return tuple(sorted(entries.values(), key=order)), apart


def _stamped(entry: Entry, revision: int) -> Entry:
    return entry.model_copy(update={"revision": revision, "replaces": entry.lineage})
