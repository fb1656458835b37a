"""The objects of a JSON file, be it an array or an object a line, each checked to be of the wanted kind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from streamcap_dagster.examples.ranking_files.items import Faulty

M = TypeVar("M", bound=BaseModel)


def objects_in(path: Path) -> Iterator[tuple[str, Any]]:
    """Each object with its place in words. A file that does not begin like JSON has none. Raises Faulty where it is not whole."""
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        yield from ((f"record {number}", found) for number, found in enumerate(_parsed(text, "it"), start=1))
    elif text.lstrip().startswith("{"):
        lines = ((f"line {number}", line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
        yield from ((where, _parsed(line, where)) for where, line in lines)


def models_in(path: Path, kind: type[M]) -> Iterator[tuple[str, M]]:
    """The same as records of a kind. Raises Faulty naming the first that is none, or when there is nothing."""
    empty = True
    for where, found in objects_in(path):
        empty = False
        try:
            yield where, kind.model_validate(found)
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"])
            raise Faulty(f"{where}: {f'{field}: ' if field else ''}{fault['msg']}") from error
    if empty:
        raise Faulty("it holds no JSON objects")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Faulty(f"{where} is not whole JSON ({error})") from error
