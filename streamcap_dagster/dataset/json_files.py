"""`train.json` and `rl.json`, and their validation and test parts: JSON arrays with one example per line."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

from streamcap_dagster.dataset.checking import ReadBack, Said, read_json, said
from streamcap_dagster.dataset.splits import SPLITS, Split
from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import RlExamples, SftExamples
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.many import side_by_side

Kind = Literal["sft", "rl"]


@dataclass(frozen=True)
class JsonFile:
    """A file that was written."""

    key: str
    size_bytes: int
    sha256: str


@dataclass
class JsonReport:
    """What went into the files of one kind, and what did not."""

    rows: dict[Split, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    left_out: Counter[str] = field(default_factory=Counter)
    """How many window pairs made no example, by reason."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Videos whose examples could not be read, and why."""
    files: list[JsonFile] = field(default_factory=list)
    found: ReadBack = field(default_factory=ReadBack)
    """What reading the files back told."""


def write_examples_json(storage: Storage, video_ids: Sequence[str], splits: Mapping[str, Split], kind: Kind) -> JsonReport:
    """Write one file per split in order of video_id, and read it back. The train file always exists, the others only when they hold an example."""
    report = JsonReport()
    for split in SPLITS:
        of_split = sorted(video_id for video_id in video_ids if splits[video_id] == split)
        expected: dict[str, Said] = {}
        lines = _lines(storage, of_split, kind, split, report, expected)
        first = next(lines, None)
        if first is None and split != "train":
            storage.delete(json_key(kind, split))
            continue
        with storage.staged(json_key(kind, split)) as path:
            report.files.append(_write_array(json_key(kind, split), path, lines if first is None else chain((first,), lines)))
        report.found.judge(json_key(kind, split), partial(_read_back, storage, json_key(kind, split), expected, report.found, split))
    return report


def _read_back(storage: Storage, key: str, expected: Mapping[str, Said], found: ReadBack, split: Split) -> Iterator[str]:
    with storage.local(key) as path:
        yield from read_json(path, expected, found, split)


def json_key(kind: Kind, split: Split) -> str:
    if split == "train":
        return keys.TRAIN_JSON if kind == "sft" else keys.RL_JSON
    return f"processed/{split}.json" if kind == "sft" else f"processed/rl_{split}.json"


def _lines(storage: Storage, video_ids: Iterable[str], kind: Kind, split: Split, report: JsonReport, expected: dict[str, Said]) -> Iterator[str]:
    def read(video_id: str) -> tuple[str, SftExamples | RlExamples | str]:
        try:
            return video_id, _examples(storage, video_id, kind)
        except (ObjectMissing, ObjectUnreadable) as error:
            return video_id, str(error)

    for video_id, examples in side_by_side(storage.lanes, read, video_ids):
        if isinstance(examples, str):
            report.skipped[video_id] = examples
            continue
        report.left_out.update(pair.reason for pair in examples.left_out)
        report.rows[split] += len(examples.examples)
        lines = [pair.example.model_dump_json() for pair in examples.examples]
        if lines:
            expected[video_id] = said(line.encode() for line in lines)
        yield from lines


def _examples(storage: Storage, video_id: str, kind: Kind) -> SftExamples | RlExamples:
    if kind == "sft":
        return read_record(storage, keys.sft_examples(video_id), SftExamples)
    return read_record(storage, keys.rl_examples(video_id), RlExamples)


def _write_array(key: str, path: Path, lines: Iterator[str]) -> JsonFile:
    """Hashed as it is written, so that it need not be read again from wherever it goes."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("wb") as file:
        for text in _array(lines):
            part = text.encode()
            digest.update(part)
            size_bytes += file.write(part)
    return JsonFile(key, size_bytes, digest.hexdigest())


def _array(lines: Iterator[str]) -> Iterator[str]:
    yield "["
    for number, line in enumerate(lines):
        yield f"{',' if number else ''}\n{line}"
    yield "\n]\n"
