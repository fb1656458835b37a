"""Finds the pairs of videos that may show the same, without holding each against each: an index of their hashes by some of their bits.

Two hashes that differ in few bits have the same in one of several random choices of bits at least, so they meet in one of as many sorted lists.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.dataset.grouping.likeness import RADIUS, HashedVideo, Hashes, Likeness, Part, likeness

_LISTS = 12
_BITS = 20
"""Of each choice. Fewer bits find more and cost more: with 10,000 videos of a minute some five strangers meet in each place of a list."""
_SEED = 20
_MOST_IN_A_PLACE = 64
"""Hashes of a place that one is held against: where very many videos share a picture, such as a title, each meets its neighbours only, which is
enough to make one group of true copies."""
_QUERIES_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Pair:
    """Two videos that show the same, by their places in the sequence that they came in, the first before the second."""

    first: int
    second: int
    likeness: Likeness


def same_pairs(videos: Sequence[HashedVideo]) -> Iterator[Pair]:
    """The pairs that show the same, in order."""
    for (first, second), parts in sorted(_candidates(videos).items()):
        found = likeness(videos[first], videos[second], parts)
        if found.same:
            yield Pair(first, second, found)


def _candidates(videos: Sequence[HashedVideo]) -> dict[tuple[int, int], set[Part]]:
    """Pairs with any two pictures near each other, and in which ways: whole against whole always, and the parts that were near."""
    known = [(place, np.unique(video.hashes, axis=0)) for place, video in enumerate(videos) if len(video)]
    if not known:
        return {}
    index = _Index(np.concatenate([hashes for _, hashes in known]), np.repeat([place for place, _ in known], [len(hashes) for _, hashes in known]))
    candidates: dict[tuple[int, int], set[Part]] = defaultdict(lambda: {(False, 0)})
    for asking, answering, part in index.meetings():
        pair = (asking, answering) if asking < answering else (answering, asking)
        candidates[pair].add((asking < answering, part) if part else (False, 0))
    return candidates


class _Index:
    """The hashes of all videos. Whole pictures ask, every part of a picture answers."""

    def __init__(self, hashes: Hashes, videos: NDArray[np.int64]) -> None:
        self._videos, self._parts = int(videos.max()) + 1, hashes.shape[1]
        self._asking, self._asking_video = hashes[:, 0], videos
        self._answering, self._answering_video = hashes.ravel(), np.repeat(videos, self._parts)

    def meetings(self) -> Iterator[tuple[int, int, int]]:
        """Who was near whom, each once: the video that asks, the video that answers, and the part of the latter's picture."""
        draw = np.random.default_rng(_SEED)
        met = [np.unique(np.concatenate([*self._met_by(draw.choice(64, _BITS, replace=False))])) for _ in range(_LISTS)]
        videos, parts = np.divmod(np.unique(np.concatenate(met)), self._parts)
        asking, answering = np.divmod(videos, self._videos)
        return zip(asking.tolist(), answering.tolist(), parts.tolist(), strict=True)

    def _met_by(self, bits: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The meetings in one list, some of the hashes that ask at a time, each meeting as one number."""
        places = _chosen(self._answering, bits)
        order = _sorted(places)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        ends = np.cumsum(np.bincount(places, minlength=1 << _BITS))
        starts = np.concatenate([[0], ends[:-1]])
        for start in range(0, len(self._asking), _QUERIES_AT_ONCE):
            asking = np.arange(start, min(start + _QUERIES_AT_ONCE, len(self._asking)))
            own = asking * self._parts
            low, high = starts[places[own]], ends[places[own]]
            crowded = high - low > _MOST_IN_A_PLACE
            low = np.where(crowded, np.minimum(rank[own], high - _MOST_IN_A_PLACE), low)
            yield self._near(asking, order, low, np.minimum(high - low, _MOST_IN_A_PLACE))

    def _near(self, asking: NDArray[np.int64], order: NDArray[np.int64], low: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of each that asks and the `counts` entries from `low` on, those of two videos that are near each other."""
        ends = np.cumsum(counts)
        entry = order[np.arange(ends[-1]) - np.repeat(ends - counts - low, counts)]
        asked_by = np.repeat(asking, counts)
        apart = self._asking_video[asked_by] != self._answering_video[entry]
        entry, asked_by = entry[apart], asked_by[apart]
        near = np.bitwise_count(self._asking[asked_by] ^ self._answering[entry]) <= RADIUS
        entry, asked_by = entry[near], asked_by[near]
        met: NDArray[np.int64] = (self._asking_video[asked_by] * self._videos + self._answering_video[entry]) * self._parts + entry % self._parts
        return met


def _chosen(hashes: Hashes, bits: NDArray[np.int64]) -> NDArray[np.uint32]:
    """These bits of each hash, side by side in one number: looked up for each of its bytes."""
    places = np.zeros(len(hashes), np.uint32)
    values = np.arange(256, dtype=np.uint32)
    for byte in range(8):
        table = np.zeros(256, np.uint32)
        for place, bit in enumerate(bits.tolist()):
            if bit // 8 == byte:
                table |= (values >> np.uint32(bit % 8) & np.uint32(1)) << np.uint32(place)
        places |= table[(hashes >> np.uint64(8 * byte)).astype(np.uint8)]
    return places


def _sorted(places: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The entries by their places, and in order within each: sorted as one number, which takes a fraction of the time of an argsort."""
    numbers = places.astype(np.int64) << 32 | np.arange(len(places))
    numbers.sort()
    order: NDArray[np.int64] = numbers & 0xFFFFFFFF
    return order
