"""An object in a bucket as a file that can be sought: what is read of it is fetched, in blocks, of one generation."""

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

BLOCK_BYTES = 4 << 20
_KEPT = 4


class _Buffer(Protocol):
    def __len__(self) -> int: ...

    def __setitem__(self, where: slice, data: bytes) -> None: ...


class Ranges(io.RawIOBase):
    """Bytes that `fetch` gets by where they start and end. Keeps the last few blocks."""

    def __init__(self, size_bytes: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size_bytes = size_bytes
        self._fetch = fetch
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: _Buffer) -> int:  # type: ignore[override]
        """At most to the end of a block."""
        if self._at >= self._size_bytes or not len(buffer):
            return 0
        number, inside = divmod(self._at, BLOCK_BYTES)
        data = self._block(number)[inside : inside + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            start = number * BLOCK_BYTES
            self._blocks[number] = self._fetch(start, min(start + BLOCK_BYTES, self._size_bytes))
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
