"""What goes wrong, and when: what a test orders befalls the next requests that it fits."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from streamcap_dagster.emulators.hub import refusals
from streamcap_dagster.emulators.hub.calls import KINDS, Call
from streamcap_dagster.emulators.hub.refusals import Refusal

Name = Literal[
    "none",
    "unauthorized_401",
    "forbidden_403",
    "no_room_403",
    "conflict_409",
    "stale_412",
    "too_large_413",
    "too_fast_429",
    "error_500",
    "busy_503",
    "dropped",
    "lost_answer",
    "cut_upload",
    "cut_download",
    "slow",
]
REFUSED: dict[str, Callable[[], Refusal]] = {
    "unauthorized_401": refusals.unknown_token,
    "forbidden_403": refusals.read_only,
    "no_room_403": refusals.no_room,
    "conflict_409": refusals.conflict,
    "stale_412": refusals.stale,
    "too_large_413": refusals.too_large,
    "too_fast_429": refusals.too_fast,
    "error_500": lambda: refusals.failing(500),
    "busy_503": lambda: refusals.failing(503),
}


@dataclass(frozen=True)
class Fault:
    """A fault, and which requests it may befall.

    none: goes well · those with a status: refused like that, nothing happens · dropped: hung up on before anything happens · lost_answer: it
    happens, then it is hung up on · cut_upload: hung up on once `after` bytes of the request's body are in, nothing happens · cut_download: hung up
    on after so many bytes of the answer · slow: the answer takes `seconds` longer
    """

    name: Name
    on: str = ""
    """Kind of request, such as commit; empty is any."""
    where: str = ""
    """What the path of the file has in it."""
    after: int = 0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.on and self.on not in KINDS:
            raise ValueError(f"no kind of request is {self.on!r}; there are {', '.join(KINDS)}")

    def fits(self, call: Call) -> bool:
        return self.on in ("", call.kind) and self.where in call.path


NONE = Fault("none")


class Faults:
    """Decides what befalls each request."""

    def __init__(self) -> None:
        self._ordered: deque[Fault] = deque()
        self._always: Fault | None = None

    def order(self, faults: Iterable[Fault | None]) -> None:
        """The next requests that they fit meet these, one each; None lets one through unharmed."""
        self._ordered.extend(fault or NONE for fault in faults)

    def keep_up(self, fault: Fault | None) -> None:
        """Every request that it fits meets this one; None ends it."""
        self._always = fault

    @property
    def pending(self) -> int:
        """How many of those that were ordered have not happened yet."""
        return len(self._ordered)

    def next(self, call: Call) -> Fault:
        """What befalls this request."""
        for fault in self._ordered:
            if fault.fits(call):
                self._ordered.remove(fault)
                return fault
        return self._always if self._always and self._always.fits(call) else NONE
