"""Resumable uploads: sessions that keep what has come, and what the next bytes of one have to be."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.versions import Conditions, Object

QUANTUM = 256 * 1024
"""What is kept of an upload that breaks off, and the size of all its parts but the last, are multiples of this."""
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|(\*))/(?:(\d+)|\*)")
_LONGEST_S = 604_800


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `[start, end)` of an upload of so many bytes, None when that is not known yet. `end` is None without a Content-Range: whatever comes."""

    start: int
    end: int | None
    total: int | None
    asks: bool = False
    """Whether it has no bytes and only asks how far the upload is."""

    def completes(self, have: int) -> bool:
        """Whether an upload of which so many bytes are there is whole with this part."""
        return have == self.total if self.total is not None else self.end is None


@dataclass(slots=True)
class Session:
    """One upload under way. `data` is what has come so far."""

    bucket: str
    name: str
    given: Mapping[str, object]
    conditions: Conditions
    announced: int | None
    """Size that was given at the start."""
    begun_s: float
    data: bytearray = field(default_factory=bytearray)
    made: Object | None = None
    cancelled: bool = False

    def take(self, position: int, piece: bytes) -> None:
        """Bytes that come at a position; those that are there already are ignored."""
        if (new := position + len(piece) - len(self.data)) > 0:
            self.data += piece if new == len(piece) else memoryview(piece)[len(piece) - new :]

    def break_off(self, before: int) -> None:
        """Forget what does not fill a quantum, but nothing of what was kept `before`."""
        del self.data[max(before, len(self.data) // QUANTUM * QUANTUM) :]


class Sessions:
    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def begin(self, session: Session) -> str:
        upload_id = secrets.token_urlsafe(32)
        self._by_id[upload_id] = session
        return upload_id

    def of(self, call: Call) -> Session:
        """The session of a call; raises Refusal when it is unknown, over or cancelled."""
        session = self._by_id.get(call.param("upload_id") or "")
        if session is None or session.bucket != call.bucket:
            raise refusals.no_upload()
        if session.cancelled:
            raise refusals.cancelled_upload()
        if time.monotonic() - session.begun_s > _LONGEST_S:
            raise refusals.ended_upload()
        call.name = session.name
        return session


def read_part(call: Call) -> Part:
    """What a request brings of an upload, by its Content-Range; raises Refusal for one that contradicts itself or the rules."""
    header = call.header(b"content-range")
    if not header:
        return Part(0, None, None)
    read = _CONTENT_RANGE.fullmatch(header)
    if read is None:
        raise refusals.invalid(f"Failed to parse Content-Range header: '{header}'.")
    total = int(read[4]) if read[4] else None
    if read[3]:
        return Part(0, 0, total, asks=True)
    start, end = int(read[1]), int(read[2]) + 1
    if end <= start or (total is not None and end > total):
        raise refusals.invalid(f"Failed to parse Content-Range header: '{header}'.")
    length = call.header(b"content-length")
    if length and int(length) != end - start:
        raise refusals.invalid(
            f"Invalid request.  There were {length} byte(s) in the request body.  There should have been {end - start} byte(s) "
            f"(starting at offset {start} and ending at offset {end - 1}) according to the Content-Range header."
        )
    if end != total and (end - start) % QUANTUM:
        raise refusals.invalid(f"Invalid request.  The size of a part that is not the last has to be a multiple of {QUANTUM} bytes: {end - start}.")
    return Part(start, end, total)


def check_place(session: Session, part: Part) -> None:
    """Raises Refusal when bytes would be missing before this part, or the upload is of another size than was said."""
    if part.start > len(session.data):
        raise refusals.Refusal(
            503,
            f"Invalid request.  According to the Content-Range header, the upload offset is {part.start} byte(s), "
            f"which exceeds already uploaded size of {len(session.data)} byte(s).",
            "backendError",
        )
    if None not in (session.announced, part.total) and session.announced != part.total:
        raise refusals.invalid(
            f"Invalid request.  The size in the Content-Range header, {part.total} byte(s), is not that of X-Upload-Content-Length, {session.announced}."
        )
