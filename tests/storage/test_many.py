"""Many objects at once: in order, side by side, lazily, and an error that waits for the others."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.many import delete_all, read_all, side_by_side, write_all


class Watched(FolderStorage):
    """A folder that tells how much is done at once."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.now = self.most = self.reads = 0
        self._lock = threading.Lock()

    def read(self, key: str) -> bytes:
        with self._lock:
            self.now += 1
            self.reads += 1
            self.most = max(self.most, self.now)
        time.sleep(0.005)
        try:
            return super().read(key)
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture
def storage(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_what_was_written_is_read_in_the_order_asked_for(storage: Watched) -> None:
    names = [f"a/{number}" for number in range(50)]
    write_all(storage, ((name, name.encode()) for name in names))

    asked = [*reversed(names), "a/none"]

    assert list(read_all(storage, asked)) == [*((name, name.encode()) for name in reversed(names)), ("a/none", None)]


def test_as_many_are_read_at_once_as_the_storage_has_lanes(storage: Watched) -> None:
    list(read_all(storage, map(str, range(40))))
    assert storage.lanes <= storage.most <= storage.lanes + 1  # whoever asks may lend a hand


def test_keys_are_taken_only_as_they_are_needed(storage: Watched) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield str(taken)

    reading = read_all(storage, endless())
    for _ in range(5):
        next(reading)
    reading.close()  # type: ignore[attr-defined]

    assert taken <= 5 + 3 * storage.lanes
    assert storage.now == 0


def test_however_many_do_many_things_at_once_few_threads_do_them() -> None:
    lanes, before = 6, threading.active_count()
    most = 0

    def count(number: int) -> int:
        nonlocal most
        time.sleep(0.001)
        most = max(most, threading.active_count() - before)
        return number

    def one_of_many(number: int) -> int:
        return sum(side_by_side(lanes, count, range(number)))

    with ThreadPoolExecutor(20) as walk:
        assert list(walk.map(one_of_many, [30] * 40)) == [435] * 40

    assert most <= 20 + lanes


def test_what_goes_side_by_side_may_do_so_within() -> None:
    def add_up(depth: int) -> int:
        return 1 + sum(side_by_side(2, add_up, [depth - 1] * 4)) if depth else 1

    assert add_up(4) == 1 + 4 + 16 + 64 + 256


def test_an_error_is_raised_when_those_under_way_have_ended(storage: Watched) -> None:
    reading = read_all(storage, ["../outside" if number == 2 else f"{number}" for number in range(100)])
    with pytest.raises(Exception, match="without"):
        list(reading)

    assert storage.now == 0
    assert storage.reads < 100


def test_what_is_deleted_is_gone_and_what_was_not_there_is_fine(storage: Watched) -> None:
    write_all(storage, ((name, b"x") for name in "abc"))
    delete_all(storage, ["a", "b", "none"])
    assert [stored.key for stored in storage.list("")] == ["c"]
