"""The call store of a video: every answer is kept the moment it arrives, and is never asked for again.

An answer is an object of its own until the video is done; then all are folded into one file, sorted by key.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from streamcap_dagster.captions.captioner import Bill, CaptionReply, Finish, RequestKind
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, Stored, keys

_READERS = 16


class Attempt(Record):
    """One answer as it came."""

    text: str
    finish: Finish
    model: str
    reason: str = ""
    bill: Bill = Bill()

    @property
    def reply(self) -> CaptionReply:
        return CaptionReply(text=self.text, finish=self.finish, model=self.model, reason=self.reason, bill=self.bill)


class Call(Record):
    """A question that was put to a captioner, its answers in order, and which of them counts."""

    key: str
    question: str
    """Hash of what was asked, whoever was asked."""
    kind: RequestKind
    video_id: str
    clip: int
    window: int
    attempts: tuple[Attempt, ...]
    chosen: int | None = None
    """Index of the attempt that counts; none while the question is to be asked again."""


class CallStore:
    """What one video's captioning has been answered so far. Its methods may be called from several threads."""

    def __init__(self, storage: Storage, video_id: str) -> None:
        """Reads all that is kept; takes one look at the folded file and one at each answer that is not folded yet."""
        self._storage = storage
        self._video_id = video_id
        self._calls = _merged([*self._loose(), *self._folded()])

    def get(self, key: str) -> Call | None:
        """The call that is kept under a key."""
        return self._calls.get(key)

    def keep(self, call: Call) -> None:
        """Keep a call as an object of its own; replaces what was kept under its key."""
        self._calls[call.key] = call
        self._storage.write(self._key(call.key), _line(call))

    def fold(self) -> None:
        """Merge all calls into one file and remove the objects that it then holds.

        Whatever moment it is killed at, every call is in the file or still an object. Does nothing while another process folds.
        """
        with self._storage.lease(f"calls-{self._video_id}") as mine:
            if not mine:
                return
            loose = list(self._storage.list(keys.calls(self._video_id)))
            if not loose:
                return
            unseen = [stored.key for stored in loose if not self._knows(stored)]
            self._calls = _merged([*self._calls.values(), *self._read(unseen), *self._folded()])
            self._storage.write(keys.folded_calls(self._video_id), b"".join(_line(self._calls[key]) for key in sorted(self._calls)))
            for stored in loose:
                self._storage.delete(stored.key)

    def _loose(self) -> list[Call]:
        return self._read([stored.key for stored in self._storage.list(keys.calls(self._video_id))])

    def _read(self, loose: list[str]) -> list[Call]:
        with ThreadPoolExecutor(_READERS) as readers:
            return [call for calls in readers.map(self._read_one, loose) for call in calls]

    def _read_one(self, key: str) -> list[Call]:
        try:
            return [_call(key, self._storage.read(key))]
        except ObjectMissing:
            return []  # another process has just folded it, so the folded file, read after this, holds it

    def _folded(self) -> list[Call]:
        key = keys.folded_calls(self._video_id)
        try:
            lines = self._storage.read(key).splitlines()
        except ObjectMissing:
            return []
        return [_call(f"{key}, line {number},", line) for number, line in enumerate(lines, 1)]

    def _key(self, call_key: str) -> str:
        return f"{keys.calls(self._video_id)}{call_key}.json"

    def _knows(self, stored: Stored) -> bool:
        """Whether an object is what this process would write; another process may have kept more answers under its key."""
        known = self._calls.get(stored.key.removeprefix(keys.calls(self._video_id)).removesuffix(".json"))
        return known is not None and len(_line(known)) == stored.size_bytes


def _merged(calls: Iterable[Call]) -> dict[str, Call]:
    """By key; of two versions of a call the one with more answers counts, else the later in the list."""
    merged: dict[str, Call] = {}
    for call in calls:
        known = merged.get(call.key)
        if known is None or len(call.attempts) >= len(known.attempts):
            merged[call.key] = call
    return merged


def _line(call: Call) -> bytes:
    return call.model_dump_json(exclude_defaults=True).encode() + b"\n"


def _call(where: str, data: bytes) -> Call:
    try:
        return Call.model_validate_json(data)
    except ValidationError as error:
        raise ObjectUnreadable(
            where, f"it is not a stored call ({error.errors()[0]['msg']})", "Remove it, and nothing else: the other answers stay good."
        ) from error
