"""What requests say in their bodies, read strictly: raises Refusal for anything that the service would not take."""

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from streamcap_dagster.emulators.hub.calls import Call
from streamcap_dagster.emulators.hub.refusals import Refusal, invalid

SHA256 = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN = (".git", ".cache")

Json = Mapping[str, object]


def read_json(call: Call, body: bytes, media_type: str = "application/json") -> Json:
    """A JSON object of the type that the headers tell."""
    told = call.header(b"content-type").partition(";")[0].strip()
    if told != media_type:
        raise Refusal(415, f"Content-Type must be {media_type}, not {told or 'missing'}")
    return as_object(body)


def as_object(text: bytes) -> Json:
    try:
        read = json.loads(text)
    except ValueError:
        raise invalid("Invalid JSON") from None
    if not isinstance(read, dict):
        raise invalid("Expected an object")
    return read


def read_form(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def text_of(given: Json, name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise invalid(f'"{name}" must be a text')
    return value


def size_of(given: Json) -> int:
    value = given.get("size")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid('"size" must be a number of bytes')
    return value


def sha256_of(given: Json) -> str:
    oid = text_of(given, "oid")
    if not SHA256.fullmatch(oid):
        raise invalid('"oid" must be a SHA-256 in hexadecimal')
    return oid


def objects_of(given: Json, name: str) -> Sequence[Json]:
    value = given.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise invalid(f'"{name}" must be a list of objects')
    return value


def path_of(given: Json) -> str:
    """The path of a file, relative and without tricks."""
    path = text_of(given, "path")
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..", *_FORBIDDEN) for part in parts):
        raise invalid(f"Invalid path: {path}")
    return path
