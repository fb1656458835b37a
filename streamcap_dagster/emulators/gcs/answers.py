"""Answers before they go over the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.fields import only, read_fields
from streamcap_dagster.emulators.gcs.resources import as_bytes, object_json
from streamcap_dagster.emulators.gcs.versions import Data, Object

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json; charset=UTF-8")


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: Data = b""
    headers: Headers = field(default_factory=list)


def in_json(call: Call, described: Mapping[str, object]) -> Answer:
    """As much of it as the caller wants."""
    fields = call.param("fields")
    return Answer(body=as_bytes(only(described, read_fields(fields)) if fields else described), headers=[JSON])


def of_object(call: Call, found: Object) -> Answer:
    call.generation = found.generation
    return in_json(call, object_json(found, call.url))
