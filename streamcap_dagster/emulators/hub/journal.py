"""What was asked of the emulator and how it ended: a row for each request, and how many bytes went which way."""

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
    """Such as commit, lfs_put or download; see calls.py."""
    repo: str
    path: str
    """Of a file in the repository, or the hash of a large object; of an unknown request its address."""
    status: int
    """HTTP status; 0 when the connection was dropped instead."""
    sent_bytes: int
    """Of the request's body, as far as it came."""
    answered_bytes: int
    fault: str = ""


class Journal:
    """Counts requests and bytes by kind, and keeps the rows when it is to remember them."""

    def __init__(self, remember: bool = True) -> None:
        self.rows: list[Row] = []
        self._requests: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._remember = remember

    def keep(self, row: Row) -> None:
        self._requests[row.kind] += 1
        self._sent[row.kind] += row.sent_bytes
        if self._remember:
            self.rows.append(row)

    def clear(self) -> None:
        self.rows.clear()
        self._requests.clear()
        self._sent.clear()

    def count(self, kind: str = "") -> int:
        """How many requests of a kind there were, or of all."""
        return self._requests[kind] if kind else self._requests.total()

    def sent_bytes(self, kind: str = "") -> int:
        """How many bytes the bodies of such requests had; `lfs_put` is the content of large files."""
        return self._sent[kind] if kind else self._sent.total()

    @property
    def by_kind(self) -> Mapping[str, int]:
        return dict(self._requests)
