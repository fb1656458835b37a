"""Which windows of which videos are tested: drawn by hash, so that the same seed draws the same, and a larger sample holds the smaller."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from streamcap_dagster.records import Caption

T = TypeVar("T")


def shuffled(things: Iterable[T], seed: int, name: Callable[[T], str]) -> list[T]:
    """All of them, in an order by chance: where things come or go, the others keep theirs."""
    return sorted(things, key=lambda thing: hashlib.sha256(f"{seed}/{name(thing)}".encode()).digest())


def draw_windows(video_id: str, captions: Sequence[Caption], count: int, seed: int) -> list[Caption]:
    """Deltas of a video, silent and failed ones too, in order: what a clip says in full needs no test."""
    deltas = [caption for caption in captions if caption.kind == "delta"]
    drawn = shuffled(deltas, seed, lambda caption: f"{video_id}/{caption.clip}/{caption.window}")
    return sorted(drawn[:count], key=lambda caption: (caption.clip, caption.window))
