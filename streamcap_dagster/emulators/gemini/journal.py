"""What was asked and how it ended, a line for each request, and the counts of it all; never a key, a word or a picture."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True)
class Row:
    """One request. `content` names what was asked, without the nonce and the tier; it is empty when that could not be read."""

    time: str
    content: str
    attempt: int
    """Which asking of this content it is, from 1; those that a quota refuses do not count."""
    status: int
    """HTTP status; 0 when the connection was dropped instead."""
    outcome: str
    """`answered`, the name of a fault, or why it was refused."""
    answered: bool = False
    """Whether a whole reply to this very question was sent, so that asking it again would be paying twice."""
    model: str = ""
    tier: str = ""
    pictures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Journal:
    """Counts requests as they begin and end, and keeps their rows."""

    def __init__(self, path: Path | None = None, remember: bool = True) -> None:
        self.rows: list[Row] = []
        """All so far, when they are remembered."""
        self.requests = 0
        self.answered = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self._by_status: Counter[str] = Counter()
        self._by_outcome: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._remember = remember
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def begin(self) -> None:
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def end(self) -> None:
        self.in_flight -= 1

    def keep(self, row: Row) -> None:
        """Write a row at once: a reader sees an answer here before the client does."""
        self.answered += row.answered
        self._by_status[str(row.status)] += 1
        self._by_outcome[row.outcome] += 1
        self._tokens.update(input=row.input_tokens, output=row.output_tokens)
        if self._remember:
            self.rows.append(row)
        if self._file is not None:
            self._file.write(json.dumps(asdict(row)) + "\n")

    @property
    def by_status(self) -> Mapping[str, int]:
        return dict(self._by_status)

    @property
    def by_outcome(self) -> Mapping[str, int]:
        return dict(self._by_outcome)

    def counts(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "answered": self.answered,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "by_status": self.by_status,
            "by_outcome": self.by_outcome,
            "input_tokens": self._tokens["input"],
            "output_tokens": self._tokens["output"],
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def now_as_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
