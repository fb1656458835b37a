"""What goes wrong, and when: what a test orders, storms for a while, and by seed a share of all requests."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from streamcap_dagster.emulators.draws import choice, fraction
from streamcap_dagster.emulators.gcs.calls import KINDS, Call
from streamcap_dagster.emulators.gcs.journal import is_of
from streamcap_dagster.emulators.gcs.options import Options

Name = Literal[
    "none",
    "busy_503",
    "error_500",
    "html_502",
    "too_fast_429",
    "slow",
    "dropped",
    "lost_answer",
    "cut_upload",
    "corrupted_upload",
    "cut_download",
    "truncated",
    "corrupted",
    "stale_list",
    "repeating_list",
    "skipping_list",
]
FAULTS: tuple[Name, ...] = get_args(Name)
_ANYWHERE: tuple[Name, ...] = ("busy_503", "error_500", "html_502", "too_fast_429", "dropped", "lost_answer")
_MOST_IN_A_ROW = 2


@dataclass(frozen=True)
class Fault:
    """A fault, and which requests it may befall.

    none: goes well · busy_503, error_500, html_502, too_fast_429: answered like that, nothing happens · slow: the answer takes `seconds` longer
    · dropped: hung up on before anything happens · lost_answer: it happens, then it is hung up on · cut_upload: hung up on once `after` bytes of
    the request's body are in; a resumable upload keeps what fills 256 KiB · corrupted_upload: the byte at `after` comes in as another
    · cut_download: hung up on after so many bytes of the answer · truncated: the answer ends after so many bytes and says that this is its length
    · corrupted: the byte at `after` is another one, the hashes are right · stale_list: without what was written in the last `seconds`
    · repeating_list: begins with the last name of the page before · skipping_list: lacks its first name, and no other page has it
    """

    name: Name
    on: str = ""
    """Kind of request, such as list, or a group of them: upload is all of upload_whole, upload_start, upload_part …

    Empty is any but those about buckets, since Google's client looks at the bucket now and then, unasked, in a thread of its own.
    """
    where: str = ""
    """What the object's name has in it."""
    after: int = 0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.on and not any(is_of(kind, self.on) for kind in KINDS):
            raise ValueError(f"no kind of request is {self.on!r}; there are {', '.join(KINDS)}")

    def fits(self, call: Call) -> bool:
        fitting = is_of(call.kind, self.on) if self.on else not is_of(call.kind, "bucket")
        return fitting and self.where in call.name


NONE = Fault("none")


class Faults:
    """Decides what befalls each request."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ordered: deque[Fault] = deque()
        self._in_a_row: dict[str, int] = {}
        self._attempts: dict[str, int] = {}
        self._storm = (0.0, 503)

    def order(self, faults: Iterable[Fault | None]) -> None:
        """The next requests that they fit meet these, one each; None lets one through unharmed."""
        self._ordered.extend(fault or NONE for fault in faults)

    @property
    def pending(self) -> int:
        """How many of those that were ordered have not happened yet."""
        return len(self._ordered)

    def storm(self, seconds: float, status: int) -> None:
        self._storm = (time.monotonic() + seconds, status)

    def storming(self) -> int:
        """The status that everything is answered with now; 0 in calm weather."""
        until, status = self._storm
        return status if until and time.monotonic() < until else 0

    def next(self, call: Call) -> Fault:
        """What befalls this request."""
        if self._ordered:
            for fault in self._ordered:
                if fault.fits(call):
                    self._ordered.remove(fault)
                    return fault
        return self._drawn(call) if self._options.faults else NONE

    def _drawn(self, call: Call) -> Fault:
        what = f"{call.kind} {call.bucket}/{call.name} {call.header(b'range')}{call.header(b'content-range')}"
        attempt = self._attempts[what] = self._attempts.get(what, 0) + 1
        row, seed = self._in_a_row.get(what, 0), self._options.seed
        if row >= _MOST_IN_A_ROW or fraction(seed, "fault", what, attempt) >= self._options.faults:
            self._in_a_row.pop(what, None)
            return NONE
        self._in_a_row[what] = row + 1
        possible: tuple[Name, ...] = _ANYWHERE
        if call.kind in ("upload_whole", "upload_part"):
            possible = (*possible, "cut_upload")
        elif call.kind == "download":
            possible = (*possible, "cut_download")
        length = int(call.header(b"content-length") or 4096)
        return Fault(choice(possible, seed, "which", what, attempt), after=int(fraction(seed, "where", what, attempt) * length))
