"""Files that can be told apart, and their checksums."""

import base64

from google_crc32c import Checksum


def content(name: str, size_bytes: int = 1000) -> bytes:
    return (name.encode() * size_bytes)[:size_bytes]


def crc32c(data: bytes) -> str:
    return base64.b64encode(Checksum(data).digest()).decode()
