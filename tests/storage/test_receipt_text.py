"""What receipts say, from their text: the same as from the records."""

import pytest

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.storage.receipt_text import Glimpsed, Vouched, read_vouched
from streamcap_dagster.storage.receipts import FingerprintForm, Receipt, Receipts, StoredObject, fingerprint

FULL = Receipt(
    asset="say",
    fingerprint="f1",
    inputs={"look": "ab", "think": "cd"},
    made_with={"code": "1", "prompts": "initial.v1 delta.v1"},
    content_hash="c1",
    objects=(StoredObject(key="say/cat.json", size_bytes=12), StoredObject(key="processed/images/cat/", size_bytes=0)),
    counts={"windows": 2, "ok": 0},
    checked="it_is_so 1",
)
BARE = Receipt(asset="look", fingerprint="f2", content_hash="c2", objects=(), counts={})


def text_of(*receipts: Receipt) -> bytes:
    return (Receipts(owner="cat", receipts=receipts).model_dump_json(indent=1) + "\n").encode()


def told(found: Vouched) -> tuple[object, ...]:
    return found.fingerprint, found.content_hash, dict(found.inputs), dict(found.counts)


@pytest.mark.parametrize("receipts", [(FULL,), (BARE,), (FULL, BARE), (BARE, FULL)])
def test_receipts_as_they_are_written_are_told_from_their_text(receipts: tuple[Receipt, ...]) -> None:
    found = read_vouched("receipts/cat.json", text_of(*receipts))

    assert {name: told(receipt) for name, receipt in found.items()} == {receipt.asset: told(receipt) for receipt in receipts}
    assert all(isinstance(receipt, Glimpsed) for receipt in found.values())


def test_receipts_from_before_some_fields_were_there_are_told_from_their_text() -> None:
    lines = text_of(FULL).decode().replace(',\n   "checked": "it_is_so 1"', "")
    without = lines[: lines.index('   "made_with"')] + lines[lines.index('   "content_hash"') :]

    found = read_vouched("receipts/cat.json", without.encode())["say"]
    assert isinstance(found, Glimpsed)
    assert told(found) == told(FULL)


@pytest.mark.parametrize(
    "odd",
    [
        Receipts(owner="cat", receipts=(FULL, BARE)).model_dump_json().encode(),
        text_of(FULL.model_copy(update={"counts": {'left out: "so"': 1}})),
        text_of(FULL, FULL.model_copy(update={"fingerprint": "later"})),
        text_of(),
    ],
    ids=["in one line", "with quotes", "twice the same asset", "none"],
)
def test_receipts_in_another_form_are_told_all_the_same(odd: bytes) -> None:
    record = Receipts.model_validate_json(odd)
    found = read_vouched("receipts/cat.json", odd)

    assert {name: told(receipt) for name, receipt in found.items()} == {receipt.asset: told(record.of(receipt.asset) or receipt) for receipt in record.receipts}


def test_what_is_passed_over_is_not_checked() -> None:
    newer = text_of(FULL).replace(b'"checked"', b'"checked_by"')

    assert told(read_vouched("receipts/cat.json", newer)["say"]) == told(FULL)


SPOILED = [b"", b"{", b"\xff", text_of(FULL)[:-4], text_of(FULL) + b"}", text_of(FULL).replace(b'"f1"', b"1"), text_of(FULL).replace(b": 12", b": -")]


@pytest.mark.parametrize("spoiled", SPOILED)
def test_receipts_that_are_none_are_named(spoiled: bytes) -> None:
    with pytest.raises(ObjectUnreadable, match=r"receipts/cat\.json cannot be read"):
        read_vouched("receipts/cat.json", spoiled)


def test_receipts_that_break_off_are_named_wherever_they_do() -> None:
    whole = text_of(FULL, BARE)
    for length in range(len(whole) - 2):  # without its last line end it is still whole
        with pytest.raises(ObjectUnreadable, match="it is not a Receipts record"):
            read_vouched("receipts/cat.json", whole[:length])


@pytest.mark.parametrize("inputs", [{}, {"b": "1", "a": "2"}, {"a": "50%", "z": "%s"}])
def test_a_form_that_is_filled_is_the_fingerprint_of_all_together(inputs: dict[str, str]) -> None:
    known = {"model": "100% new", "m": "one\ntwo"}
    form = FingerprintForm("1-ab", inputs, known)

    assert form.filled(inputs[name] for name in form.names) == fingerprint("1-ab", inputs | known)
