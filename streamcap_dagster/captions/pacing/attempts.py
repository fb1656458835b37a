"""Reads the ledger back: one row per HTTP request that was ever made on a storage, and a CSV of them."""

import csv
import io
import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from pydantic import ValidationError

from streamcap_dagster.captions.captioner import RequestKind
from streamcap_dagster.captions.pacing.accounts import HEARTBEAT_S
from streamcap_dagster.captions.pacing.others import read_account
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import read_all
from streamcap_dagster.storage.processes import is_gone

_SILENT_S = 3 * HEARTBEAT_S
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_TIMES = ("sent_at", "ended_at")

End = Literal["answered", "mispaired", "failed", "cancelled", "unknown", "in flight"]


class HttpAttempt(Record):
    """One HTTP request. `unknown`: its process was killed before an answer was noted, so it may have been billed."""

    id: str
    process: str
    sent_at: float
    """Seconds since 1970, as is `ended_at`."""
    end: End
    ended_at: float | None = None
    video_id: str
    clip: int
    window: int
    kind: RequestKind
    call_key: str
    attempt: int
    """How many replies to the question were of no use before."""
    number: int
    """Which of the requests for this reply it is, from 1."""
    model: str
    tier: str
    """The tier that was asked for."""
    finish: str = ""
    failure: str = ""
    status: int = 0
    why: str = ""
    response_id: str = ""
    served_tier: str = ""
    text_tokens: int = 0
    image_tokens: int | None = None
    attested: bool | None = None
    cached_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0
    cost_usd: float = 0.0
    price_table: str = ""
    latency_s: float = 0.0


def read_attempts(storage: Storage, *, now_s: float | None = None) -> Iterator[HttpAttempt]:
    """Every HTTP request, journal after journal, in the order they ended; those without an end come last in their journal.

    A line that a kill tore off is left out. Raises ObjectUnreadable for a journal that is damaged otherwise.
    """
    accounts = {_process(stored.key): stored.key for stored in storage.list(keys.QUOTA)}
    parts = read_all(storage, (stored.key for stored in storage.list(keys.ATTEMPTS)))
    for journal, its_parts in groupby(parts, key=lambda part: _without_number(part[0])):
        process = _process(journal)
        open_: dict[str, tuple[str, dict[str, Any]]] = {}
        for part, event, facts in _lines(its_parts):
            if event == "sent":
                open_[facts["id"]] = part, facts
            elif sent := open_.pop(facts["id"], None):
                yield _row(*sent, process, event, facts)
        if open_:
            end = "in flight" if _is_live(storage, process, accounts.get(process), time.time() if now_s is None else now_s) else "unknown"
            yield from (_row(*sent, process, end, {}) for sent in open_.values())


def to_csv(attempts: Iterable[HttpAttempt]) -> Iterator[str]:
    """The lines of a CSV, header first; times in UTC. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    columns = list(HttpAttempt.model_fields)
    yield _csv_line(columns)
    for attempt in attempts:
        yield _csv_line([_cell(name, getattr(attempt, name)) for name in columns])


def _lines(parts: Iterable[tuple[str, bytes | None]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Part, event and facts of each line of a journal, whose parts come in order."""
    for part, data in parts:
        *whole, _torn_off = (data or b"").split(b"\n")
        for number, line in enumerate(whole, 1):
            try:
                facts = json.loads(line)
                event, _ = facts.pop("event"), facts["id"]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise _damaged(part, f"line {number} is no line of the ledger") from error
            yield part, event, facts


def _row(part: str, sent: dict[str, Any], process: str, end: str, ended: dict[str, Any]) -> HttpAttempt:
    more = {name: value for name, value in ended.items() if name not in ("id", "at", "tier")}
    started = {name: value for name, value in sent.items() if name != "at"}
    try:
        return HttpAttempt(
            process=process, sent_at=sent["at"], end=end, ended_at=ended.get("at"), served_tier=ended.get("tier", ""), **started, **more
        )  # fmt: skip
    except (ValidationError, KeyError, TypeError) as error:
        raise _damaged(part, f"the lines of request {sent.get('id')} do not hold what they should") from error


def _damaged(journal: str, why: str) -> ObjectUnreadable:
    return ObjectUnreadable(journal, why, "Move it away to see the other requests; no caption depends on it.")


def _is_live(storage: Storage, process: str, account: str | None, now_s: float) -> bool:
    """Whether a process still runs: its account has a fresh heartbeat and, when it is of this machine, it exists."""
    if account is None or is_gone(process):
        return False
    try:
        known = read_account(storage, account)
    except ObjectMissing:
        return False
    return not known.ended and abs(now_s - known.seen_at) < _SILENT_S


def _without_number(part: str) -> str:
    """The key that a journal would have in one part."""
    return re.sub(r"(\.\d{4,})?\.jsonl$", ".jsonl", part)


def _process(key: str) -> str:
    return key.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _cell(name: str, value: object) -> object:
    if name in _TIMES and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _csv_line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
