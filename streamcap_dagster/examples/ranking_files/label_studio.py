"""Rankings as tasks of Label Studio, for a List of candidates with a Ranker: what its import takes, and its JSON export gives.

Source of the form: labelstud.io/guide/task_format and labelstud.io/tags/ranker.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, Field

from streamcap_dagster.examples.ranking_files.items import Faulty, Item, Judgement, ranks_in_order
from streamcap_dagster.examples.ranking_files.json_records import models_in


class _Value(BaseModel):
    ranker: dict[str, list[str]] | list[str] | None = None


class _Result(BaseModel):
    type: str
    value: _Value = Field(default_factory=_Value)


class _Annotation(BaseModel):
    result: list[_Result] = Field(default_factory=list)
    was_cancelled: bool = False
    completed_by: object = None


class _Data(BaseModel):
    sample_id: str
    version: str


class _Task(BaseModel):
    data: _Data
    annotations: list[_Annotation] = Field(default_factory=list)


class LabelStudio:
    """A Ranker without buckets puts all candidates in one order, without ties. Skipped tasks do not count."""

    def write(self, items: Iterable[Item], file: TextIO) -> None:
        tasks = [{"data": _data(item)} for item in items]
        file.write(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")

    def read(self, path: Path) -> Iterator[Judgement]:
        for where, task in models_in(path, _Task):
            for number, annotation in enumerate(task.annotations, start=1):
                for result in annotation.result:
                    if result.type == "ranker" and not annotation.was_cancelled:
                        ranks = ranks_in_order(_order(result.value.ranker, where), where)
                        yield Judgement(where, task.data.sample_id, task.data.version, ranks, _person(annotation, number))


def _data(item: Item) -> dict[str, object]:
    listed = [{"id": name, "title": name.replace("_", " "), "body": text} for name, text in item.candidates.items()]
    shown = {"history": "\n".join(item.history), "frames": item.frames}
    return {"sample_id": item.sample_id, "version": item.version, **shown, "items": listed}


def _order(ranker: dict[str, list[str]] | list[str] | None, where: str) -> list[str]:
    if isinstance(ranker, list):
        return ranker
    if ranker is None or len(ranker) != 1:
        raise Faulty(f"{where}: its candidates are not in one order; the labelling interface must have a Ranker without buckets")
    return next(iter(ranker.values()))


def _person(annotation: _Annotation, number: int) -> str:
    """Who it was: by id, or as an export may have it an object with one; of people without, each annotation is another's."""
    who = annotation.completed_by
    known = who.get("id") if isinstance(who, dict) else who
    return str(number if known is None else known)
