"""What receipts say, taken from their text: many thousands a second, where reading each as a record would take minutes for a large corpus."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from streamcap_dagster.storage.documents import parse_record
from streamcap_dagster.storage.receipts import Receipt, Receipts, StoredObject

_WANTED = ("asset", "fingerprint", "content_hash", "inputs", "counts")
_LETTERS = r'[^"\\\x00-\x1f]*+'
_TEXT = f'"{_LETTERS}"'
_COUNT = r"(?:0|[1-9][0-9]*+)"
_OBJECT = '\n    {\n     "key": ' + _TEXT + ',\n     "size_bytes": ' + _COUNT + "\n    }"


class Vouched(Protocol):
    """That an asset was made: of its `Receipt` what it takes to judge whether it would be made anew."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def content_hash(self) -> str: ...

    @property
    def inputs(self) -> Mapping[str, str]: ...

    @property
    def counts(self) -> Mapping[str, int]: ...


class Glimpsed(NamedTuple):
    """A receipt of which only that was taken out of its text that every look needs."""

    fingerprint: str
    content_hash: str
    inputs_text: str
    counts_text: str

    @property
    def inputs(self) -> Mapping[str, str]:
        found: dict[str, str] = json.loads(self.inputs_text)
        return found

    @property
    def counts(self) -> Mapping[str, int]:
        found: dict[str, int] = json.loads(self.counts_text)
        return found


def read_vouched(key: str, data: bytes) -> Mapping[str, Vouched]:
    """What receipts say, by asset. Text that is not exactly as we write it is read as a record: what is wrong raises ObjectUnreadable as ever."""
    return _glimpse(data) or vouched_of(parse_record(key, data, Receipts))


def vouched_of(receipts: Receipts) -> dict[str, Vouched]:
    """The first receipt of each asset, which is the one that `Receipts.of` finds."""
    return {receipt.asset: receipt for receipt in reversed(receipts.receipts)}


def _glimpse(data: bytes) -> dict[str, Vouched] | None:
    """None when it is not all in the form of `Receipts`, as pydantic indents it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if not (head := _HEAD.match(text)):
        return None
    at, found = head.end(), dict[str, Vouched]()
    while receipt := _RECEIPT.match(text, at):
        asset, fingerprint, content_hash, inputs, counts = receipt.group(*_WANTED)
        if asset in found:
            return None
        found[asset] = Glimpsed(fingerprint, content_hash, inputs or "{}", counts)
        at = receipt.end()
        if text[at : at + 1] != ",":
            return found if text[at:] == _TAIL else None
        at += 1
    return None


def _block(item: str, opening: str, closing: str) -> str:
    return f"(?:{opening}{closing}|{opening}{item}(?:,{item})*+\n   {closing})"


def _form(name: str) -> str:
    """How the value of a field is written; what a glimpse is after is a group."""
    kind = Receipt.model_fields[name].annotation
    if kind is str:
        return f'"(?P<{name}>{_LETTERS})"' if name in _WANTED else _TEXT
    if kind == tuple[StoredObject, ...]:
        return _block(_OBJECT, r"\[", r"\]")
    form = _block(f"\n    {_TEXT}: {_TEXT if kind == dict[str, str] else _COUNT}", "{", "}")
    return f"(?P<{name}>{form})" if name in _WANTED else form


def _receipt() -> re.Pattern[str]:
    """All fields in their order; those with a default may be absent, as they are in receipts from before there were any."""
    fields = []
    for number, (name, field) in enumerate(Receipt.model_fields.items()):
        form = ("," if number else "") + f'\n   "{name}": {_form(name)}'
        fields.append(form if field.is_required() else f"(?:{form})?")
    return re.compile("\n  {" + "".join(fields) + "\n  }")


_HEAD = re.compile('{\n "owner": ' + _TEXT + ',\n "receipts": \\[')
_TAIL = "\n ]\n}\n"
_RECEIPT = _receipt()
