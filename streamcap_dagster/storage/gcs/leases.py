"""Leases in a bucket: an object that only one process can create, and that falls to others when its process is gone."""

from collections.abc import Iterator
from contextlib import contextmanager

from streamcap_dagster.storage.gcs.bucket import NONE, Bucket, OtherGeneration


class Leases:
    """Leases under a prefix of a bucket."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    @contextmanager
    def lease(self, name: str) -> Iterator[bool]:
        """Try to be the only holder of `name`; says at once whether it worked."""
        key = f"{self._prefix}{name}"
        try:
            held = self._bucket.write(key, b"", NONE)
        except OtherGeneration:
            yield False
            return
        try:
            yield True
        finally:
            self._bucket.delete(key, held.generation)
