"""Objects in files, so that a bucket is there again after a restart and its bytes are not held in memory."""

import json
import mmap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from streamcap_dagster.emulators.gcs.versions import Data, Hashes, Object

_DESCRIBED = ".json"


class Folder:
    """A folder for each bucket, and in it for each live object its bytes and, under the same name, what is known of it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def buckets(self) -> list[str]:
        self._root.mkdir(parents=True, exist_ok=True)
        return sorted(folder.name for folder in self._root.iterdir() if folder.is_dir())

    def make_bucket(self, name: str) -> None:
        (self._root / name).mkdir(parents=True, exist_ok=True)

    def remove_bucket(self, name: str) -> None:
        (self._root / name).rmdir()

    def objects(self, bucket: str) -> Iterator[Object]:
        """All of a bucket, the oldest first."""
        for described in sorted((self._root / bucket).glob(f"*{_DESCRIBED}")):
            facts = json.loads(described.read_bytes())
            hashes, generation = Hashes(**facts.pop("hashes")), facts.pop("generation")
            yield Object(bucket=bucket, data=_mapped(described.with_suffix("")), hashes=hashes, generation=generation, **facts)

    def keep(self, made: Object) -> Object:
        """The same object with its bytes in a file; it exists once its description does."""
        path = self._path(made)
        path.write_bytes(made.data)
        self.describe(made)
        return replace(made, data=_mapped(path))

    def describe(self, found: Object) -> None:
        facts = {
            "name": found.name,
            "hashes": {"crc32c": found.hashes.crc32c, "md5": found.hashes.md5},
            "given": dict(found.given),
            "generation": found.generation,
            "created_s": found.created_s,
            "metageneration": found.metageneration,
            "updated_s": found.updated_s,
            "components": found.components,
        }
        whole = self._path(found).with_suffix(".part")
        whole.write_text(json.dumps(facts), encoding="utf-8")
        whole.replace(self._path(found).with_suffix(_DESCRIBED))

    def forget(self, gone: Object) -> None:
        """Its bytes can still be read by whoever holds the object."""
        path = self._path(gone)
        path.with_suffix(_DESCRIBED).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def _path(self, found: Object) -> Path:
        return self._root / found.bucket / f"{found.generation:020}"


def _mapped(path: Path) -> Data:
    if not path.stat().st_size:
        return b""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
