"""An object that is read in parts: as from a file, fetching little, keeping less."""

import io
import random
from collections.abc import Callable

import pytest

from streamcap_dagster.storage.gcs import ranges
from streamcap_dagster.storage.gcs.ranges import Ranges

DATA = random.Random(4).randbytes(10_007)
Fetched = list[tuple[int, int]]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "BLOCK_BYTES", 1000)


def _fetching(fetched: Fetched) -> Callable[[int, int], bytes]:
    def fetch(start: int, end: int) -> bytes:
        fetched.append((start, end))
        return DATA[start:end]

    return fetch


def test_it_reads_like_a_file_wherever_it_is_read() -> None:
    plain, far = io.BytesIO(DATA), io.BufferedReader(Ranges(len(DATA), _fetching([])))
    draws = random.Random(5)
    for _ in range(300):
        where, whence = draws.choice([(draws.randrange(11_000), 0), (draws.randrange(-50, 50), 1), (-draws.randrange(10_007), 2)])
        if whence == 1 and plain.tell() + where < 0:
            continue
        assert far.seek(where, whence) == plain.seek(where, whence)
        size = draws.choice([0, 1, 999, 1000, 2500, -1])
        assert far.read(size) == plain.read(size)


def test_only_blocks_that_are_read_are_fetched_and_the_last_few_are_kept() -> None:
    fetched: Fetched = []
    far = Ranges(len(DATA), _fetching(fetched))
    far.seek(-5, io.SEEK_END)
    assert far.read(100) == DATA[-5:]
    far.seek(10)
    far.read(10)
    far.seek(900)
    far.read(10)
    assert fetched == [(10_000, 10_007), (0, 1000)]


def test_an_empty_object_is_read_without_asking() -> None:
    fetched: Fetched = []
    assert Ranges(0, _fetching(fetched)).read() == b""
    assert fetched == []
