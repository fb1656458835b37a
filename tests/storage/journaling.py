"""A process of its own that appends lines to a journal in a bucket, and says which it has appended, until it is killed."""

import itertools
import sys
import time
from pathlib import Path

from streamcap_dagster.storage.gcs import open_storage


def main(cache: str, key: str) -> None:
    storage = open_storage("gs://bucket/data", Path(cache), cache_gb=1, connections=8, deadline_s=10)
    with storage.journal(key) as append:
        for number in itertools.count():
            append(f"{number}\n".encode())
            print(number, flush=True)
            time.sleep(0.001)


if __name__ == "__main__":
    main(*sys.argv[1:])
