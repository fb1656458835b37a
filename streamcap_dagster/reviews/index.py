"""What was decided of which videos, in short, so that nobody reads a thousand reviews to count them: a file of this machine, begun anew when it is of no use.

It is never the truth: that is in the storage, and every look brings the file up to date with it.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from streamcap_dagster.reviews.export import videos_with_a_review
from streamcap_dagster.reviews.records import Decision, Mark, Review
from streamcap_dagster.reviews.storing import ReviewUnusable, read_review
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.many import side_by_side

_LAYOUT = 1
_WAIT_S = 1.0
"""For another process that writes the file; after that it is done without."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_COLUMNS = "video_id text primary key, version text, kept int, dropped int, edited int, ranked int, marks int, people text, last_at text, trouble text"


@dataclass(frozen=True)
class ReviewCounts:
    """What was decided of a video."""

    video_id: str
    kept: int = 0
    """Windows and clips with that verdict."""
    dropped: int = 0
    edited: int = 0
    ranked: int = 0
    marks: int = 0
    people: str = ""
    """Their names, in the order in which they came."""
    last_at: str = ""
    """When somebody decided something last, in ISO 8601."""
    trouble: str = ""
    """Why its review cannot be read."""


def count_reviews(storage: Storage, cache: Path) -> list[ReviewCounts]:
    """Of every video that has a review, in order of id. Only reviews that are others than at the last look are read."""
    listed = videos_with_a_review(storage)
    path = cache / "reviews" / f"{hashlib.sha256(storage.uri.encode()).hexdigest()[:16]}.sqlite"
    try:
        _make_room(path)
        return _counted(str(path), storage, listed)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) not in _BUSY:
            with suppress(OSError):
                path.unlink()
        return _counted(":memory:", storage, listed)


def _make_room(path: Path) -> None:
    with suppress(OSError):  # without its folder the file cannot be opened, which is told then
        path.parent.mkdir(parents=True, exist_ok=True)


def _counted(place: str, storage: Storage, listed: Mapping[str, str]) -> list[ReviewCounts]:
    with closing(sqlite3.connect(place, timeout=_WAIT_S)) as index:
        _prepare(index)
        known = dict(index.execute("select video_id, case when trouble = '' then version end from reviews"))  # trouble may be over with the next look
        changed = [video_id for video_id, version in listed.items() if known.get(video_id) != version]
        counted = list(side_by_side(storage.lanes, lambda video_id: _count(storage, video_id), changed))
        with index:
            index.executemany("delete from reviews where video_id = ?", [(video_id,) for video_id in known.keys() - listed.keys()])
            index.executemany("insert or replace into reviews values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (_row(one, listed) for one in counted))
        found = index.execute("select video_id, kept, dropped, edited, ranked, marks, people, last_at, trouble from reviews order by video_id")
        return [ReviewCounts(*row) for row in found]


def _prepare(index: sqlite3.Connection) -> None:
    """An index of another layout is begun anew."""
    (layout,) = index.execute("pragma user_version").fetchone()
    if layout != _LAYOUT:
        index.execute("drop table if exists reviews")
        index.execute(f"create table reviews ({_COLUMNS}) without rowid")
        index.execute(f"pragma user_version = {_LAYOUT}")
        index.commit()


def _count(storage: Storage, video_id: str) -> ReviewCounts:
    try:
        review = read_review(storage, video_id)
    except ReviewUnusable as error:
        return ReviewCounts(video_id, trouble=str(error))
    return counts_of(review)


def counts_of(review: Review) -> ReviewCounts:
    """A review in short; what was taken back counts for nothing."""
    decisions = [decision for decision in review.decisions if not decision.is_nothing]
    marks = [mark for mark in review.marks if not mark.is_nothing]
    said: list[Decision | Mark] = sorted((*decisions, *marks), key=attrgetter("revision"))
    return ReviewCounts(
        video_id=review.video_id,
        kept=sum(decision.verdict == "keep" for decision in decisions),
        dropped=sum(decision.verdict == "drop" for decision in decisions),
        edited=sum(decision.text is not None for decision in decisions),
        ranked=sum(decision.ranking is not None for decision in decisions),
        marks=len(marks),
        people=", ".join(dict.fromkeys(one.by for one in said)),
        last_at=max((one.at.isoformat() for one in said), default=""),
    )


def _row(counts: ReviewCounts, listed: Mapping[str, str]) -> tuple[str | int, ...]:
    told = (counts.kept, counts.dropped, counts.edited, counts.ranked, counts.marks, counts.people, counts.last_at, counts.trouble)
    return (counts.video_id, listed[counts.video_id], *told)
