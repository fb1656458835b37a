"""What each object was made from: one receipt per asset, one file per video, written after the objects themselves."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from pydantic import Field

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.many import side_by_side

_MANY = 8


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
    made_with: dict[str, str] = Field(default_factory=dict)
    """What else went into the fingerprint, by name: version of the code, settings, model, prompts. Only for people; empty in old receipts."""
    content_hash: str
    objects: tuple[StoredObject, ...]
    counts: dict[str, int]
    """A few numbers about what came out, for tables and pages."""
    checked: str = ""
    """Version of the checks that it has passed; empty where it has none, and in receipts from before there were any."""


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


class FingerprintForm:
    """What is the same in the fingerprints of one asset of many videos: all but the content hashes of what each is made from."""

    def __init__(self, code_version: str, inputs: Iterable[str], known: Mapping[str, str]) -> None:
        """`inputs` are those whose content differs, `known` what else goes in, by name."""
        asked = set(inputs) - known.keys()
        self.names = tuple(sorted(asked))
        """The inputs, in the order in which `filled` takes their content hashes."""
        parts = [code_version, *(f"{name}={_BLANK if name in asked else known[name]}" for name in sorted({*asked, *known}))]
        self._text = "\n".join(part.replace("%", "%%").replace(_BLANK, "%s") for part in parts)

    def filled(self, contents: Iterable[str]) -> str:
        return hashlib.sha256((self._text % tuple(contents)).encode()).hexdigest()


_BLANK = "\0"


def fingerprint(code_version: str, inputs: Mapping[str, str]) -> str:
    """Hash of the code version (which includes the settings read) and of the content hashes of the inputs, by asset."""
    digest = hashlib.sha256(code_version.encode())
    for name in sorted(inputs):
        digest.update(f"\n{name}={inputs[name]}".encode())
    return digest.hexdigest()


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


def receipts_of(storage: Storage, owners: Iterable[str]) -> Iterator[Receipts | ObjectUnreadable]:
    """The receipts of many videos in the order given, or what is wrong with them."""

    def read(owner: str) -> Receipts | ObjectUnreadable:
        try:
            return read_receipts(storage, owner)
        except ObjectUnreadable as error:
            return error

    return side_by_side(storage.lanes, read, owners)


class ReceiptBook:
    """The receipts of an owner in the hands of whoever has its turn: read once, then kept up to date in memory and stored when it is worth a write."""

    def __init__(self, storage: Storage, owner: str) -> None:
        self.receipts = read_receipts(storage, owner)
        self._stored = self.receipts
        self._storage = storage

    def drop(self, asset: str) -> None:
        """Before an asset is made anew: what is stored never speaks for an object that it did not see."""
        self.receipts = self.receipts.without(asset)
        if self._stored.of(asset) is not None:
            self.store()

    def add(self, receipt: Receipt) -> None:
        """Vouch for an asset that was made, from the next `store` on."""
        self.receipts = self.receipts.with_receipt(receipt)

    def store(self) -> None:
        """Write the receipts unless they are stored as they are."""
        if self.receipts != self._stored:
            write_receipts(self._storage, self.receipts)
            self._stored = self.receipts


def is_current(storage: Storage, receipt: Receipt | None, wanted_fingerprint: str, size: Callable[[str], int | None] | None = None) -> bool:
    """Whether an asset need not be made: its receipt is for the wanted fingerprint and its objects are there in full size.

    `size` is for whoever knows the sizes of objects, or None of one that is not there; by default the storage is asked, many at once when there are many.
    """
    if receipt is None or receipt.fingerprint != wanted_fingerprint:
        return False
    wanted = [(stored.key, stored.size_bytes) for stored in receipt.objects]
    if size is not None or len(wanted) < _MANY:
        return all((size or partial(size_of, storage))(key) == size_bytes for key, size_bytes in wanted)
    return all(side_by_side(storage.lanes, lambda one: size_of(storage, one[0]) == one[1], wanted))


def size_of(storage: Storage, key: str) -> int | None:
    """Size of an object, or None when it is not there; of a key that ends in `/`, of all objects under it together."""
    if key.endswith("/"):
        return sum(stored.size_bytes for stored in storage.list(key))
    found = storage.stat(key)
    return found.size_bytes if found else None
