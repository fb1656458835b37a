"""Rankings as CSV for a spreadsheet: a line per candidate, with its rank to be filled in."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from streamcap_dagster.examples.ranking_files.items import Faulty, Item, Judgement

_COLUMNS = ("sample_id", "version", "candidate", "rank", "text", "history", "frames")
_NEEDED = _COLUMNS[:4]
_PERSON = "annotator"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would run."""
_WINDOW = "window "
"""Goes before a sample_id, so that a spreadsheet does not make a date of `12/1/2`. It may be missing from what comes back."""


class PlainCsv:
    """`rank` is 1 for the best; equal ranks are ties; a window without any rank counts as not ranked. A column `annotator` tells several people apart."""

    def write(self, items: Iterable[Item], file: TextIO) -> None:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(_COLUMNS)
        for item in items:
            shown = (_cell("\n".join(item.history)), " ".join(item.frames))
            for name, text in item.candidates.items():
                rank = f"{item.ranks[name]:g}" if name in item.ranks else ""
                lines.writerow((_WINDOW + item.sample_id, item.version, name, rank, _cell(text), *shown))

    def read(self, path: Path) -> Iterator[Judgement]:
        found: dict[tuple[str, str], _Filled] = {}
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=_delimiter(path))
            if missing := [name for name in _NEEDED if name not in (rows.fieldnames or ())]:
                raise Faulty(f"its first line must name the columns {', '.join(_NEEDED)}; missing: {', '.join(missing)}")
            try:
                for row in rows:
                    _fill(found, row, f"line {rows.line_num}")
            except csv.Error as error:
                raise Faulty(f"line {rows.line_num}: it is no CSV ({error})") from error
        yield from (judgement for filled in found.values() if (judgement := filled.judgement()) is not None)


class _Filled:
    """The lines of one window that one person filled in."""

    def __init__(self, where: str, sample_id: str, version: str, person: str) -> None:
        self.where, self.sample_id, self.version, self.person = where, sample_id, version, person
        self.ranks: dict[str, float | None] = {}

    def judgement(self) -> Judgement | None:
        """None where nothing is filled in. Raises Faulty where only something is."""
        ranks = {name: rank for name, rank in self.ranks.items() if rank is not None}
        if not ranks:
            return None
        if empty := [name for name in self.ranks if name not in ranks]:
            raise Faulty(f"{self.where}: {empty[0]} of {self.sample_id} has no rank, and others of that window have one")
        return Judgement(self.where, self.sample_id, self.version, ranks, self.person)


def _fill(found: dict[tuple[str, str], _Filled], row: dict[str, str | None], where: str) -> None:
    sample_id, version, name, rank, person = ((row.get(column) or "").strip() for column in (*_NEEDED, _PERSON))
    if not (sample_id and version and name):
        raise Faulty(f"{where}: sample_id, version and candidate must not be empty")
    sample_id = sample_id.removeprefix(_WINDOW)
    window = found.setdefault((sample_id, person), _Filled(where, sample_id, version, person))
    if name in window.ranks:
        raise Faulty(f"{where}: {name} of {sample_id} stands here a second time; of several people, tell them apart in a column {_PERSON}")
    if version != window.version:
        raise Faulty(f"{where}: its version is {version!r}, and that of other lines of {sample_id} is {window.version!r}")
    window.ranks[name] = _rank(rank, where) if rank else None


def _rank(text: str, where: str) -> float:
    try:
        rank = float(text.replace(",", "."))
    except ValueError:
        rank = 0.0
    if not 1 <= rank < float("inf"):
        raise Faulty(f"{where}: {text!r} is no rank; write 1 for the best, 2 for the next, the same number for a tie")
    return rank


def _delimiter(path: Path) -> str:
    """Spreadsheets of half the world write semicolons."""
    with path.open(encoding="utf-8-sig") as file:
        head = file.readline()
    return ";" if ";" in head and "," not in head else ","


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
