"""What was asked of the emulator and how it ended: a row for each request, and counts by kind, for what operations cost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

UNKNOWN = "unknown"
"""Kind of a request whose address is none of the service's."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request."""

    method: str
    kind: str
    """Such as upload_whole, download or list; see calls.py."""
    bucket: str
    name: str
    status: int
    """HTTP status; 0 when the connection was dropped instead."""
    sent_bytes: int
    """Of the request's body, as far as it came."""
    answered_bytes: int
    generation: int | None
    """The one that was asked for or produced."""
    fault: str = ""


class Journal:
    """Counts requests, and keeps their rows when it is to remember them."""

    def __init__(self, remember: bool = True) -> None:
        self.rows: list[Row] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._by_kind: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._remember = remember

    def begin(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def end(self) -> None:
        self.in_flight -= 1

    def keep(self, row: Row) -> None:
        self._by_kind[row.kind] += 1
        self._by_status[str(row.status)] += 1
        if self._remember:
            self.rows.append(row)

    def clear(self) -> None:
        """Forget what was, but not what is under way."""
        self.most_in_flight = self.in_flight
        self.rows.clear()
        self._by_kind.clear()
        self._by_status.clear()

    def count(self, kind: str = "") -> int:
        """How many requests of a kind there were; `upload` is all of upload_whole, upload_start, upload_part …, and nothing is every kind."""
        return sum(count for of, count in self._by_kind.items() if not kind or is_of(of, kind))

    @property
    def by_kind(self) -> Mapping[str, int]:
        return dict(self._by_kind)

    def counts(self) -> dict[str, object]:
        return {"requests": self.count(), "most_in_flight": self.most_in_flight, "by_kind": self.by_kind, "by_status": dict(self._by_status)}


def is_of(kind: str, group: str) -> bool:
    """Whether a kind of request is this one or belongs to this group of kinds."""
    return kind == group or kind.startswith(f"{group}_")
