"""A journal in parts: where each write is of a whole object, a journal that only grows would cost more with every line."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from streamcap_dagster.storage import Storage

PART_BYTES = 1_000_000


class Parts:
    """Journals `<stem>.0001.jsonl`, `<stem>.0002.jsonl` …, each ended when it has grown to so much; used by one thread at a time."""

    def __init__(self, storage: Storage, stem: str, part_bytes: int = PART_BYTES) -> None:
        self._storage = storage
        self._stem = stem
        self._part_bytes = part_bytes
        self._number = 0
        self._size_bytes = 0
        self._part = ExitStack()
        self._append: Callable[[bytes], None] | None = None
        self._closer = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._closing: Future[None] | None = None

    def append(self, lines: bytes) -> None:
        """Raises what the storage refuses; also, later on, at the end of a part that others have followed."""
        if self._closing is not None and self._closing.done():
            self._see_closed()
        if self._append is None or self._size_bytes >= self._part_bytes:
            self._append = self._next()
        self._append(lines)
        self._size_bytes += len(lines)

    def close(self) -> None:
        try:
            self._see_closed()
        finally:
            self._closer.shutdown()
            self._part.close()

    def _next(self) -> Callable[[bytes], None]:
        """Begin the next part; the one before is ended meanwhile, for that may take a second."""
        self._see_closed()
        part = ExitStack()
        append = part.enter_context(self._storage.journal(f"{self._stem}.{self._number + 1:04}.jsonl"))
        self._closing = self._closer.submit(self._part.close)
        self._part, self._number, self._size_bytes = part, self._number + 1, 0
        return append

    def _see_closed(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None:
            closing.result()
