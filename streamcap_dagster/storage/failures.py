"""Why the last attempt at a video failed, so that `status` can say it without a Dagster instance."""

from collections.abc import Iterator, Set

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import parse_record, write_record
from streamcap_dagster.storage.many import read_all

_UNKNOWN = "unknown"


class Failure(Record):
    """`ledger/failures/<video_id>.json`: which asset of the video failed, and the sentence that says why."""

    video_id: str
    asset: str
    reason: str


def note_failure(storage: Storage, failure: Failure) -> None:
    write_record(storage, keys.failure(failure.video_id), failure)


def forget_failure(storage: Storage, video_id: str, made: Set[str]) -> None:
    """Forget why a video failed, if the asset that it failed in is among those that exist now."""
    key = keys.failure(video_id)
    if storage.stat(key) is not None and _parsed(key, storage.read(key)).asset in {*made, _UNKNOWN}:
        storage.delete(key)


def read_failures(storage: Storage) -> Iterator[Failure]:
    """Why videos failed, in order of id; what is forgotten while it is being read has not failed."""
    noted = (stored.key for stored in storage.list(keys.failure("").removesuffix(".json")))
    return (_parsed(key, data) for key, data in read_all(storage, noted) if data is not None)


def _parsed(key: str, data: bytes) -> Failure:
    """A note that cannot be read is still a failure; it keeps nothing else from being told."""
    try:
        return parse_record(key, data, Failure)
    except ObjectUnreadable as error:
        return Failure(video_id=key.rsplit("/", 1)[-1].removesuffix(".json"), asset=_UNKNOWN, reason=f"its last attempt failed, and {error}")
