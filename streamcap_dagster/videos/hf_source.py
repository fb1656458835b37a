"""A dataset of the Hugging Face Hub as a source of videos: those of its `video` column, or its files, lent as local copies."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from streamcap_dagster.errors import SourceLost, StorageError, VideoUnreadable
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.videos.hugging_face.address import read_hub_address
from streamcap_dagster.videos.hugging_face.client import HubClient
from streamcap_dagster.videos.hugging_face.copies import AGAIN, Copies
from streamcap_dagster.videos.hugging_face.listing import Item, Listing, list_dataset
from streamcap_dagster.videos.hugging_face.notes import Notes
from streamcap_dagster.videos.metadata import NOTHING, Described
from streamcap_dagster.videos.source import SourceFile

NOTES = "hub"
"""Folder in the cache for what was found out about datasets."""
_GIGABYTE = 10**9


def open_hf_source(uri: str, cache_folder: Path, cache_gb: float, deadline_s: float) -> "HfSource":
    """The source under an `hf://` URI; nothing is asked of the Hub yet."""
    client = HubClient(read_hub_address(uri, "STREAMCAP_SOURCE"), deadline_s)
    return HfSource(client, FileCache(cache_folder, int(cache_gb * _GIGABYTE)))


def clear_listings(cache_folder: Path) -> None:
    """Remove what was found out about datasets, which names videos."""
    Notes(cache_folder.expanduser() / NOTES).clear()


@dataclass(frozen=True)
class _Known:
    """A commit as it was listed, and the copies of its videos."""

    listing: Listing
    items: dict[str, Item]
    copies: Copies


class HfSource:
    """The videos of a dataset at the commit that the last scan found, or the newest where there was none. A commit that was listed before costs one request."""

    def __init__(self, client: HubClient, cache: FileCache) -> None:
        self._client = client
        self._cache = cache
        self._looking = Lock()
        self._known: _Known | None = None

    @property
    def uri(self) -> str:
        return self._client.address.uri

    @property
    def lends_copies(self) -> bool:
        return True

    def scan(self) -> Iterator[SourceFile]:
        """In the order of the dataset, so that videos that come together are asked for together."""
        with self._looking:
            listing = self._look().listing
        return (SourceFile(item.uri, item.size_bytes, item.version, item.problem) for item in listing.items)

    def overlooked(self, uris: Collection[str]) -> Iterator[SourceFile]:
        """None: a file of a commit is listed, or in a table that cannot be read."""
        del uris
        return iter(())

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Everywhere, where a table cannot be read: nobody knows which videos it holds."""
        return ("",) if self._seen().listing.unread_tables else ()

    @property
    def described_by(self) -> str:
        about = [(item.uri, item.about) for item in self._seen().listing.items]
        return blake2b(repr(about).encode(), digest_size=16).hexdigest()

    def describe(self, uris: Collection[str]) -> Described:
        listing = self._seen().listing
        about = {item.uri: item.about for item in listing.items if item.uri in uris and item.about != NOTHING}
        return Described(about, listing.remarks, listing.unread)

    @property
    def table_bytes(self) -> int:
        """How large the tables are that hold videos."""
        return sum({item.file.path: item.file.size_bytes for item in self._seen().listing.items if item.column}.values())

    @contextmanager
    def local(self, uri: str, version: str = "") -> Iterator[Path]:
        """A copy of the video as it is in the dataset, made once for as long as the cache has room for it."""
        with ExitStack() as lending:
            with _explained(uri):
                known = self._seen()
                path = lending.enter_context(known.copies.lend(_of_version(known.items, uri, version)))
            yield path

    def _seen(self) -> _Known:
        with self._looking:
            return self._known or self._look()

    def _look(self) -> _Known:
        sha = self._client.newest()
        if self._known is None or self._known.listing.sha != sha:
            notes = self._cache.root / NOTES
            listing = list_dataset(self._client, sha, Notes(notes))
            items = {item.uri: item for item in listing.items}
            self._known = _Known(listing, items, Copies(self._client, listing.sha, self._cache, notes, items))
        return self._known


def _of_version(items: dict[str, Item], uri: str, version: str) -> Item:
    item = items.get(uri)
    if item is None:
        raise VideoUnreadable(uri, "it is not in the dataset any more", f"Put it back, or leave it; {AGAIN}.")
    if item.problem:
        why, _, fix = item.problem.partition(". ")
        raise VideoUnreadable(uri, why[0].lower() + why[1:], fix)
    if version and version != item.version:
        raise VideoUnreadable(uri, "it changed while it was read", f"Wait until it is uploaded completely; {AGAIN}.")
    return item


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    """What goes wrong with one copy is the trouble of one video; what holds for the dataset as a whole stays what it is."""
    try:
        yield
    except (SourceLost, VideoUnreadable):
        raise
    except StorageError as error:
        raise VideoUnreadable(uri, f"it could not be fetched: {str(error).rstrip('.')}", f"It stays as it is; {AGAIN}.") from error
