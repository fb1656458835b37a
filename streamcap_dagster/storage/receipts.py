"""What each object was made from: one receipt per asset, one file per video, written after the objects themselves."""

import hashlib
from collections.abc import Iterable, Mapping

from pydantic import Field

from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record


class StoredObject(Record):
    """One object an asset consists of; a key that ends in `/` stands for all objects under it, with their sizes together."""

    key: str
    size_bytes: int


class Receipt(Record):
    """That an asset was made, from what (`fingerprint`) and what came out (`content_hash`)."""

    asset: str
    fingerprint: str
    inputs: dict[str, str] = Field(default_factory=dict)
    """Content hash of each dependency it was made from, by name."""
    content_hash: str
    objects: tuple[StoredObject, ...]
    counts: dict[str, int]
    """A few numbers about what came out, for tables and pages."""


class Receipts(Record):
    """`receipts/<owner>.json`; the owner is a video, or `_<asset>` for an asset of the whole corpus."""

    owner: str
    receipts: tuple[Receipt, ...] = ()

    def of(self, asset: str) -> Receipt | None:
        return next((receipt for receipt in self.receipts if receipt.asset == asset), None)

    def with_receipt(self, receipt: Receipt) -> "Receipts":
        others = (other for other in self.receipts if other.asset != receipt.asset)
        return Receipts(owner=self.owner, receipts=tuple(sorted((*others, receipt), key=lambda entry: entry.asset)))

    def without(self, asset: str) -> "Receipts":
        return Receipts(owner=self.owner, receipts=tuple(receipt for receipt in self.receipts if receipt.asset != asset))


def fingerprint(code_version: str, inputs: Mapping[str, str]) -> str:
    """Hash of the code version (which includes the settings read) and of the content hashes of the inputs, by asset."""
    parts = [code_version, *(f"{asset}={content}" for asset, content in sorted(inputs.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def content_hash(hashes: Iterable[str]) -> str:
    """One hash for the objects of an asset, in order; that of a single object is its own."""
    every = list(hashes)
    return every[0] if len(every) == 1 else hashlib.sha256("\n".join(every).encode()).hexdigest()


def read_receipts(storage: Storage, owner: str) -> Receipts:
    """The receipts of a video (or of `_<asset>`); empty when nothing was made yet."""
    try:
        return read_record(storage, keys.receipts(owner), Receipts)
    except FileNotFoundError:
        return Receipts(owner=owner)


def write_receipts(storage: Storage, receipts: Receipts) -> None:
    write_record(storage, keys.receipts(receipts.owner), receipts)


def is_current(storage: Storage, receipt: Receipt | None, wanted_fingerprint: str) -> bool:
    """Whether an asset need not be made: its receipt is for the wanted fingerprint and its objects are there in full size."""
    if receipt is None or receipt.fingerprint != wanted_fingerprint:
        return False
    return all(_size(storage, stored.key) == stored.size_bytes for stored in receipt.objects)


def _size(storage: Storage, key: str) -> int | None:
    if key.endswith("/"):
        return sum(stored.size_bytes for stored in storage.list(key))
    found = storage.stat(key)
    return found.size_bytes if found else None
