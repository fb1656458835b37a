"""Reviews read from a storage and saved there: of two people who decide at the same time neither overwrites the other."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from streamcap_dagster.errors import ObjectMissing, StorageError, StreamcapError
from streamcap_dagster.reviews.records import FORMAT, Choice, Decision, Mark, Review, Span
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import record_bytes
from streamcap_dagster.storage.tombstones import is_taken_down

Entry = TypeVar("Entry", Decision, Mark)
Wish = TypeVar("Wish", Choice, Span)

_TRIES = 200
"""Each that fails is a save of somebody else that succeeded."""


class ReviewUnusable(StreamcapError):
    """A file of decisions cannot be read, so none of them can count."""

    def __init__(self, key: str, why: str, fix: str) -> None:
        super().__init__(f"{key} cannot be read: {why}. {fix}")


class VideoTakenDown(StreamcapError):
    """A person decides on a video of which nothing may be kept any more."""

    def __init__(self, video_id: str) -> None:
        super().__init__(f"video {video_id} was taken down meanwhile, so nothing is kept of what was decided on it. Go on with another video.")


@dataclass(frozen=True)
class Clash:
    """Something that was not saved, for somebody has decided otherwise since the version that it was based on."""

    yours: Choice | Span
    theirs: Decision | Mark


@dataclass(frozen=True)
class Saved:
    """Everything was saved."""

    review: Review
    """As it is now."""


@dataclass(frozen=True)
class Conflict:
    """Some of it was not saved. Whoever has looked at the clashes may save again, based on the version of this review."""

    review: Review
    """As it is now, with whatever did not clash."""
    clashes: tuple[Clash, ...]


def read_review(storage: Storage, video_id: str) -> Review:
    """What people decided of a video; empty where nobody has decided anything. Raises ReviewUnusable."""
    return _read(storage, video_id)[1]


def save(storage: Storage, video_id: str, based_on_version: str, decisions: Sequence[Choice | Span], by: str) -> Saved | Conflict:
    """Keep what a person decided who has seen that version of the review; what others decided of other windows meanwhile is kept too.

    Where somebody has decided otherwise of the same window, clip or span since, theirs stays and is told. Waits for a disk or a network.
    Raises ReviewUnusable, VideoTakenDown, StorageError, and ValidationError for a name that is none.
    """
    key = keys.reviews(video_id)
    for _ in range(_TRIES):
        if is_taken_down(storage, video_id):
            raise VideoTakenDown(video_id)
        before, review = _read(storage, video_id)
        after, clashes = _merged(review, _seen(based_on_version, review), decisions, by)
        if after == review or storage.replace(key, before, record_bytes(after)):
            break
    else:
        raise StorageError(storage.uri, f"writing {key}", f"somebody else wrote it {_TRIES} times in a row", "Save again.")
    if is_taken_down(storage, video_id):  # between the look and the write, so that whoever removed its objects did not see this one
        storage.delete(key)
        raise VideoTakenDown(video_id)
    return Conflict(after, clashes) if clashes else Saved(after)


def parse_review(key: str, data: bytes) -> Review:
    """The review that was read from a key. Raises ReviewUnusable."""
    try:
        return Review.model_validate_json(data)
    except ValidationError as error:
        if (written := _format_of(data)) > FORMAT:
            why = f"it was written by a later version of streamcap (format {written}, and this one knows {FORMAT})"
            raise ReviewUnusable(key, why, "Update streamcap; the decisions in it are kept as they are.") from error
        fault = error.errors()[0]
        why = f"it holds no review ({' '.join(map(str, (*fault['loc'], fault['msg'])))})"
        raise ReviewUnusable(key, why, "Mend it, bring it back from a copy, or delete it, with which its decisions are gone.") from error


def _format_of(data: bytes) -> int:
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return 0
    written = held.get("format") if isinstance(held, dict) else None
    return written if isinstance(written, int) else 0


def _read(storage: Storage, video_id: str) -> tuple[bytes | None, Review]:
    key = keys.reviews(video_id)
    try:
        data = storage.read(key)
    except ObjectMissing:
        return None, Review(video_id=video_id)
    return data, parse_review(key, data)


def _seen(based_on_version: str, review: Review) -> int:
    """The revision up to which a person has seen everything. One that is to come is of a review that is no more."""
    seen = int(based_on_version or 0)
    return seen if seen <= review.revision else 0


def _merged(review: Review, seen: int, choices: Sequence[Choice | Span], by: str) -> tuple[Review, tuple[Clash, ...]]:
    """The review with all choices that do not clash, and those that do."""
    revision = later_than(review.revision)
    stamp = {"by": by, "at": datetime.now(UTC).replace(microsecond=0), "revision": revision}
    of_windows = [choice for choice in choices if isinstance(choice, Choice)]
    of_time = [choice for choice in choices if isinstance(choice, Span)]
    decisions, clashes = _taken_in(review.decisions, of_windows, seen, lambda choice: Decision(**_plain(choice, Choice), **stamp))
    marks, more = _taken_in(review.marks, of_time, seen, lambda span: Mark(**_plain(span, Span), **stamp))
    if (decisions, marks) == (review.decisions, review.marks):
        return review, (*clashes, *more)
    return Review(video_id=review.video_id, revision=revision, decisions=decisions, marks=marks), (*clashes, *more)


def _taken_in(there: Sequence[Entry], choices: Iterable[Wish], seen: int, signed: Callable[[Wish], Entry]) -> tuple[tuple[Entry, ...], list[Clash]]:
    entries, clashes = {entry.place: entry for entry in there}, list[Clash]()
    for choice in choices:
        theirs = entries.get(choice.place)
        if theirs.choice == choice if theirs else choice.is_nothing:
            continue
        if theirs and theirs.revision > seen:
            clashes.append(Clash(choice, theirs))
        else:
            entries[choice.place] = signed(choice).model_copy(update={"replaces": theirs.lineage if theirs else ()})
    return tuple(sorted(entries.values(), key=order)), clashes


def later_than(revision: int) -> int:
    """The next revision. Of two files of one name, as after a copy was brought back, the later has the larger."""
    return max(revision + 1, time.time_ns() // 1_000_000)


def order(entry: Decision | Mark) -> tuple[float, float]:
    """By place, a clip before its windows."""
    first, second = entry.place
    return first, -1 if second is None else second


def _plain(choice: Choice | Span, kind: type[Choice | Span]) -> dict[str, Any]:
    return choice.model_dump(include=set(kind.model_fields))
