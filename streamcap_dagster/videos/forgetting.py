"""Taking videos down: what a storage holds of them, and how all of it goes in an order that a kill at any moment leaves room to go on from.

Tombstones come first: from then on nothing brings a video back, and whoever comes again knows what to remove.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from streamcap_dagster.errors import StorageError
from streamcap_dagster.records import Video
from streamcap_dagster.storage import Storage, Stored, keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.many import delete_all
from streamcap_dagster.storage.receipts import read_receipts
from streamcap_dagster.storage.tombstones import TakenDown, lay_tombstone, read_tombstones
from streamcap_dagster.videos.manifest import read_manifest, read_seen, write_manifest, write_seen

CATALOG_TURN = "_video_catalog"
"""What whoever writes the manifest holds the turn of."""
_TRIES = 3

OnWait = Callable[[str], None]
"""Told the name of a turn that somebody else holds."""


@dataclass(frozen=True)
class Doomed:
    """A video that is to be forgotten, and what the storage holds of it."""

    video_id: str
    sha256: str
    uri: str
    """Its file, relative to the source; empty when the catalog does not list it."""
    objects: tuple[Stored, ...]
    calls: int
    """Answers of a captioner that are kept."""
    twin_of: str = ""
    """The video that was named, where this one goes only because it has the same bytes."""

    @property
    def size_bytes(self) -> int:
        return sum(stored.size_bytes for stored in self.objects)


def contents_of(storage: Storage, video_ids: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the bytes of each video, by the catalog, by its tombstone or by the copy of it; empty when nobody has ever read them."""
    return _contents(storage, video_ids, read_manifest(storage), read_tombstones(storage))


def _contents(storage: Storage, video_ids: Iterable[str], manifest: Mapping[str, Video], stones: TakenDown) -> dict[str, str]:
    found = {}
    for video_id in video_ids:
        row, stone = manifest.get(video_id), stones.by_id.get(video_id)
        sha256 = (row.sha256 if row else "") or (stone.sha256 if stone else "")
        copy = None if sha256 else read_receipts(storage, video_id).of("raw_videos")
        found[video_id] = copy.content_hash if copy else sha256
    return found


def doomed_with(storage: Storage, named: Sequence[str]) -> list[Doomed]:
    """What goes with these videos, whose bytes are known: they, and every other video that has the same bytes."""
    manifest, stones = read_manifest(storage), read_tombstones(storage)
    contents = _contents(storage, named, manifest, stones)
    first = {sha256: video_id for video_id, sha256 in reversed(contents.items())}
    others = {video.video_id: video.sha256 for video in manifest.values()} | {stone.video_id: stone.sha256 for stone in stones.by_id.values()}
    twins = {video_id: sha256 for video_id, sha256 in others.items() if sha256 in first and video_id not in contents}
    doomed = []
    for video_id, sha256 in {**contents, **twins}.items():
        objects = tuple(objects_of(storage, video_id))
        uri = manifest[video_id].uri if video_id in manifest else ""
        doomed.append(Doomed(video_id, sha256, uri, objects, _calls(storage, objects, video_id), first[sha256] if video_id in twins else ""))
    return doomed


def objects_of(storage: Storage, video_id: str) -> Iterator[Stored]:
    """Everything that the storage holds of a video and of no other."""
    for key in keys.all_of(video_id):
        if key.endswith(("/", ".")):
            yield from storage.list(key)
        elif (found := storage.stat(key)) is not None:
            yield found


def _calls(storage: Storage, objects: Sequence[Stored], video_id: str) -> int:
    folded = keys.folded_calls(video_id)
    loose = sum(stored.key.startswith(keys.calls(video_id)) for stored in objects)
    return loose + sum(len(storage.read(folded).splitlines()) for stored in objects if stored.key == folded)


def take_down(storage: Storage, named: Sequence[Doomed], present: Collection[str] | None, on_wait: OnWait) -> list[Doomed]:
    """Lay the tombstones and take the videos out of the catalog; returns them with any whose same bytes were cataloged only now.

    `present` are the files that the source lists now: a row stays, as forgotten, only while its file is there; None where nobody knows.
    """
    for video in named:
        lay_tombstone(storage, video.video_id, video.sha256)
    with _turn_after(storage, CATALOG_TURN, on_wait):  # a catalog that began before knows nothing of the tombstones
        storage = storage.afresh()
        doomed = doomed_with(storage, [video.video_id for video in named])
        for video in doomed:
            lay_tombstone(storage, video.video_id, video.sha256)
        _take_out_of_catalog(storage, {video.video_id for video in doomed}, present)
    return doomed


def _take_out_of_catalog(storage: Storage, video_ids: set[str], present: Collection[str] | None) -> None:
    stones, manifest, seen = read_tombstones(storage).by_id, read_manifest(storage), read_seen(storage)
    rows, gone = [], set()
    for row in manifest.values():
        if row.video_id not in video_ids:
            rows.append(row)
        elif row.status == "removed" or (present is not None and row.uri not in present):
            gone.add(row.uri)
        else:
            facts = {"video_id": row.video_id, "uri": row.uri, "sha256": row.sha256, "size_bytes": row.size_bytes}
            rows.append(Video(**facts, status="forgotten", reason=stones[row.video_id].reason))
    if rows != list(manifest.values()):
        write_manifest(storage, rows)
    storage.delete(keys.SURVEY)  # it only saves work, and may name them
    if gone & seen.keys():
        write_seen(storage, {uri: entry for uri, entry in seen.items() if uri not in gone})


def remove_objects(storage: Storage, video_id: str, on_wait: OnWait) -> None:
    """Remove everything that a storage holds of a video, once nobody works on it. Raises StorageError when something comes back each time."""
    with _turn_after(storage, video_id, on_wait):
        for _ in range(_TRIES):
            fresh = storage.afresh()
            found = [stored.key for stored in objects_of(fresh, video_id)]
            if not found:
                break
            delete_all(fresh, found)
        else:
            raise StorageError(storage.uri, f"removing video {video_id}", f"{found[0]} is written again each time", "Run the same command again.")
    if isinstance(storage, FolderStorage):
        _drop_empty_folders(storage, video_id)


def _drop_empty_folders(storage: FolderStorage, video_id: str) -> None:
    for key in keys.all_of(video_id):
        if key.endswith("/"):
            with suppress(OSError):
                (storage.root / key).rmdir()


@contextmanager
def _turn_after(storage: Storage, name: str, on_wait: OnWait) -> Iterator[None]:
    """Hold a turn; if somebody else holds it, it is told before it is waited for."""
    with storage.lease(name) as held:
        if held:
            yield
            return
    on_wait(name)
    with turn(storage, name):
        yield
