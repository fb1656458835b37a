"""CRC32C in base64, as Google Cloud Storage writes it."""

from base64 import b64encode
from typing import BinaryIO

import google_crc32c

_CHUNK_BYTES = 1 << 20


class Crc32c:
    """The checksum of bytes that come one after another."""

    def __init__(self) -> None:
        self._sum = google_crc32c.Checksum()

    def update(self, data: bytes) -> None:
        self._sum.update(data)

    def __str__(self) -> str:
        return b64encode(self._sum.digest()).decode()


def crc32c_of(data: bytes) -> str:
    return b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def crc32c_of_file(file: BinaryIO) -> str:
    """The checksum of a whole file, which is read from its start."""
    file.seek(0)
    total = Crc32c()
    while chunk := file.read(_CHUNK_BYTES):
        total.update(chunk)
    return str(total)
