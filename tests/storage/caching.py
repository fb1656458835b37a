"""A process of its own that uses a cache: says how often it had to fetch, or waits in the middle of something to be killed."""

import sys
import time
from functools import partial
from pathlib import Path

from streamcap_dagster.storage.cache import FileCache
from streamcap_dagster.storage.checksums import crc32c_of
from tests.storage.contents import content

NAME = "0.bin"
DATA = content(NAME)


def fetch_all(cache: FileCache, count: int) -> None:
    """Want the same files as everybody else; print the number of fetches."""
    fetched: list[Path] = []

    def fetch(path: Path, data: bytes) -> None:
        fetched.append(path)
        path.write_bytes(data[:10])
        time.sleep(0.005)
        path.write_bytes(data)

    for name in (f"{number}.bin" for number in range(count)):
        data = content(name)
        with cache.file(name, len(data), crc32c_of(data), partial(fetch, data=data)) as path:
            assert path.read_bytes() == data
            time.sleep(0.002)
            assert path.read_bytes() == data
    print(len(fetched), flush=True)


def stop_while_fetching(cache: FileCache) -> None:
    def fetch(path: Path) -> None:
        path.write_bytes(DATA[:10])
        wait()

    with cache.file(NAME, len(DATA), crc32c_of(DATA), fetch):
        pass


def stop_in_scratch(cache: FileCache) -> None:
    with cache.scratch(".bin") as path:
        path.write_bytes(b"half")
        wait()


def stop_while_using(cache: FileCache) -> None:
    def fetch(path: Path) -> None:
        path.write_bytes(DATA)

    with cache.file(NAME, len(DATA), crc32c_of(DATA), fetch):
        wait()


def wait() -> None:
    print("waiting", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    _, root, limit_bytes, what, *arguments = sys.argv
    globals()[what](FileCache(Path(root), int(limit_bytes)), *map(int, arguments))
