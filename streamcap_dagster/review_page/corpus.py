"""All videos of a storage in short: each looked into when somebody asks for it, and all of them by and by in a thread of their own."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Lock, Thread
from typing import Literal, get_args

from streamcap_dagster.errors import ObjectMissing, StreamcapError
from streamcap_dagster.quality.thresholds import METRICS
from streamcap_dagster.records import Record, Video
from streamcap_dagster.review_page.summaries import BINS, MOST_WORDS_PER_S, Summary, summarize
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.manifest import Rows, read_rows

KEPT = 4000
"""Summaries in memory: the others are made again when they are looked at."""
MOST_TROUBLES = 5
"""Videos in a row that cannot be read, after which the storage is taken to be out of reach."""

Order = Literal["name", "flags", "novelty", "cost"]
_ORDERS: Mapping[Order, Callable[[Summary], float]] = {
    "flags": lambda summary: -summary.flagged,
    "novelty": lambda summary: summary.mean_novelty,
    "cost": lambda summary: -summary.total_usd,
}
"""By what videos are put first; those that are not counted yet come last, and equal ones stay in order of name."""


class NotInCatalog(StreamcapError):
    """The catalog lists no usable video of that name."""

    def __init__(self, video_id: str, storage: str) -> None:
        super().__init__(f"The catalog of {storage} has no video {video_id!r} to look at: it is gone, or it never was there. `streamcap status` lists them.")


class Page(Record):
    """Some videos in an order."""

    first: int
    videos: tuple[Summary, ...]
    """Those from `first` on."""
    total: int
    """How many there are in all that fit what was searched for."""
    longest: int
    """Windows of the longest video that was looked into so far."""


class Figures(Record):
    """What is known of all videos together, so far."""

    storage: str
    videos: int
    unusable: int
    """Files of the source that make no video."""
    counted: int
    """Videos that the figures speak of."""
    is_done: bool
    total_usd: float
    counts: dict[str, int]
    """By name, as `Summary.counted` gives them."""
    bins: int = BINS
    most_words_per_s: float = MOST_WORDS_PER_S
    meanings: dict[str, str]
    """What is wrong with captions that have a flag, by its name: what follows on `captions that`."""
    trouble: str = ""
    """Why some are not counted, or not as they are now."""


class Corpus:
    """The videos of a storage. Its methods may be called from several threads."""

    def __init__(self, storage: Storage, kept: int = KEPT) -> None:
        self._storage = storage
        self._limit = kept
        self._book = Lock()
        self._rows, self._rows_version = Rows((), {}), ""
        self._usable: tuple[str, ...] = ()
        self._kept: OrderedDict[str, Summary] = OrderedDict()
        self._sorted_by: dict[Order, dict[str, float]] = {order: {} for order in _ORDERS}
        self._counts: Counter[str] = Counter()
        self._counted: dict[str, tuple[Counter[str], float]] = {}
        self._changed: set[str] = set()
        self._longest = 0
        self._walk: Thread | None = None
        self._trouble = ""
        self._stop = Event()

    def video(self, video_id: str) -> Video:
        """Raises NotInCatalog for one that the catalog does not have, or not as a usable video."""
        self._look()
        if video_id not in self._rows.cells or (video := self._rows.video(video_id)).status != "ok":
            raise NotInCatalog(video_id, self._storage.uri)
        return video

    def summary(self, video_id: str) -> Summary:
        with self._book:
            if video_id in self._kept:
                self._kept.move_to_end(video_id)
                return self._kept[video_id]
        summary = summarize(self._storage, self.video(video_id))
        self._note(summary)
        return summary

    def forget(self, video_id: str) -> None:
        """It has changed: it is looked into again when somebody asks for it or for the figures."""
        with self._book:
            self._kept.pop(video_id, None)
            self._changed.add(video_id)

    def page(self, order: Order, search: str, first: int, most: int) -> Page:
        """Some of the videos whose name holds what is searched for."""
        self._look()
        found = [video_id for video_id in self._usable if search.lower() in video_id]
        if order != "name":
            ranks = self._sorted_by[order]
            found.sort(key=lambda video_id: ranks.get(video_id, float("inf")))
        videos = tuple(side_by_side(self._storage.lanes, self.summary, found[first : first + most]))
        return Page(first=first, videos=videos, total=len(found), longest=self._longest)

    def neighbours(self, video_id: str) -> tuple[str, str]:
        """The videos before and after it in order of name; empty at the ends."""
        self._look()
        place = self._usable.index(video_id) if video_id in self._usable else -1
        before = self._usable[place - 1] if place > 0 else ""
        return before, self._usable[place + 1] if 0 <= place < len(self._usable) - 1 else ""

    def figures(self) -> Figures:
        """Begins to count when nobody has yet."""
        self._look()
        self._begin()
        with self._book:
            return Figures(
                storage=self._storage.uri,
                videos=len(self._usable),
                unusable=self._column("status").count("failed"),
                counted=len(self._counted),
                is_done=bool(self._walk and not self._walk.is_alive() and not self._changed),
                total_usd=sum(usd for _, usd in self._counted.values()),
                counts=dict(+self._counts),
                meanings=meanings(),
                trouble=self._trouble,
            )

    def count_again(self) -> None:
        """Everything is looked into once more, as after a run; what was known stays until then."""
        with self._book:
            self._kept.clear()
            self._changed.update(self._counted)
            if self._walk and not self._walk.is_alive():
                self._walk = None

    def close(self) -> None:
        """End the counting."""
        self._stop.set()
        if self._walk:
            self._walk.join()

    def _look(self) -> None:
        """Read the catalog again when it is another one."""
        stored = self._storage.stat(keys.MANIFEST)
        version = stored.version if stored else ""
        if version == self._rows_version and version:
            return
        rows = read_rows(self._storage)
        with self._book:
            self._rows, self._rows_version = rows, version
            self._usable = tuple(video_id for video_id, status in zip(rows.cells, self._column("status"), strict=True) if status == "ok")
            for gone in self._counted.keys() - set(self._usable):
                self._uncount(gone)
                self._kept.pop(gone, None)
            if self._walk and not self._walk.is_alive():
                self._walk = None  # there may be new ones to count

    def _column(self, name: str) -> Sequence[str]:
        if not self._rows.cells:
            return []
        place = self._rows.columns.index(name)
        return [row[place] for row in self._rows.cells.values()]

    def _begin(self) -> None:
        with self._book:
            if self._walk is None or (self._changed and not self._walk.is_alive()):
                self._walk = Thread(target=self._count_all, name="review-corpus", daemon=True)
                self._walk.start()

    def _count_all(self) -> None:
        self._trouble, failed = "", 0
        for video_id in self._to_count():
            if self._stop.is_set() or failed == MOST_TROUBLES:
                return
            try:
                self.summary(video_id)
                failed = 0
            except (NotInCatalog, ObjectMissing):  # taken out of the catalog meanwhile
                continue
            except (StreamcapError, OSError) as error:
                self._trouble, failed = str(error), failed + 1

    def _to_count(self) -> list[str]:
        with self._book:
            known = self._counted.keys() - self._changed
            for video_id in self._changed:
                self._kept.pop(video_id, None)  # a look from before it changed may have ended after
            self._changed.clear()
            return [video_id for video_id in self._usable if video_id not in known]

    def _note(self, summary: Summary) -> None:
        with self._book:
            self._uncount(summary.video_id)
            counted = summary.counted()
            self._counted[summary.video_id] = counted, summary.total_usd
            self._counts.update(counted)
            self._longest = max(self._longest, summary.windows)
            for order, key in _ORDERS.items():
                self._sorted_by[order][summary.video_id] = key(summary)
            self._kept[summary.video_id] = summary
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def _uncount(self, video_id: str) -> None:
        known = self._counted.pop(video_id, None)
        if known is not None:
            self._counts.subtract(known[0])


def meanings() -> dict[str, str]:
    """What is wrong with captions that have a flag, by its name."""
    return {metric.name: metric.about for metric in METRICS.values()}


def order_of(name: str) -> Order:
    """Any other name is the order of names."""
    return next((order for order in get_args(Order) if order == name), "name")
