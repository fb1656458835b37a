"""Rankings as JSON Lines: a window a line, its ranking a list of names."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel

from streamcap_dagster.examples.ranking_files.items import Item, Judgement, ranks_in_order
from streamcap_dagster.examples.ranking_files.json_records import models_in


class _Line(BaseModel):
    sample_id: str
    version: str
    ranking: list[str | list[str]] | None = None
    annotator: str = ""


class JsonLines:
    """`ranking` lists the names of the candidates, best first; names in a list of their own are equal. An empty one counts as not ranked."""

    def write(self, items: Iterable[Item], file: TextIO) -> None:
        for item in items:
            shown = {"sample_id": item.sample_id, "version": item.version, "history": item.history, "frames": item.frames}
            candidates = [{"name": name, "text": text} for name, text in item.candidates.items()]
            ranking = [tied[0] if len(tied) == 1 else tied for tied in item.order]
            file.write(json.dumps({**shown, "candidates": candidates, "ranking": ranking}, ensure_ascii=False) + "\n")

    def read(self, path: Path) -> Iterator[Judgement]:
        for where, line in models_in(path, _Line):
            if line.ranking:
                yield Judgement(where, line.sample_id, line.version, ranks_in_order(line.ranking, where), line.annotator)
