"""WebDataset: tar shards in which a clip is a JPEG file per frame and a JSON file, all under one key.

A frame is `<key>.<window>_<k>.jpg`, its place in the clip; the JSON tells the windows and where the clip comes from. The same rows give the same bytes.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from streamcap_dagster.exporters.exporter import Exporter, Words, Writer
from streamcap_dagster.exporters.rows import StreamRow
from streamcap_dagster.exporters.target import SplitTarget

SHARD_BYTES = 500_000_000
"""At most, unless a single clip is larger."""

_NAME = 81
"""Characters of a video's name that a key takes: a tar file has 100 for `<name>-0000.00000_000.jpg`."""
_HASH = 16

_BLOCK, _RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE


@dataclass(frozen=True)
class Sample:
    """The files of one key, by what follows the key."""

    key: str
    files: dict[str, bytes]

    @property
    def images(self) -> int:
        return sum(name.endswith(".jpg") for name in self.files)

    @property
    def size_bytes(self) -> int:
        """In a tar file: a block before each file, and the file in whole blocks."""
        return sum(_BLOCK + _whole(len(data), _BLOCK) for data in self.files.values())


def samples(row: StreamRow, to: SplitTarget, words: Words) -> Iterator[Sample]:  # noqa: ARG001  a format without questions
    """A clip as it is, failed windows included: their outcome says so."""
    images = iter(row.images)
    frames = {f"{window:05d}_{k:03d}.jpg": next(images) for window, count in enumerate(row.frames_per_window) for k in range(count)}
    about = row.model_dump(mode="json", exclude={"images"})
    yield Sample(f"{_short(row.video_id)}-{row.clip:04d}", {**frames, "json": json.dumps(about, ensure_ascii=False).encode()})


def _short(video_id: str) -> str:
    """The id, or its beginning and its hash; the JSON of a clip has it whole."""
    if len(video_id) <= _NAME:
        return video_id
    return f"{video_id[: _NAME - _HASH - 1]}-{hashlib.sha256(video_id.encode()).hexdigest()[:_HASH]}"


def tar_shards(shard_bytes: int = SHARD_BYTES) -> Writer:
    """Writes `<split>-000000.tar` and so on."""

    @contextmanager
    def writer(to: SplitTarget) -> Iterator[Callable[[Sample], None]]:
        with ExitStack() as files:
            yield _Shards(to, shard_bytes, files).add

    return writer


class _Shards:
    """The tar files of a split: they all get their names when all are whole."""

    def __init__(self, to: SplitTarget, shard_bytes: int, files: ExitStack) -> None:
        self._to = to
        self._limit = shard_bytes
        self._files = files
        self._tar: tarfile.TarFile | None = None
        self._held = 0
        self._count = 0

    def add(self, sample: Sample) -> None:
        if self._tar is None or _tar_bytes(self._held + sample.size_bytes) > self._limit:
            self._tar, self._held = self._next(), 0
        for name, data in sample.files.items():
            self._tar.addfile(_entry(f"{sample.key}.{name}", len(data)), io.BytesIO(data))
        self._held += sample.size_bytes
        self._to.images += sample.images

    def _next(self) -> tarfile.TarFile:
        if self._tar is not None:
            self._tar.close()
        path = self._files.enter_context(self._to.staged(f"{self._to.split}-{self._count:06d}.tar"))
        self._count += 1
        return self._files.enter_context(tarfile.open(path, "w", format=tarfile.USTAR_FORMAT))


def _tar_bytes(held_bytes: int) -> int:
    """Size of a tar file that holds so much: it ends with two empty blocks and is filled up."""
    return _whole(held_bytes + 2 * _BLOCK, _RECORD)


def _whole(size_bytes: int, unit_bytes: int) -> int:
    return -(-size_bytes // unit_bytes) * unit_bytes


def _entry(name: str, size_bytes: int) -> tarfile.TarInfo:
    """Without owner or time, which would differ from export to export."""
    entry = tarfile.TarInfo(name)
    entry.size = size_bytes
    return entry


EXPORTER = Exporter("webdataset", ("stream",), "WebDataset: tar shards, a JPEG file per frame and a JSON file per clip", samples, tar_shards())
