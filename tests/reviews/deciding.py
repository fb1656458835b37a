"""A person at work in a process of their own: `python -m tests.reviews.deciding STORAGE CACHE PERSON FIRST_WINDOW COUNT`.

Says that it is ready, and when a line comes in decides on so many windows of video `v` one after another, without ever looking at what others did; then on
window 0, as everybody does. Tells how that ended.
"""

import sys
from pathlib import Path

from streamcap_dagster.reviews.records import Choice
from streamcap_dagster.reviews.storing import Conflict, read_review, save
from tests.reviews.places import storage_at


def main(place: str, cache: str, person: str, first: int, count: int) -> None:
    storage = storage_at(place, Path(cache))
    opened = read_review(storage, "v").version
    print("ready", flush=True)
    sys.stdin.readline()
    for window in range(first, first + count):
        saved = save(storage, "v", opened, [Choice(clip=0, window=window, verdict="keep", caption_sha256="x")], person)
        assert not isinstance(saved, Conflict), saved
    last = save(storage, "v", opened, [Choice(clip=0, window=0, text=person, caption_sha256="x")], person)
    print("conflict" if isinstance(last, Conflict) else "saved", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
