"""Why the attempts at a video failed and how often, so that `status` can say it without a Dagster instance, and when to try again."""

from collections.abc import Iterator, Set
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import parse_record, write_record
from streamcap_dagster.storage.many import read_all

FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=7)
_GROWTH = 4
_GROWN = 10
"""Attempts after which a pause is the longest in any case, and need not be worked out."""
_UNKNOWN = "unknown"


class Failure(Record):
    """Which asset of a video failed, and the sentence that says why."""

    video_id: str
    asset: str
    reason: str
    fingerprint: str = ""
    """What the asset would have been made from: with another file or other code it may go well. Empty when it did not come to that."""


class NotedFailure(Failure):
    """`ledger/failures/<video_id>.json`: the last failure, and how many there were in a row of the same asset from the same things."""

    attempts: int = 1
    failed_at: AwareDatetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def due_at(self) -> datetime:
        """When a schedule should try it again: after an hour, four, sixteen and so on up to a week."""
        grown: timedelta = FIRST_PAUSE * _GROWTH ** min(self.attempts - 1, _GROWN)
        return self.failed_at + min(grown, LONGEST_PAUSE)

    def is_paused(self, now: datetime) -> bool:
        """Whether a schedule should let it rest. A failure of the future is one of a clock that was set back, and pauses nobody."""
        return self.failed_at <= now < self.due_at


def note_failure(storage: Storage, failure: Failure) -> None:
    """Keep a failure, counted on from the one before when nothing has changed since."""
    before = read_failure(storage, failure.video_id)
    again = before is not None and (before.asset, before.fingerprint) == (failure.asset, failure.fingerprint)
    attempts = before.attempts + 1 if before is not None and again else 1
    noted = NotedFailure(**failure.model_dump(include=set(Failure.model_fields)), attempts=attempts, failed_at=datetime.now(UTC).replace(microsecond=0))
    write_record(storage, keys.failure(failure.video_id), noted)


def read_failure(storage: Storage, video_id: str) -> NotedFailure | None:
    """Why the last attempt at a video failed; None when it did not."""
    key = keys.failure(video_id)
    try:
        return _parsed(key, storage.read(key)) if storage.stat(key) is not None else None
    except ObjectMissing:  # forgotten in this very moment
        return None


def forget_failure(storage: Storage, video_id: str, made: Set[str]) -> None:
    """Forget why a video failed, if the asset that it failed in is among those that exist now."""
    noted = read_failure(storage, video_id)
    if noted is not None and noted.asset in {*made, _UNKNOWN}:
        storage.delete(keys.failure(video_id))


def read_failures(storage: Storage) -> Iterator[NotedFailure]:
    """Why videos failed, in order of id; what is forgotten while it is being read has not failed."""
    noted = (stored.key for stored in storage.list(keys.failure("").removesuffix(".json")))
    return (_parsed(key, data) for key, data in read_all(storage, noted) if data is not None)


def _parsed(key: str, data: bytes) -> NotedFailure:
    """A note that cannot be read is still a failure; it keeps nothing else from being told."""
    try:
        return parse_record(key, data, NotedFailure)
    except ObjectUnreadable as error:
        return NotedFailure(video_id=key.rsplit("/", 1)[-1].removesuffix(".json"), asset=_UNKNOWN, reason=f"its last attempt failed, and {error}")
