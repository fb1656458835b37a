"""Many small objects at once: as many operations side by side as the storage likes, few items in memory however many there are."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage import Storage

_AHEAD = 3
"""Items taken at once, for each operation that can run at once: enough that a slow one does not hold up the others."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def write_all(storage: Storage, items: Iterable[tuple[str, bytes]]) -> None:
    """Write objects, by key, in no particular order. The first error is raised when those under way have ended."""
    for _ in side_by_side(storage.lanes, lambda item: storage.write(*item), items):
        pass


def read_all(storage: Storage, keys: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Each key with its object, in the order given; None for one that is not there."""
    return side_by_side(storage.lanes, lambda key: (key, _read(storage, key)), keys)


def delete_all(storage: Storage, keys: Iterable[str]) -> None:
    """Remove objects, in no particular order; those that are not there are passed over."""
    for _ in side_by_side(storage.lanes, storage.delete, keys):
        pass


def _read(storage: Storage, key: str) -> bytes | None:
    try:
        return storage.read(key)
    except ObjectMissing:
        return None


def side_by_side(lanes: int, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results in the order of the items. After an error, and when nobody wants more, what has not begun is dropped.

    All who want as many lanes share the threads for them. Whoever finds these busy with the work of others does some of their own meanwhile,
    so that work which goes side by side itself cannot wait for a thread for ever.
    """
    pool = _threads(lanes)
    going: deque[tuple[Future[Result], Item]] = deque()

    def next_result() -> Result:
        future, item = going.popleft()
        return work(item) if future.cancel() else future.result()

    try:
        for item in items:
            going.append((pool.submit(work, item), item))
            if len(going) >= lanes * _AHEAD:
                yield next_result()
        while going:
            yield next_result()
    finally:
        wait([future for future, _ in going if not future.cancel()])


@cache
def _threads(lanes: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(lanes, thread_name_prefix="many")


os.register_at_fork(after_in_child=_threads.cache_clear)  # a forked child has none of its parent's threads
