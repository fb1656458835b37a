"""Answers before they go over the wire."""

import json
from dataclasses import dataclass, field

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json; charset=utf-8")


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: bytes | memoryview = b""
    headers: Headers = field(default_factory=list)


def in_json(told: object, *headers: tuple[bytes, bytes], media_type: bytes = JSON[1]) -> Answer:
    return Answer(body=json.dumps(told).encode(), headers=[(b"content-type", media_type), *headers])
