"""Records as readable JSON objects in storage, and back."""

from typing import TypeVar

from pydantic import ValidationError

from streamcap_dagster.errors import ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage

R = TypeVar("R", bound=Record)


def write_record(storage: Storage, key: str, record: Record) -> bytes:
    """Store a record; returns its bytes."""
    data = record_bytes(record)
    storage.write(key, data)
    return data


def record_bytes(record: Record) -> bytes:
    """As it is stored: indented JSON, the same bytes for the same record."""
    return (record.model_dump_json(indent=1) + "\n").encode()


def read_record(storage: Storage, key: str, kind: type[R]) -> R:
    """The record under a key. Raises ObjectMissing, or ObjectUnreadable when it does not hold one of this kind."""
    return parse_record(key, storage.read(key), kind)


def parse_record(key: str, data: bytes, kind: type[R]) -> R:
    """The record that was read from a key."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise ObjectUnreadable(key, f"it is not a {kind.__name__} record ({error.error_count()} faults, first: {error.errors()[0]['msg']})") from error
