"""Hashes of videos that were never filmed: 64 bits drawn at random a picture, and copies in which some of them are others."""

import numpy as np

from streamcap_dagster.dataset.grouping.likeness import HashedVideo
from streamcap_dagster.frames.hashing import PARTS

WORD = np.iinfo(np.uint64).max


def film(draw: np.random.Generator, seconds: int = 20, video_id: str = "film") -> HashedVideo:
    """Every second shows something else."""
    return HashedVideo(video_id, np.arange(seconds, dtype=float), draw.integers(0, WORD, (seconds, len(PARTS)), np.uint64, endpoint=True))


def worn(draw: np.random.Generator, video: HashedVideo, bits: int = 4, video_id: str = "copy") -> HashedVideo:
    """The video with so many bits of each hash turned."""
    masks = np.zeros(video.hashes.shape, np.uint64)
    for index in np.ndindex(masks.shape):
        for bit in draw.choice(64, bits, replace=False):
            masks[index] |= np.uint64(1) << np.uint64(bit)
    return HashedVideo(video_id, video.at_s, video.hashes ^ masks)


def cut(video: HashedVideo, start: int, stop: int) -> HashedVideo:
    """The pictures from one to another, with times of their own."""
    return HashedVideo(video.video_id, video.at_s[start:stop] - video.at_s[start], video.hashes[start:stop])


def cropped(video: HashedVideo, part: int) -> HashedVideo:
    """A copy whose whole picture is a part of that of the video; what its own parts show is in no other."""
    draw = np.random.default_rng(part)
    rest = draw.integers(0, WORD, (len(video), len(PARTS) - 1), np.uint64, endpoint=True)
    return HashedVideo("crop", video.at_s, np.column_stack([video.hashes[:, part], rest]))


def joined(*videos: HashedVideo) -> HashedVideo:
    """One after the other."""
    hashes = np.concatenate([video.hashes for video in videos])
    return HashedVideo("joined", np.arange(len(hashes), dtype=float), hashes)
