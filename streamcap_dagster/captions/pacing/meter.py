"""How the calls of a run stand: the numbers that people watch while it works and read when it is done."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Meter:
    """A snapshot. The first four are of the moment, the others count since the run began."""

    waiting: int = 0
    in_flight: int = 0
    limit: int = 0
    """Most calls in flight at present."""
    requests_last_minute: int = 0
    rpm: int = 0
    """Requests a minute that the quota allows this process; 0 when it has no such limit."""
    paused_s: float = 0.0
    """How long all calls were held back because the service asked for it."""
    requests: int = 0
    """HTTP requests, those that failed included."""
    answered: int = 0
    rate_limited: int = 0
    """Requests that were answered with 429."""
    retries: int = 0
    failed: int = 0
    """Requests without an answer, 429s included."""
    mispaired: int = 0
    """Answers that did not prove to belong to their request; thrown away and asked again."""
    unattested: int = 0
    """Answers that were billed for other image tokens than the frames that were sent come to."""
    canaries_asked: int = 0
    canaries_read: int = 0
    text_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    """Thoughts included."""
    cost_usd: float = 0.0
    unsure_usd: float = 0.0
    """What requests without an answer may have cost at most; the budget counts it."""
    to_standard: int = 0
    """Requests that the tier `auto` sent at the standard one, because flex did not serve them in time."""

    @property
    def tokens(self) -> int:
        return self.text_tokens + self.image_tokens + self.output_tokens

    def __add__(self, other: "Meter") -> "Meter":
        return Meter(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    def plus(self, **more: float) -> "Meter":
        """With these numbers added."""
        return replace(self, **{name: getattr(self, name) + value for name, value in more.items()})


class LastMinute:
    """Counts what happened in the last sixty seconds, by whole seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds: deque[list[int]] = deque()
        self._count = 0

    @property
    def count(self) -> int:
        oldest = int(self._clock()) - 60
        while self._seconds and self._seconds[0][0] <= oldest:
            self._count -= self._seconds.popleft()[1]
        return self._count

    def note(self) -> None:
        second = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0])
        self._seconds[-1][1] += 1
        self._count += 1
