"""A journal in a bucket, where nothing can be appended to: lines go to a file on this machine at once, and the file to the bucket every few seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.gcs.bucket import Bucket


@contextmanager
def journal(bucket: Bucket, name: str, cache: FileCache) -> Iterator[Callable[[bytes], None]]:
    """A way to append lines to an object while the block lasts."""
    with cache.scratch(".jsonl") as path:
        with path.open("wb", buffering=0) as file:
            yield lambda line: (file.write(line), None)[1]
        with path.open("rb") as file:
            bucket.upload(name, file)
