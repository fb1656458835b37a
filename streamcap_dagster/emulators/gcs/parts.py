"""A multipart/related body taken apart: what is said of an object, and its bytes."""

import json
import re
from collections.abc import Mapping

from streamcap_dagster.emulators.gcs.refusals import invalid, not_json

_BOUNDARY = re.compile(r'multipart/related\s*;.*?\bboundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)


def read_multipart(content_type: str, body: bytes) -> tuple[Mapping[str, object], str, bytes]:
    """What the writer says of the object, the type of its bytes, and the bytes; raises Refusal for what is not of that form."""
    named = _BOUNDARY.match(content_type)
    if named is None:
        raise invalid("Missing or invalid multipart boundary in the Content-Type header.", "badContent")
    delimiter = b"--" + (named[1] or named[2]).encode()
    if not body.startswith(delimiter + b"\r\n"):
        raise invalid("Malformed multipart body.", "badContent")
    _, described, begin = _part(body, len(delimiter) + 2, delimiter)
    media_type, media, begin = _part(body, begin, delimiter)
    if body[begin - 2 : begin + 2].rstrip(b"\r\n") != b"--" or body[begin:].strip(b"\r\n"):
        raise invalid("Multipart must have exactly two parts.", "badContent")
    return read_json(described), media_type, media


def _part(body: bytes, begin: int, delimiter: bytes) -> tuple[str, bytes, int]:
    """Content type and content of the part that begins there, and where the next one does."""
    blank = body.find(b"\r\n\r\n", begin - 2)
    end = body.find(b"\r\n" + delimiter, blank + 2)
    if blank < 0 or end < 0:
        raise invalid("Malformed multipart body.", "badContent")
    headers = dict(line.partition(b":")[::2] for line in body[begin:blank].lower().split(b"\r\n"))
    return headers.get(b"content-type", b"").strip().decode("latin-1"), body[blank + 4 : end], end + 2 + len(delimiter) + 2


def read_json(text: bytes) -> Mapping[str, object]:
    """A JSON object; nothing is an empty one. Raises Refusal for anything else."""
    if not text.strip():
        return {}
    try:
        read = json.loads(text)
    except ValueError:
        raise not_json() from None
    if not isinstance(read, dict):
        raise not_json()
    return read
