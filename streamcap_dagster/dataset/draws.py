"""A few of very many things, drawn by the hash of their names: the same ones in whatever order they come."""

import hashlib
from heapq import heappush, heapreplace
from typing import Generic, TypeVar

T = TypeVar("T")


class Draw(Generic[T]):
    """Holds at most `most` things in memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[tuple[int, str, T]] = []

    def offer(self, name: str, thing: T) -> None:
        """Names are different from each other."""
        lot = -int.from_bytes(hashlib.sha256(name.encode()).digest())
        if len(self._held) < self._most:
            heappush(self._held, (lot, name, thing))
        elif lot > self._held[0][0]:
            heapreplace(self._held, (lot, name, thing))

    @property
    def drawn(self) -> list[T]:
        """In the order of their lots, so that the first of them are a smaller draw."""
        return [thing for _, _, thing in sorted(self._held, key=lambda held: held[:2], reverse=True)]
