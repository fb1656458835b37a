"""Which generation of each object this process has seen: what it may replace, and what it must not."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock

from streamcap_dagster.storage.gcs.bucket import NONE, Blob, OtherGeneration

_MOST = 100_000
"""Names remembered, the least recently used forgotten first."""
_TRIES = 8


class Generations:
    """The last generation seen under each name; NONE: it was seen that there is no object. May be used from several threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._listed: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def of(self, name: str) -> int | None:
        """The generation, or None when the name was never looked at. What a listing did not have was looked at."""
        with self._lock:
            return self._seen.get(name, NONE if any(folder in self._listed for folder in _folders(name)) else None)

    def saw(self, name: str, generation: int) -> None:
        """Remember what was found. Generations only grow, so an older one comes from a listing that was fetched earlier."""
        with self._lock:
            self._seen[name] = max(generation, self._seen.get(name, NONE)) if generation else NONE
            self._seen.move_to_end(name)
            if len(self._seen) > _MOST:
                self._forget(next(iter(self._seen)))

    def saw_all(self, prefix: str) -> None:
        """Remember that every object under a prefix was seen; only of one that is a folder's."""
        if prefix.endswith("/"):
            with self._lock:
                self._listed[prefix] = None
                self._listed.move_to_end(prefix)
                if len(self._listed) > _MOST:
                    self._listed.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._forget(name)

    def _forget(self, name: str) -> None:
        """What is unknown now is not what a listing lacked."""
        self._seen.pop(name, None)
        for folder in _folders(name):
            self._listed.pop(folder, None)


def _folders(name: str) -> Iterator[str]:
    """Every prefix of a name that ends in a slash."""
    end = name.find("/") + 1
    while end:
        yield name[:end]
        end = name.find("/", end) + 1


class Overtaken(Exception):
    """Another object was written since one was looked at. For the layer above."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(expected, found)


def put(expected: int | None, send: Callable[[int], Blob], look: Callable[[], Blob | None], is_same: Callable[[Blob], bool]) -> Blob:
    """Write an object over the generation that was seen (None: never looked), and over no other; returns what is there now.

    `send` writes on the condition that the object is of a generation. One that is there already with the same bytes is as good as written:
    it can be that of a first try whose answer was lost. One that has vanished is written again. Raises Overtaken for any other.
    """
    found: Blob | None = None
    for _ in range(_TRIES):
        try:
            return send(expected or NONE)
        except OtherGeneration:
            found = look()
        if found is None:
            expected = NONE
        elif is_same(found):
            return found
        elif expected is None:
            expected = found.generation
        elif found.generation != expected:
            break
    raise Overtaken(expected or NONE, found.generation if found else NONE)
