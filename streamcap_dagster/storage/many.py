"""Many small objects at once: as many operations side by side as the storage likes, few items in memory however many there are."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
    """The results in the order of the items. After an error, and when nobody wants more, what has not begun is dropped."""
    with ThreadPoolExecutor(lanes, thread_name_prefix="many") as pool:
        going: deque[Future[Result]] = deque()
        try:
            for item in items:
                going.append(pool.submit(work, item))
                if len(going) >= lanes * _AHEAD:
                    yield going.popleft().result()
            while going:
                yield going.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
