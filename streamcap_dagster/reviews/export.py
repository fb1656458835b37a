"""All decisions as CSV: a line for each, for a spreadsheet or a program. Nothing in it is ever run as a formula."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Caption, Captions, in_order
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.records import Decision, Mark, Place, Review
from streamcap_dagster.reviews.storing import ReviewUnusable, read_review
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side

COLUMNS = ("place", "video_id", "clip", "window", "start_s", "end_s", "verdict", "text", "ranking", "caption", "outcome", "counts", "by", "at")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet would run."""


@dataclass
class Written:
    """What was written, and what could not be."""

    videos: int = 0
    decisions: int = 0
    troubles: list[str] = field(default_factory=list)
    """Why the decisions on a video are not among them."""


@dataclass(frozen=True)
class _Reviewed:
    review: Review
    captions: Mapping[Place, Caption]
    """What is said now, by place; of a clip its first caption."""
    places: Mapping[Decision, Place]
    """Of the decisions that count, where what they are of stands now."""


def write_csv(storage: Storage, file: TextIO, only: Sequence[str] = ()) -> Written:
    """Every decision and every mark of these videos, or of all, in order of video, clip and window. What cannot be read is told, and the others go on."""
    lines, written = csv.writer(file, lineterminator="\n"), Written()
    lines.writerow(COLUMNS)
    for found in side_by_side(storage.lanes, lambda video_id: _reviewed(storage, video_id), only or list(videos_with_a_review(storage))):
        if isinstance(found, str):
            written.troubles.append(found)
            continue
        rows = list(_rows(found))
        lines.writerows([cell(str(value)) for value in row] for row in rows)
        written.decisions += len(rows)
        written.videos += bool(rows)
    return written


def cell(text: str) -> str:
    """A text that a spreadsheet shows and does not run."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def videos_with_a_review(storage: Storage) -> dict[str, str]:
    """In order of id, with the version of each review."""
    return {stored.key[len(keys.REVIEWS) : -len(".json")]: stored.version for stored in storage.list(keys.REVIEWS) if stored.key.endswith(".json")}


def _reviewed(storage: Storage, video_id: str) -> _Reviewed | str:
    try:
        review = read_review(storage, video_id)
    except ReviewUnusable as error:
        return str(error)
    try:
        initials, deltas = (read_record(storage, key(video_id), Captions) for key in (keys.initial_captions, keys.delta_captions))
    except (ObjectMissing, ObjectUnreadable):  # without captions nothing that was decided of them counts
        initials = deltas = Captions(video_id=video_id, captions=())
    captions: dict[Place, Caption] = {}
    for caption in in_order(initials, deltas):
        captions[caption.clip, caption.window] = caption
        captions.setdefault((caption.clip, None), caption)
    applying = apply_review(review, initials, deltas).applying
    return _Reviewed(review, captions, {decision: place for place, decision in applying.items()})


def _rows(found: _Reviewed) -> Iterator[tuple[object, ...]]:
    for decision in found.review.decisions:
        if not decision.is_nothing:
            yield _of_decision(found, decision)
    for mark in found.review.marks:
        if not mark.is_nothing:
            yield _of_mark(found.review.video_id, mark)


def _of_decision(found: _Reviewed, decision: Decision) -> tuple[object, ...]:
    clip, window = found.places.get(decision, decision.place)
    video_id, caption = found.review.video_id, found.captions.get((clip, window))
    of_window = window is not None
    place = f"window {video_id}/{clip}/{window}" if of_window else f"clip {video_id}/{clip}"
    span = (caption.start_s, caption.end_s) if caption and of_window else ("", "")
    said = (caption.text, caption.outcome) if caption and of_window else ("", "")
    ranking = json.dumps(decision.ranking, ensure_ascii=False) if decision.ranking else ""
    text = "" if decision.text is None else decision.text or "(silence)"
    counts = "no, the caption is another one now" if decision not in found.places else "yes"
    return (
        place,
        video_id,
        clip,
        window if of_window else "",
        *span,
        decision.verdict or "",
        text,
        ranking,
        *said,
        counts,
        decision.by,
        decision.at.isoformat(),
    )


def _of_mark(video_id: str, mark: Mark) -> tuple[object, ...]:
    verdict = "mark" if mark.keep else "mark as dropped"
    return (f"mark {video_id}", video_id, "", "", mark.start_s, mark.end_s, verdict, "", "", "", "", "yes", mark.by, mark.at.isoformat())
