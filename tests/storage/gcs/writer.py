"""A process of its own that writes, at the same moments as another, to one object of a bucket: `writer.py URI ROUNDS NAME`."""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from streamcap_dagster.errors import ObjectChanged
from streamcap_dagster.storage.gcs import GcsStorage, open_storage

KEY = "delta_captions/cat.json"


def content(name: str, number: int) -> bytes:
    """Every fourth is the same whoever writes it; some are small, some of many parts."""
    who = "both" if number % 4 == 0 else name
    size_bytes = (9 << 20) if number % 50 == 49 else 100 * (number % 7)
    return f"{who} {number} ".encode() + who.encode()[:1] * size_bytes


def write(storage: GcsStorage, data: bytes) -> str:
    try:
        storage.write_from(KEY, BytesIO(data))
    except ObjectChanged:
        return "lost"
    return "won"


def main(uri: str, rounds: int, name: str) -> None:
    storage = open_storage(uri, Path(tempfile.mkdtemp()), cache_gb=1, connections=2, deadline_s=30)
    for number in range(rounds):
        storage.stat(KEY)
        data = content(name, number)
        print("ready", flush=True)
        sys.stdin.readline()
        print(write(storage, data), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
