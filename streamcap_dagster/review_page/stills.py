"""The pictures of windows: read from the frames of a video a row group at a time, when somebody looks; the last ones are kept in memory."""

from collections import OrderedDict
from io import BytesIO
from itertools import groupby
from threading import Lock

from PIL import Image

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import Frame
from streamcap_dagster.review_page.corpus import Corpus
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.frame_table import read_around

SMALL_HEIGHT = 144
"""Pixels: what a timeline shows, on a fine screen too."""
_QUALITY = 72
_KEPT_BYTES = 48 << 20
_LANES = 16

Place = tuple[str, str, int, int]
"""Video, version of its frames, clip and window."""


class Stills:
    """Lends the frames of windows. Its methods may be called from several threads."""

    def __init__(self, storage: Storage, corpus: Corpus, kept_bytes: int = _KEPT_BYTES) -> None:
        self._storage = storage
        self._corpus = corpus
        self._kept: OrderedDict[Place, tuple[bytes, ...]] = OrderedDict()
        self._kept_bytes = 0
        self._limit_bytes = kept_bytes
        self._book = Lock()
        self._lanes = [Lock() for _ in range(_LANES)]

    def of(self, place: Place) -> tuple[bytes, ...]:
        """The JPEGs of a window as the captioner saw them, in time order. Raises ObjectMissing where there are none, or of another version."""
        video_id, _, clip, window = place
        with self._lanes[hash((video_id, clip)) % _LANES]:  # neighbours are asked for together and lie together, so that one of them reads for all
            found = self._look_up(place) or self._read(place)
        if not found:
            what = f"A picture of clip {clip}, window {window} in {keys.frames(video_id)}"
            raise ObjectMissing(what, self._storage.uri, "Load the page again, for the frames may have been made anew.")
        return found

    def _look_up(self, place: Place) -> tuple[bytes, ...] | None:
        with self._book:
            if place in self._kept:
                self._kept.move_to_end(place)
            return self._kept.get(place)

    def _read(self, place: Place) -> tuple[bytes, ...]:
        """A window at the edge of what is read may go on in the next row group, so those with fewer pictures than the wanted one are let go."""
        video_id, version, clip, window = place
        self._corpus.video(video_id)
        with self._storage.open(keys.frames(video_id)) as table:
            stored = self._storage.stat(keys.frames(video_id))
            if stored is None or stored.version != version:
                return ()
            read = {where: tuple(frame.jpeg for frame in frames) for where, frames in groupby(read_around(table, clip, window), key=_window)}
        wanted = read.get((clip, window), ())
        with self._book:
            for where, pictures in read.items():
                if wanted and len(pictures) >= len(wanted):
                    self._keep((video_id, version, *where), pictures)
        return wanted

    def _keep(self, place: Place, pictures: tuple[bytes, ...]) -> None:
        self._kept_bytes += _size(pictures) - _size(self._kept.pop(place, ()))
        self._kept[place] = pictures
        while self._kept_bytes > self._limit_bytes and len(self._kept) > 1:
            self._kept_bytes -= _size(self._kept.popitem(last=False)[1])


def small(jpeg: bytes, height: int = SMALL_HEIGHT, quality: int = _QUALITY) -> bytes:
    """A picture made lower, never higher; a very wide one is fitted into four times the height."""
    with Image.open(BytesIO(jpeg), formats=["JPEG"]) as picture:
        picture.draft("RGB", (1, 2 * height))
        shown = picture.convert("RGB")
    shown.thumbnail((4 * height, height))
    encoded = BytesIO()
    shown.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()


def _window(frame: Frame) -> tuple[int, int]:
    return frame.clip, frame.window


def _size(pictures: tuple[bytes, ...]) -> int:
    return sum(map(len, pictures))
