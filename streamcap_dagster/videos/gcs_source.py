"""A prefix of a bucket as a source of videos: its objects, lent as local copies that are kept while there is room."""

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path

from streamcap_dagster.errors import ObjectMissing, SourceError, StorageError, StorageLost, VideoUnreadable
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.address import GcsAddress, read_address
from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.gcs import GIGABYTE
from streamcap_dagster.storage.gcs.bucket import Blob, Bucket
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.metadata import Described, describe, is_metadata
from streamcap_dagster.videos.source import STORAGE_MARK, SUFFIXES, SourceFile, versions_of

_COPIES = "raw/videos/"
"""Where one of our own storages keeps its copies of videos; nothing else in it is named like a video."""
_ROOT_OF_COPIES = re.compile(rf"(?:^|(?<=/))(?={_COPIES})")
_PARTS_OF_UPLOADS = re.compile(r"(?:^|/)(?:gcloud|gsutil)/tmp/parallel_composite_uploads/")
"""Where `gcloud storage` and `gsutil` keep the components of a file that they upload in parallel, at the top of a bucket or below."""
_AGAIN = "the next scan looks again"


def open_gcs_source(uri: str, cache_folder: Path, cache_gb: float, connections: int, deadline_s: float) -> "GcsSource":
    """The source under a `gs://` URI; nothing is asked of the bucket yet."""
    address = read_address(uri, "STREAMCAP_SOURCE")
    return GcsSource(address, Bucket(address.bucket, connections, deadline_s), FileCache(cache_folder, int(cache_gb * GIGABYTE)))


class GcsSource:
    """The objects under a prefix, in all its folders. What an object is called like decides whether it is one: hidden parts (`.name`) are
    left out, and so are the parts of uploads under way and the copies that one of our own storages keeps.
    """

    def __init__(self, address: GcsAddress, bucket: Bucket, cache: FileCache) -> None:
        self.address = address
        self._bucket = bucket
        self._cache = cache
        self._metadata: list[SourceFile] = []

    @property
    def uri(self) -> str:
        return self.address.uri

    @property
    def lends_copies(self) -> bool:
        return True

    def scan(self) -> Iterator[SourceFile]:
        """One page after the other, so that a large source costs no memory. An object that is there from first to last page is in one of them."""
        prefix = self.address.prefix
        if any(self._is_storage(root) for root in {prefix, *_roots_of_copies(prefix), *_roots_of_copies(f"{prefix}videos/")}):
            raise SourceError(self.uri, "it is a storage that this project writes to. Set STREAMCAP_SOURCE to the prefix that holds the videos.")
        self._metadata = []
        return self._videos(self._bucket.list(prefix))

    def overlooked(self, uris: Collection[str]) -> Iterator[SourceFile]:
        found = side_by_side(self._bucket.connections, self._bucket.look, map(self._name, uris))
        yield from self._videos(blob for blob in found if blob is not None)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """None: a scan of which a page cannot be had raises."""
        return ()

    @property
    def described_by(self) -> str:
        return versions_of(self._metadata)

    def describe(self, uris: Collection[str]) -> Described:
        return describe({file.uri: file.problem for file in self._metadata}, uris, self.local)

    @contextmanager
    def local(self, uri: str, version: str = "") -> Iterator[Path]:
        """A copy of the object's present generation, checked against its CRC32C; made once, for as long as the cache has room for it."""
        with ExitStack() as lending:
            with _explained(uri):
                blob = self._of_version(uri, version)
                file = self._cache.file(self._bucket.local_name(blob), blob.size_bytes, blob.crc32c, partial(self._bucket.download, blob))
                path = lending.enter_context(file)
            yield path

    def _of_version(self, uri: str, version: str) -> Blob:
        blob = self._bucket.look(self._name(uri))
        if blob is None:
            raise VideoUnreadable(uri, "it is not in the bucket any more", f"Put it back, or leave it; {_AGAIN}.")
        if version and version != str(blob.generation):
            raise _changed(uri)
        return blob

    def _videos(self, blobs: Iterator[Blob]) -> Iterator[SourceFile]:
        is_storage = cache(self._is_storage)
        start = len(self.address.prefix)
        for blob in blobs:
            uri = blob.name[start:]
            if not _is_shown(uri) or _PARTS_OF_UPLOADS.search(blob.name) or any(map(is_storage, _roots_of_copies(blob.name))):
                continue
            if is_metadata(uri):
                self._metadata.append(SourceFile(uri, blob.size_bytes, str(blob.generation)))
            else:
                problem = "" if blob.size_bytes else f"It is empty, or still being uploaded. Upload it again if it stays so; {_AGAIN}."
                yield SourceFile(uri, blob.size_bytes, str(blob.generation), problem)

    def _is_storage(self, root: str) -> bool:
        """Whether what is under this prefix was written by this project: locks of it are held, or it has a catalog and the books that go with it."""
        if self._holds(f"{root}{STORAGE_MARK}/"):
            return True
        catalog, books = self._bucket.look(f"{root}{keys.MANIFEST}"), (f"{root}{keys.SCAN}", root + keys.receipts("").removesuffix(".json"))
        return catalog is not None and any(map(self._holds, books))

    def _holds(self, prefix: str) -> bool:
        return next(self._bucket.list(prefix), None) is not None

    def _name(self, uri: str) -> str:
        return f"{self.address.prefix}{uri}"


def _is_shown(uri: str) -> bool:
    return (uri.lower().endswith(SUFFIXES) or is_metadata(uri)) and "/." not in uri and not uri.startswith(".")


def _roots_of_copies(name: str) -> Iterator[str]:
    """Every prefix that would be a storage if this object were its copy of a video."""
    return (name[: found.start()] for found in _ROOT_OF_COPIES.finditer(name))


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    """What goes wrong with one object is the trouble of one video; what holds for the bucket as a whole stays what it is."""
    try:
        yield
    except (StorageLost, VideoUnreadable):
        raise
    except ObjectMissing as error:
        raise _changed(uri) from error
    except StorageError as error:
        raise VideoUnreadable(uri, f"it could not be fetched: {str(error).rstrip('.')}", f"It stays as it is; {_AGAIN}.") from error


def _changed(uri: str) -> VideoUnreadable:
    return VideoUnreadable(uri, "it changed while it was read", f"Wait until it is written completely; {_AGAIN}.")
