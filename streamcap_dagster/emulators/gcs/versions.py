"""Versions of objects: what one is, its hashes, and the conditions that can be set on it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import google_crc32c

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call

_PIECE = 1 << 20
"""google_crc32c takes bytes alone, so that of others a copy is made; never of all at once."""

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Hashes:
    """In base64, as the service writes them. `md5` is empty for an object that has none."""

    crc32c: str
    md5: str


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an object. `given` is what the writer says of it, such as contentType and metadata."""

    bucket: str
    name: str
    data: Data
    hashes: Hashes
    given: Mapping[str, object]
    generation: int
    created_s: float
    metageneration: int = 1
    updated_s: float = 0
    deleted_s: float | None = None
    """When it became noncurrent or was soft-deleted."""
    components: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold of the live object; None is no condition, and generation 0 is that there is none."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    def check(self, found: Object | None, reading: bool = False) -> None:
        """Raises Refusal: 412, or 304 for a reader who has this very version."""
        generation, metageneration = (found.generation, found.metageneration) if found else (0, 0)
        if self.generation not in (None, generation) or self.metageneration not in (None, metageneration):
            raise refusals.condition_failed()
        if self.not_generation == generation or (found is not None and self.not_metageneration == metageneration):
            raise refusals.not_modified() if reading else refusals.condition_failed()


def conditions_of(call: Call, prefix: str = "if") -> Conditions:
    """`prefix` is ifSource for the source of a rewrite."""
    if not any(name.startswith(prefix) for name in call.params):
        return Conditions()
    named = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
    return Conditions(*(call.number(f"{prefix}{name}") for name in named))


def hashes_of(data: Data, md5: bool) -> Hashes:
    crc32c, view = 0, memoryview(data)
    for begin in range(0, len(data), _PIECE):
        crc32c = google_crc32c.extend(crc32c, bytes(view[begin : begin + _PIECE]))
    return Hashes(
        base64.b64encode(crc32c.to_bytes(4)).decode(),
        base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode() if md5 else "",
    )
