"""The call store of a video: every answer is kept the moment it arrives, and is never asked for again.

An answer is an object of its own until the video is done; then all are folded into one file, sorted by key.
"""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from streamcap_dagster.captions.captioner import Bill, CaptionReply, Finish, RequestKind
from streamcap_dagster.errors import ObjectChanged, ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, Stored, keys
from streamcap_dagster.storage.many import delete_all, read_all

_TRIES = 3


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
        loose = self._read(stored.key for stored in self._storage.list(keys.calls(video_id)))
        self._calls = _merged([*loose, *self._folded()])  # the file last: an answer that was folded meanwhile is in it
        self._anything_loose = bool(loose)

    def get(self, key: str) -> Call | None:
        """The call that is kept under a key."""
        return self._calls.get(key)

    def every(self) -> Iterator[Call]:
        """All that are kept, in no particular order."""
        yield from self._calls.values()

    def keep(self, call: Call) -> Call:
        """Keep a call as an object of its own; replaces what was kept under its key. Returns the call that counts.

        It is another one when another process went further with the same question meanwhile.
        """
        self._anything_loose = True
        self._calls[call.key] = call
        for _ in range(_TRIES):
            try:
                self._storage.write(self._key(call.key), _line(call))
            except ObjectChanged:
                theirs = self._read_one(self._key(call.key))
                if theirs is not None and len(theirs.attempts) >= len(call.attempts):
                    self._calls[call.key] = theirs
                    return theirs
            else:
                break
        return call  # one that could not be written for all the changes is in memory, so it will be in the folded file

    def fold(self) -> None:
        """Merge all calls into one file and remove the objects that it then holds. For whoever has the video's turn.

        Whatever moment it is killed at, every call is in the file or still an object; so is one that the listing does not tell of yet.
        """
        if not self._anything_loose:
            return
        loose = list(self._storage.list(keys.calls(self._video_id)))
        unseen = self._read(stored.key for stored in loose if not self._knows(stored))
        for tries_left in reversed(range(_TRIES)):
            self._calls = _merged([*self._calls.values(), *unseen, *self._folded()])
            try:
                self._storage.write(keys.folded_calls(self._video_id), b"".join(_line(self._calls[key]) for key in sorted(self._calls)))
                break
            except ObjectChanged:  # another process folds too, which only one that lost its turn does
                if not tries_left:
                    raise
        delete_all(self._storage, (stored.key for stored in loose))
        self._anything_loose = False

    def _read(self, loose: Iterable[str]) -> list[Call]:
        """Those that are still there; what another process has just folded is in the folded file, which is read after this."""
        return [_call(key, data) for key, data in read_all(self._storage, loose) if data is not None]

    def _read_one(self, key: str) -> Call | None:
        return next(iter(self._read([key])), None)

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
