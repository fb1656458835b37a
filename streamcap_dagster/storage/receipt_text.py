"""What every look at a video takes out of its receipts, and no more: half the time of reading them whole, which counts in a large corpus."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import ConfigDict, Field, ValidationError

from streamcap_dagster.records import Record
from streamcap_dagster.storage.documents import parse_record
from streamcap_dagster.storage.receipts import Receipts


class Vouched(Protocol):
    """That an asset was made: of its `Receipt` what it takes to judge whether it would be made anew."""

    @property
    def asset(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def content_hash(self) -> str: ...

    @property
    def inputs(self) -> Mapping[str, str]: ...

    @property
    def counts(self) -> Mapping[str, int]: ...


class Glimpsed(Record):
    """A receipt of which the other fields were passed over; what they hold is not checked."""

    model_config = ConfigDict(extra="ignore")

    asset: str
    fingerprint: str
    inputs: dict[str, str] = Field(default_factory=dict)
    content_hash: str
    counts: dict[str, int]


class _Glimpse(Record):
    """`Receipts`, glimpsed."""

    owner: str
    receipts: tuple[Glimpsed, ...] = ()


def read_vouched(key: str, data: bytes) -> Mapping[str, Vouched]:
    """What receipts say, by asset. Raises ObjectUnreadable as reading them whole does."""
    try:
        return _by_asset(_Glimpse.model_validate_json(data).receipts)
    except ValidationError:
        return vouched_of(parse_record(key, data, Receipts))


def vouched_of(receipts: Receipts) -> dict[str, Vouched]:
    """The same from receipts that were read whole."""
    return _by_asset(receipts.receipts)


def _by_asset(receipts: Sequence[Vouched]) -> dict[str, Vouched]:
    """The first receipt of each asset, which is the one that `Receipts.of` finds."""
    return {receipt.asset: receipt for receipt in reversed(receipts)}
