"""A file of a dataset as Python and Arrow read files: only the parts that are looked at are fetched."""

import io

from streamcap_dagster.videos.hugging_face.client import File, HubClient

_AHEAD_BYTES = 64 << 10
"""Least that is fetched at once: what stands in a footer or a small column is asked for in many small pieces."""


class RangeFile(io.RawIOBase):
    """Read-only and seekable. Keeps the last part that it fetched."""

    def __init__(self, client: HubClient, sha: str, file: File) -> None:
        self._client, self._sha, self._file = client, sha, file
        self._at = 0
        self._held = b""
        self._held_from = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._file.size_bytes if size is None or size < 0 else min(self._at + size, self._file.size_bytes)
        if end <= self._at:
            return b""
        if not (self._held_from <= self._at and end <= self._held_from + len(self._held)):
            self._held_from = self._at
            self._held = self._client.read(self._sha, self._file.path, self._at, min(max(end, self._at + _AHEAD_BYTES), self._file.size_bytes))
        data = self._held[self._at - self._held_from : end - self._held_from]
        self._at = end
        return data

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
