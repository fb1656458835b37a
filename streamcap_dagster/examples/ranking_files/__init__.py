"""Rankings as files, in each of the forms that tools for it read and write: one form a module."""

import csv
from pathlib import Path
from typing import Literal

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.examples.ranking_files.argilla import Argilla
from streamcap_dagster.examples.ranking_files.items import Faulty, FileFormat, Judgement
from streamcap_dagster.examples.ranking_files.json_records import objects_in
from streamcap_dagster.examples.ranking_files.jsonl import JsonLines
from streamcap_dagster.examples.ranking_files.label_studio import LabelStudio
from streamcap_dagster.examples.ranking_files.plain_csv import PlainCsv

FormatName = Literal["csv", "jsonl", "argilla", "label-studio"]
FORMATS: dict[FormatName, FileFormat] = {"csv": PlainCsv(), "jsonl": JsonLines(), "argilla": Argilla(), "label-studio": LabelStudio()}


class RankingsUnusable(StreamcapError):
    """A file of rankings holds something that cannot be used, so nothing of it is."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} cannot be imported: {why}. Nothing was imported; mend the file, or take those lines out of it, and import it again.")


def read_judgements(path: Path, form: FormatName | None = None) -> list[Judgement]:
    """Every ranking in a file; without a form it is told by the file itself. Raises RankingsUnusable that names the faulty line or record."""
    try:
        return list(FORMATS[form or _form_of(path)].read(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RankingsUnusable(str(path), f"it cannot be read as UTF-8 text ({error})") from error
    except Faulty as error:
        raise RankingsUnusable(str(path), str(error)) from error


def _form_of(path: Path) -> FormatName:
    """By the fields of the first object; without any it can only be CSV."""
    _, first = next(objects_in(path), ("", None))
    if first is None:
        return "csv"
    fields = first.keys() if isinstance(first, dict) else ()
    if "data" in fields:
        return "label-studio"
    return "argilla" if "fields" in fields or "responses" in fields else "jsonl"
