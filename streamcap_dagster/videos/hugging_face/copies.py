"""Videos of a dataset as files on this machine: fetched once, checked, and kept while there is room."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from hashlib import sha1, sha256
from pathlib import Path, PurePosixPath

from streamcap_dagster.errors import VideoUnreadable
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.checksums import Crc32c
from streamcap_dagster.storage.file_locks import alone
from streamcap_dagster.videos.hugging_face.client import PART_BYTES, HubClient
from streamcap_dagster.videos.hugging_face.listing import Item
from streamcap_dagster.videos.hugging_face.tables import read_videos

AGAIN = "the next scan looks again"
_TRIES = 3
_NO_BYTES = -1

Sizes = list[tuple[int, str]]
"""Of each video of a row group its size, _NO_BYTES where the row holds none, and its CRC32C."""


class Copies:
    """Copies of the videos of one commit. Of a table, the videos of a row group come in one stream, whichever of them is wanted, and all are kept."""

    def __init__(self, client: HubClient, sha: str, cache: FileCache, notes: Path, items: Mapping[str, Item]) -> None:
        """`notes` is a folder for what was found out about row groups."""
        self._client = client
        self._sha = sha
        self._cache = cache
        self._notes = notes
        self._at_place = {(item.file.path, item.group, item.row): item for item in items.values() if item.column}

    @property
    def _room_bytes(self) -> int:
        """What may come along with a video: no more than half of the cache, so that it does not push out what others came with."""
        return self._cache.limit_bytes // 2

    def lend(self, item: Item) -> AbstractContextManager[Path]:
        """The copy, for as long as the block lasts."""
        if not item.column:
            return self._cache.file(self._name(item), item.size_bytes, "", partial(self._download, item))
        sizes = self._sizes(item)
        if sizes[item.row][0] == _NO_BYTES:
            raise VideoUnreadable(item.uri, "its row holds no video, and names none that is in the dataset", f"Upload it, or leave it; {AGAIN}.")
        return self._unpacked(item, sizes)

    @contextmanager
    def _unpacked(self, item: Item, sizes: Sizes) -> Iterator[Path]:
        """The copy of a video of a table, of which one at a time is fetched of a row group: who waits finds theirs among what came with another."""
        name, (size_bytes, crc32c) = self._name(item), sizes[item.row]
        with ExitStack() as lending:
            path = lending.enter_context(self._cache.kept(name, size_bytes, crc32c))
            if path is None:
                with self._cache.explained(f"waiting for {item.file.path}"), alone(self._noted_at(item).with_suffix(".lock")):
                    path = lending.enter_context(self._cache.file(name, size_bytes, crc32c, partial(self._unpack_one, item, sizes)))
            yield path

    def _download(self, item: Item, path: Path) -> None:
        """Write a file of the repository, checked against the hash that the Hub knows it by: SHA-256 where it is a large one, else git's."""
        for _ in range(_TRIES):
            hashes = (sha256(), sha1(f"blob {item.size_bytes}\0".encode(), usedforsecurity=False))
            with path.open("wb") as file:
                for start in range(0, item.size_bytes, PART_BYTES):
                    data = self._client.read(self._sha, item.file.path, start, min(start + PART_BYTES, item.size_bytes))
                    file.write(data)
                    for digest in hashes:
                        digest.update(data)
            if item.file.oid in (digest.hexdigest() for digest in hashes):
                return
        fix = "Something between here and the Hub spoils data (a proxy, memory): try from another network or machine."
        raise VideoUnreadable(item.uri, f"what arrived is not what the Hub has, {_TRIES} times in a row", fix)

    def _sizes(self, item: Item) -> Sizes:
        """Sizes of the videos of the row group, which are in the cache after this, as far as they fit, where their sizes were not known before."""
        path = self._noted_at(item)
        if known := _noted(path):
            return known
        with self._cache.explained(f"noting what {item.file.path} holds"):
            self._notes.mkdir(parents=True, exist_ok=True)
            with alone(path.with_suffix(".lock")):  # whoever comes while it is fetched waits for it
                return _noted(path) or self._note(path, self._unpack(item))

    def _noted_at(self, item: Item) -> Path:
        return self._notes / f"{_digest(item.file.oid, item.column, item.group)}.rows"

    def _note(self, path: Path, sizes: Sizes) -> Sizes:
        path.with_suffix(".new").write_text(json.dumps(sizes))
        path.with_suffix(".new").replace(path)
        return sizes

    def _unpack(self, item: Item) -> Sizes:
        """Of what is read all is kept that there is room for, and what is wanted always."""
        sizes: Sizes = []
        room_bytes = self._room_bytes
        for row, data in enumerate(self._videos(item)):
            sizes.append((_NO_BYTES, "") if data is None else (len(data), _crc32c_of(data)))
            if data is not None and (row == item.row or len(data) <= room_bytes):
                self._adopt(item, row, data)
                room_bytes -= len(data)
        return sizes

    def _unpack_one(self, item: Item, sizes: Sizes, path: Path) -> None:
        """Write a video that was here before and had to go, and keep those of its row group that come with it and will be wanted next."""
        kept = self._neighbours(item, sizes)
        last = max(kept | {item.row})
        for row, data in enumerate(self._videos(item)):
            if row == item.row:
                path.write_bytes(data or b"")
            elif row in kept:
                self._adopt(item, row, data)
            if row == last:
                return

    def _neighbours(self, item: Item, sizes: Sizes) -> set[int]:
        """Rows of its row group that there is room for: those after it first, then the nearest before it."""
        kept, room_bytes = set(), self._room_bytes
        for row in (*range(item.row + 1, len(sizes)), *range(item.row - 1, -1, -1)):
            room_bytes -= max(sizes[row][0], 0)
            if room_bytes < 0:
                break
            kept.add(row)
        return kept

    def _adopt(self, item: Item, row: int, data: memoryview | None) -> None:
        neighbour = self._at_place.get((item.file.path, item.group, row))
        if neighbour is not None and data is not None:
            name = self._name(neighbour)
            with self._cache.scratch(PurePosixPath(name).suffix) as path:
                path.write_bytes(data)
                self._cache.adopt(path, name)

    def _videos(self, item: Item) -> Iterator[memoryview | None]:
        try:
            yield from read_videos(self._client, self._sha, item.file, item.column, item.group)
        except (ValueError, OSError) as error:  # as Arrow raises them
            why = str(error).partition("\n")[0].rstrip(". ")
            raise VideoUnreadable(item.uri, f"{item.file.path}, which holds it, cannot be read ({why})", f"Upload that file again; {AGAIN}.") from error

    def _name(self, item: Item) -> str:
        """What the copy of these very bytes is called; it has the suffix of the video."""
        return _digest(self._client.endpoint, self._client.address.repo, item.version, item.column) + PurePosixPath(item.uri).suffix.lower()


def _noted(path: Path) -> Sizes:
    """Empty where nothing, or nothing that can be read, was noted."""
    try:
        return [(int(size_bytes), str(crc32c)) for size_bytes, crc32c in json.loads(path.read_bytes())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def _crc32c_of(data: memoryview) -> str:
    """Part by part, for the checksum wants bytes, which are a copy."""
    total = Crc32c()
    for start in range(0, len(data), PART_BYTES):
        total.update(bytes(data[start : start + PART_BYTES]))
    return str(total)


def _digest(*facts: object) -> str:
    return sha256("\0".join(map(str, facts)).encode()).hexdigest()
