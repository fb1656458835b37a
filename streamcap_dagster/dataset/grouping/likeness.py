"""How much of one video is in another, by the hashes of their pictures."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.records import FrameHashes

RADIUS = 10
"""Bits of 64 by which two hashes may differ and still be of the same picture: half of them differ between unrelated ones."""
LEAST_SHARE = 0.5
"""Share of the pictures of the shorter video that must be found in the longer, in the same order and at the same distances in time."""
LEAST_SHARE_UNALIGNED = 0.8
"""The same where the order is another, as in a video that was cut anew or runs at another speed."""
LEAST_SHARE_TOLD = 0.2
"""Share of a video's pictures that must have anything in them; of one that is black but for a title, the title says nothing."""
LEAST_PICTURES = 3
"""Different pictures that tell a video from any other that shows one of them, such as a title; with fewer the longer must be in the shorter too."""
RULE = f"phash radius {RADIUS}, shares {LEAST_SHARE:g} {LEAST_SHARE_UNALIGNED:g} {LEAST_SHARE_TOLD:g}, pictures {LEAST_PICTURES}"
"""By what rule videos are found to show the same."""

_DRIFT = 1
"""Seconds by which a picture may be off, as a second of one video is not where a second of the other begins."""
_ROWS_AT_ONCE = 256

Hashes = NDArray[np.uint64]
Part = tuple[bool, int]
"""A way to hold two videos against each other: the whole pictures of the second against a part of those of the first, or (True) the other way round."""


@dataclass(frozen=True)
class HashedVideo:
    """The hashes of a video's pictures that have anything in them: a row a picture, in order of time, the whole picture's first."""

    video_id: str
    at_s: NDArray[np.float64]
    hashes: Hashes

    def __len__(self) -> int:
        return len(self.at_s)


def hashed_video(stored: FrameHashes) -> HashedVideo:
    """The hashes as numbers; none of a video in which too few pictures have anything in them."""
    told = [frame for frame in stored.hashes if not frame.plain]
    if len(told) < LEAST_SHARE_TOLD * len(stored.hashes):
        told = []
    bits = np.frombuffer(bytes.fromhex("".join(frame.hashes for frame in told)), ">u8").astype(np.uint64)
    return HashedVideo(stored.video_id, np.array([frame.at_s for frame in told]), bits.reshape(len(told), -1 if told else 1))


@dataclass(frozen=True)
class Likeness:
    """How much of the shorter of two videos is in the longer."""

    share: float
    """0 to 1; of its pictures in the same order and at the same distances in time if that is enough, else in any order."""
    aligned: bool
    at_s: tuple[float, float]
    """A moment of the first and one of the second that look alike."""
    pictures: int
    """How many different pictures of the shorter one are in the longer."""
    back: float
    """Share of the longer one that is in the shorter."""

    @property
    def same(self) -> bool:
        """Whether both show the same, as far as their pictures tell."""
        least = LEAST_SHARE if self.aligned else LEAST_SHARE_UNALIGNED
        return self.share >= least and (self.pictures >= LEAST_PICTURES or self.back >= least)


def likeness(first: HashedVideo, second: HashedVideo, parts: Collection[Part]) -> Likeness:
    """Hold two videos that have hashes against each other, in the ways given."""
    swapped = len(second) < len(first)
    short, long = (second, first) if swapped else (first, second)
    ways = [(turned != swapped, part) for turned, part in parts]
    found = np.zeros(len(short), bool)
    back = np.zeros(len(long), bool)
    start = int(np.floor(long.at_s[0] - short.at_s[-1])) - _DRIFT - 1
    votes = np.zeros(int(np.ceil(long.at_s[-1] - short.at_s[0])) + _DRIFT + 2 - start, np.int64)
    for row in range(0, len(short), _ROWS_AT_ONCE):
        rows = slice(row, row + _ROWS_AT_ONCE)
        near = _near(short.hashes[rows], long.hashes, ways)
        found[rows], back = near.any(axis=1), back | near.any(axis=0)
        votes += _votes(near, short.at_s[rows], long.at_s, start, len(votes))
    best = int(votes.argmax())
    aligned = float(votes[best]) / len(short)
    mine, theirs = _moments(short, long, ways, found, best + start)
    return Likeness(
        share=aligned if aligned >= LEAST_SHARE else float(found.mean()),
        aligned=aligned >= LEAST_SHARE,
        at_s=(theirs, mine) if swapped else (mine, theirs),
        pictures=_different(short.hashes[found, 0]),
        back=float(back.mean()),
    )


def _moments(short: HashedVideo, long: HashedVideo, ways: Collection[Part], found: NDArray[np.bool_], offset_s: int) -> tuple[float, float]:
    """Of the pictures that were found the middle one, and that of the other video which is near it and nearest to where it should be."""
    rows = np.flatnonzero(found)
    row = int(rows[len(rows) // 2]) if len(rows) else 0
    off = np.abs(long.at_s - short.at_s[row] - offset_s) + np.where(_near(short.hashes[row : row + 1], long.hashes, ways)[0], 0, np.inf)
    return float(short.at_s[row]), float(long.at_s[int(off.argmin())])


def _near(short: Hashes, long: Hashes, ways: Collection[Part]) -> NDArray[np.bool_]:
    """Which pictures of one are near which of the other, in any of the ways."""
    near = np.zeros((len(short), len(long)), bool)
    for turned, part in ways:
        mine, theirs = (short[:, 0], long[:, part]) if turned else (short[:, part], long[:, 0])
        near |= np.bitwise_count(mine[:, None] ^ theirs) <= RADIUS
    return near


def _votes(near: NDArray[np.bool_], short_s: NDArray[np.float64], long_s: NDArray[np.float64], start: int, length: int) -> NDArray[np.int64]:
    """By how many pictures the two would fit, for each whole second by which the longer video may come later, from `start` on."""
    mine, theirs = np.nonzero(near)
    later = np.rint(long_s[theirs] - short_s[mine]).astype(np.int64) - start
    fits = np.zeros((len(near), length), bool)
    for drift in range(-_DRIFT, _DRIFT + 1):
        fits[mine, later + drift] = True
    counted: NDArray[np.int64] = fits.sum(axis=0)
    return counted


def _different(wholes: Hashes) -> int:
    """How many pictures are different from the one before: a still counts once."""
    return int((np.bitwise_count(wholes[1:] ^ wholes[:-1]) > RADIUS).sum()) + 1 if len(wholes) else 0
