"""The folder that an export is written to: images named by their content and written once, other files whole or not at all."""

import errno
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from streamcap_dagster.errors import SettingError, StorageError
from streamcap_dagster.exporters.rows import Config
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.many import delete_all

RECORD = ".export.json"
"""What the folder holds: lets the same export go on where it broke off, and keeps others out."""

_LEASE = "export"
_MEDIA = ("images", "videos")
_FILE_OF_SPLIT = re.compile(r"(-\d{5,6}|_with_seeks|_seeks)?\.(parquet|tar|jsonl?)")
"""What formats call their files, after the name of the split."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Tally(BaseModel):
    """What one split of an export holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = 0
    images: int = 0
    """One that several rows hold counts for each of them."""
    size_bytes: int = 0
    """Of its files and of its images, each once."""
    files: tuple[str, ...] = ()
    """Relative to the folder, images apart."""
    left_out: Mapping[str, int] = {}
    """How many rows, or windows of rows, are not in it, by reason."""
    rehearsed: int = 0
    """Rows whose texts no model that sees has made."""
    dataset: str = ""
    """Names the state of the dataset that it was made from; nothing until it is whole."""


class Content(BaseModel):
    """What an export is of. One folder holds one."""

    model_config = ConfigDict(frozen=True)

    format: str
    config: Config
    options: Mapping[str, str]
    """What was chosen of the format."""
    cadence_s: float | None
    """None for windows as they were captioned."""

    def __str__(self) -> str:
        chosen = [f"{name}={value}" for name, value in self.options.items()]
        at = [] if self.cadence_s is None else [f"windows of {self.cadence_s:g} s"]
        return f"{self.format} of {self.config}{' with ' if chosen or at else ''}{' and '.join(chosen + at)}"


class _Record(BaseModel):
    """`.export.json`."""

    content: Content
    alone: bool = True
    """False when the folder held something else before: nothing is ever removed from it."""
    splits: dict[str, Tally] = {}


class _Folder(FolderStorage):
    """A folder as storage, which tells what is wrong with it in words that fit an export."""

    def _explained(self, error: OSError, key: str, doing: str) -> OSError | StorageError:
        told = super()._explained(error, key, doing)
        if not isinstance(told, StorageError) or error.errno in (None, errno.EMFILE):
            return told
        free = "Free some space, or give a folder on a larger disk with --out; the same command goes on from here, and what was whole stays."
        fix = free if error.errno in _FULL else "Give another folder with --out."
        return StorageError(self.uri, f"{doing} the export", os.strerror(error.errno), fix)


class Target:
    """A folder that one export at a time writes to."""

    def __init__(self, folder: Path, record: _Record, dataset: str) -> None:
        self._storage = _Folder(folder)
        self._record = record
        self._dataset = dataset

    @property
    def folder(self) -> Path:
        return self._storage.root

    @property
    def alone(self) -> bool:
        """Whether nothing else was in the folder before."""
        return self._record.alone

    @property
    def splits(self) -> Mapping[str, Tally]:
        """Every split that is in the folder: each whole, once what is outdated was dropped."""
        return self._record.splits

    def write(self, name: str, data: bytes) -> None:
        """Write a file that belongs to no split."""
        self._storage.write(name, data)

    @contextmanager
    def split(self, name: str, source: Storage) -> Iterator["SplitTarget"]:
        """Where one split of the dataset in `source` is written; when the block ends well the folder holds it, and no more what it held of an earlier one."""
        split = SplitTarget(self._storage, name, source)
        self._begin(name)
        yield split
        if self.alone:
            delete_all(self._storage, self._files(name) - {*split.files})
            split.drop_other_media()
        self._record.splits[name] = split.tally().model_copy(update={"dataset": self._dataset})
        self._write_record()

    def drop_outdated(self) -> tuple[str, ...]:
        """Let go of the splits that are not, or not wholly, from the dataset as it is now; their names."""
        outdated = tuple(name for name, tally in self._record.splits.items() if tally.dataset != self._dataset)
        for name in outdated:
            if self.alone:
                media = (stored.key for folder in _MEDIA for stored in self._storage.list(f"{folder}/{name}/"))
                delete_all(self._storage, self._files(name).union(media))
            del self._record.splits[name]
        self._write_record()
        return outdated

    def _begin(self, name: str) -> None:
        """The record tells from now on that files of the split may be there, and that they are not whole."""
        self._record.splits[name] = self._record.splits.get(name, Tally()).model_copy(update={"dataset": ""})
        self._write_record()

    def _files(self, name: str) -> set[str]:
        """Of a split: those that the record tells, and those that got their names before it was written."""
        found = {stored.key for stored in self._storage.list(name) if _FILE_OF_SPLIT.fullmatch(stored.key.removeprefix(name))}
        return found.union(self._record.splits[name].files)

    def _write_record(self) -> None:
        self._storage.write(RECORD, self._record.model_dump_json(indent=1).encode())


@contextmanager
def open_target(folder: Path, content: Content, dataset: str, force: bool) -> Iterator[Target]:
    """The folder, made when missing; `dataset` names the state of the dataset.

    Raises SettingError for a folder that holds something else, unless `force`, and while another export writes to it.
    """
    target = Target(folder, _known(folder, content, force), dataset)
    with target._storage.lease(_LEASE) as alone:
        if not alone:
            raise SettingError("--out", str(folder), "another export is writing to it")
        target._storage.sweep()
        target._write_record()
        yield target


def _known(folder: Path, content: Content, force: bool) -> _Record:
    """What the folder holds of the same export already."""
    fresh = _Record(content=content)
    if folder.exists() and not folder.is_dir():
        raise SettingError("--out", str(folder), "it is a file; give a folder (it is made when missing)")
    if not _holds_anything(folder):
        return fresh
    try:
        found = _Record.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is not None and found.content == content:
        return found
    if force:
        return fresh.model_copy(update={"alone": False})
    holds = f"it holds {found.content}" if found else "it holds other files"
    raise SettingError("--out", str(folder), f"{holds}; give another folder, or add --force to write into it all the same (nothing of it is deleted)")


def _holds_anything(folder: Path) -> bool:
    try:
        return folder.is_dir() and any(folder.iterdir())
    except OSError as error:
        raise SettingError("--out", str(folder), f"it cannot be looked into ({error.strerror})") from error


@dataclass
class SplitTarget:
    """Where the samples of one split go, and what is counted of them."""

    _storage: FolderStorage
    split: str
    source: Storage
    """Where the dataset is, and the videos that it was made from."""
    files: dict[str, int] = field(default_factory=dict)
    """Sizes of what was written, images apart."""
    rows: int = 0
    """Counted by whoever writes the samples."""
    images: int = 0
    """Counted by `image`; a format that puts pictures elsewhere counts them itself."""
    rehearsed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    videos: dict[str, str] = field(default_factory=dict)
    """Where the videos are that were asked for, by video_id."""
    _image_bytes: int = 0
    _named: set[bytes] = field(default_factory=set)

    def image(self, jpeg: bytes) -> str:
        """Put an image into the folder, unless it is there, and count it; its path relative to the folder."""
        self.images += 1
        digest = hashlib.sha256(jpeg)
        key = _image_key(self.split, digest.hexdigest())
        if digest.digest() not in self._named:
            self._named.add(digest.digest())
            self._image_bytes += len(jpeg)
            there = self._storage.stat(key)
            if there is None or there.size_bytes != len(jpeg):
                self._storage.write(key, jpeg)
        return key

    def copy(self, name: str, key: str) -> None:
        """Put an object of the source into the folder, unless a file of that name and size is there. `name` tells the split and what is in it."""
        there = self._storage.stat(name)
        with self.source.open(key) as file:
            size_bytes = file.seek(0, os.SEEK_END)
            if there is None or there.size_bytes != size_bytes:
                self._storage.write_from(name, file)
        self.files[name] = size_bytes

    def leave_out(self, reason: str) -> None:
        """Count a row, or a part of one, that gives no sample."""
        self.left_out[reason] += 1

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """A path to write a file to, which gets its name when the block ends well. `name` is relative to the folder and tells the split."""
        with self._storage.staged(name) as path:
            yield path
            self.files[name] = path.stat().st_size

    @contextmanager
    def lines(self, name: str) -> Iterator[Callable[[Any], None]]:
        """A JSONL file: call it with each value."""
        with self.staged(name) as path, path.open("w", encoding="utf-8", newline="\n") as file:
            yield lambda value: print(json.dumps(value, ensure_ascii=False), file=file)

    def tally(self) -> Tally:
        return Tally(
            rows=self.rows,
            images=self.images,
            size_bytes=sum(self.files.values()) + self._image_bytes,
            files=tuple(sorted(self.files)),
            left_out=dict(sorted(self.left_out.items())),
            rehearsed=self.rehearsed,
        )

    def drop_other_media(self) -> None:
        """Remove the images and videos of the split that no sample names any more, such as those of a video that was taken down."""
        images, videos = ((stored.key for stored in self._storage.list(f"{folder}/{self.split}/")) for folder in _MEDIA)
        delete_all(self._storage, [*(key for key in images if not self._names(key)), *(key for key in videos if key not in self.files)])

    def _names(self, key: str) -> bool:
        try:
            return bytes.fromhex(Path(key).stem) in self._named
        except ValueError:
            return True  # not one of ours


def _image_key(split: str, sha256: str) -> str:
    return f"images/{split}/{sha256[:2]}/{sha256}.jpg"
