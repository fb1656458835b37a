"""What was taken down for good: a tombstone per video, which the catalog and every walk honour, whatever the file is called now."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import AwareDatetime

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Record, VideoId
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import parse_record, write_record
from streamcap_dagster.storage.many import read_all


class Tombstone(Record):
    """`tombstones/<video_id>.json`: nothing more than it takes to know the video again, and above all no name of a file."""

    video_id: VideoId
    sha256: str
    """Of the file's bytes."""
    taken_down_at: AwareDatetime

    @property
    def reason(self) -> str:
        return f"Its content was taken down on {self.taken_down_at.date()}; `streamcap forget --undo {self.video_id}` takes it back."


@dataclass(frozen=True)
class TakenDown:
    """All tombstones of a storage, as one moment knew them."""

    by_id: dict[str, Tombstone]
    by_sha256: dict[str, Tombstone]
    """Of several videos with the same bytes, the one whose id comes first."""

    @property
    def video_ids(self) -> frozenset[str]:
        """Ids that nothing else is ever given."""
        return frozenset(self.by_id)


def lay_tombstone(storage: Storage, video_id: str, sha256: str) -> None:
    """Take a video down from now on. One that is taken down already stays so since when it was."""
    if not is_taken_down(storage, video_id):
        stone = Tombstone(video_id=video_id, sha256=sha256, taken_down_at=datetime.now(UTC).replace(microsecond=0))
        write_record(storage, keys.tombstone(video_id), stone)


def lift_tombstone(storage: Storage, video_id: str) -> None:
    """Take it back: nothing that was removed comes back by itself, but the file may be taken in again."""
    storage.delete(keys.tombstone(video_id))


def is_taken_down(storage: Storage, video_id: str) -> bool:
    """One look at the storage."""
    return storage.stat(keys.tombstone(video_id)) is not None


def read_tombstones(storage: Storage) -> TakenDown:
    """Every tombstone. Raises ObjectUnreadable for one that cannot be read, because what it stands for must not come back unnoticed."""
    laid = read_all(storage, [stored.key for stored in storage.list(keys.TOMBSTONES)])
    by_id = {stone.video_id: stone for stone in (_parsed(key, data) for key, data in laid if data is not None)}
    return TakenDown(by_id, {stone.sha256: stone for stone in reversed(by_id.values())})


def _parsed(key: str, data: bytes) -> Tombstone:
    try:
        return parse_record(key, data, Tombstone)
    except ObjectUnreadable as error:
        fix = "Restore it; or remove it and, before anything else runs, take the video down again with `streamcap forget`."
        raise ObjectUnreadable(key, "it is not a tombstone", fix) from error
