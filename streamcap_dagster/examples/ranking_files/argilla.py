"""Rankings as records of Argilla 2: what `dataset.records.from_json` takes and `dataset.records.to_json` gives.

Source of the form: docs.argilla.io, "Import and export" and `RankingQuestion`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, Field

from streamcap_dagster.examples.ranking_files.items import Item, Judgement, ranks_in_order
from streamcap_dagster.examples.ranking_files.json_records import models_in

QUESTION = "ranking"


class _Placed(BaseModel):
    """A name with its rank, as Argilla's server has it."""

    value: str
    rank: int | None = None


class _Response(BaseModel):
    value: list[str | _Placed]
    user_id: str | None = None
    status: str | None = None


class _Metadata(BaseModel):
    sample_id: str
    version: str
    candidates: int


class _Record(BaseModel):
    metadata: _Metadata
    responses: dict[str, list[_Response]] = Field(default_factory=dict)


class Argilla:
    """Every dataset of Argilla has the same names to rank, so a window with fewer candidates than others has empty ones, which do not count."""

    def write(self, items: Iterable[Item], file: TextIO) -> None:
        every = list(items)
        names = max((list(item.candidates) for item in every), key=len, default=[])
        records = [_record(item, names) for item in every]
        file.write(json.dumps(records, ensure_ascii=False, indent=1) + "\n")

    def read(self, path: Path) -> Iterator[Judgement]:
        for where, record in models_in(path, _Record):
            for number, response in enumerate(record.responses.get(QUESTION, ()), start=1):
                if response.status in (None, "submitted"):
                    ranks = {name: rank for name, rank in _ranks(response, where).items() if _number(name) <= record.metadata.candidates}
                    person = response.user_id or str(number)
                    yield Judgement(where, record.metadata.sample_id, record.metadata.version, ranks, person)


def _record(item: Item, names: list[str]) -> dict[str, object]:
    texts = {name: item.candidates.get(name, "(none)") for name in names}
    return {
        "id": item.sample_id,
        "fields": {"history": "\n".join(item.history), "frames": "\n".join(item.frames), **texts},
        "metadata": {"sample_id": item.sample_id, "version": item.version, "candidates": len(item.candidates)},
        "suggestions": {},
        "responses": {},
        "vectors": {},
    }


def _ranks(response: _Response, where: str) -> dict[str, float]:
    if any(isinstance(one, str) or one.rank is None for one in response.value):
        return ranks_in_order([one if isinstance(one, str) else one.value for one in response.value], where)
    placed = [one for one in response.value if isinstance(one, _Placed)]
    ranks = sorted({one.rank or 0 for one in placed})
    return ranks_in_order([[one.value for one in placed if one.rank == rank] for rank in ranks], where)


def _number(name: str) -> int:
    """The number at the end of a candidate's name; 0 for another name, which is told to be unknown later."""
    end = name.rpartition("_")[2]
    return int(end) if end.isdecimal() else 0
