"""Receipts say what each object was made from, and are believed only as far as the objects bear them out."""

from pathlib import Path

import pytest

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipt, Receipts, StoredObject, content_hash, fingerprint, is_current, read_receipts, write_receipts


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def receipt(asset: str = "clips", made_from: str = "this", size_bytes: int = 5) -> Receipt:
    objects = (StoredObject(key=f"{asset}/cat.json", size_bytes=size_bytes),)
    return Receipt(asset=asset, fingerprint=made_from, content_hash="hash", objects=objects, counts={"clips": 1})


def test_receipts_are_read_back_as_they_were_written(storage: FolderStorage) -> None:
    receipts = Receipts(owner="cat", receipts=(receipt("clips"), receipt("frames")))
    write_receipts(storage, receipts)

    assert read_receipts(storage, "cat") == receipts


def test_a_video_without_receipts_has_none(storage: FolderStorage) -> None:
    assert read_receipts(storage, "cat") == Receipts(owner="cat")
    assert read_receipts(storage, "cat").of("clips") is None


def test_a_receipt_takes_the_place_of_the_one_before_in_order_of_asset() -> None:
    receipts = Receipts(owner="cat").with_receipt(receipt("frames")).with_receipt(receipt("clips")).with_receipt(receipt("frames", "that"))

    assert [(entry.asset, entry.fingerprint) for entry in receipts.receipts] == [("clips", "this"), ("frames", "that")]
    assert [entry.asset for entry in receipts.without("clips").receipts] == ["frames"]


def test_receipts_that_are_no_receipts_are_refused_by_name(storage: FolderStorage) -> None:
    storage.write(keys.receipts("cat"), b"[]")

    with pytest.raises(ObjectUnreadable, match=r"receipts/cat\.json cannot be read: it is not a Receipts record"):
        read_receipts(storage, "cat")


def test_the_fingerprint_depends_on_the_version_and_every_input_and_not_on_their_order() -> None:
    base = fingerprint("1", {"clips": "a", "frames": "b"})

    assert fingerprint("1", {"frames": "b", "clips": "a"}) == base
    others = [fingerprint("2", {"clips": "a", "frames": "b"}), fingerprint("1", {"clips": "b", "frames": "a"}), fingerprint("1", {"clips": "a"})]
    assert len({base, *others}) == 4


def test_the_content_hash_of_one_object_is_its_own_and_of_several_depends_on_their_order() -> None:
    assert content_hash(["a"]) == "a"
    assert len({content_hash([]), content_hash(["a", "b"]), content_hash(["b", "a"])}) == 3


def test_an_asset_is_current_when_the_fingerprint_is_wanted_and_its_objects_are_there(storage: FolderStorage) -> None:
    storage.write("clips/cat.json", b"12345")

    assert is_current(storage, receipt(), "this")
    assert not is_current(storage, receipt(), "that")
    assert not is_current(storage, receipt(size_bytes=4), "this")
    assert not is_current(storage, receipt("frames"), "this")
    assert not is_current(storage, None, "this")
