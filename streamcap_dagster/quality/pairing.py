"""The pairing audit: do captions fit the frames of their own windows better than those of others? Where they do not, they may sit on the wrong video.

How well a caption fits a window is told as the share of the video's windows that it fits less well, ties counting half: 0.5 is chance, whatever
compares them, and a caption of a video in which nothing tells one window from another is neither right nor wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamcap_dagster.quality.claims import claims
from streamcap_dagster.quality.embedding import Embedder
from streamcap_dagster.quality.records import PairingAudit
from streamcap_dagster.quality.sights import SIGHTS, Sight, look_at, sight
from streamcap_dagster.records import Caption, Frame
from streamcap_dagster.storage.frame_table import FramesFile, read_windows

Place = tuple[int, int]
"""A clip and a window of it."""
Window = tuple[Place, Sequence[Frame]]

FEATURES = "features"
MOST_EMBEDDED = 128
"""Windows of a video that a model is asked about."""

_SHUFFLES = 64
_SEED = 7
_SHIFTS = (-2, -1, 1, 2)
"""By how many windows captions may have been shifted to be found so."""
_SURE = 4.0
"""Standard errors by which captions must fit other windows better to be called shifted."""
_LEAST_GAIN = 0.05
_FEWEST_SHIFTED = 8
"""Deltas from which on it can be told."""

Indices = NDArray[np.intp]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Compared:
    """Captions, and how well each fits any window of its video."""

    by: str
    places: Sequence[Place]
    """Of all windows."""
    captions: Indices
    """The windows whose captions say something that windows differ in."""
    full: NDArray[np.bool_]
    """Which of these captions are full ones, which cannot be shifted."""
    fits: Callable[[Indices, Indices], Numbers]
    """How well some captions, by their place among `captions`, fit each one window, 0 to 1."""


def stored_windows(file: FramesFile, captions: Iterable[Caption]) -> Iterator[Window]:
    """The windows of the clips that captions are of, as `frames/<video_id>.parquet` holds them; one row group is in memory at a time."""
    for clip in sorted({caption.clip for caption in captions}):
        yield from (((clip, window), frames) for window, frames in read_windows(file, clip))


def audit_by_features(video_id: str, captions: Iterable[Caption], windows: Iterable[Window]) -> PairingAudit | None:
    """Hold what captions say of colours, movement, cuts and light against the pixels. `windows` come in order, each once; only numbers of them are kept.

    None where no caption says anything that pixels could bear out. Raises ObjectUnreadable for a frame that is no JPEG picture.
    """
    told = {(caption.clip, caption.window): caption for caption in captions}
    seen = _Seen(video_id)
    for place, frames in windows:
        if place in told:
            seen.add(place, frames, asked=not told[place].gated)
    if not seen.places:
        return None
    return _audit(_by_features(seen, told))


def audit_by_model(captions: Iterable[Caption], windows: Iterable[Window], embedder: Embedder) -> PairingAudit | None:
    """Hold captions against a frame of the middle of their windows in a model's eyes, the first 128 that say something. Raises EmbeddingFailed."""
    told = {(caption.clip, caption.window): caption for caption in captions if caption.text}
    pictures: dict[Place, bytes] = {}
    for place, frames in windows:
        if place in told:
            pictures[place] = frames[len(frames) // 2].jpeg
        if len(pictures) == MOST_EMBEDDED:
            break
    if not pictures:
        return None
    chosen = [told[place] for place in pictures]
    texts, jpegs = embedder.embed([caption.text for caption in chosen], list(pictures.values()))
    ranks = _ranks((_normed(texts) @ _normed(jpegs).T).T).T
    compared = _Compared(embedder.model, list(pictures), np.arange(len(chosen)), _full(chosen), lambda rows, windows: ranks[rows, windows])
    return _audit(compared)


@dataclass
class _Seen:
    """What was seen of a video, window after window. Only those that the captioner was asked about are compared: that of the others nothing is said is
    their pixels' own doing, and would make any captions fit that are silent there.
    """

    video_id: str
    places: list[Place] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    _last: tuple[Place, NDArray[np.uint8]] | None = None

    def add(self, place: Place, frames: Sequence[Frame], asked: bool) -> None:
        pictures = look_at(frames, self.video_id)
        follows = self._last is not None and self._last[0] == (place[0], place[1] - 1)
        if asked:
            self.sights.append(sight(pictures, self._last[1] if self._last is not None and follows else None))
            self.places.append(place)
        self._last = place, pictures[-1]


def _by_features(seen: _Seen, told: Mapping[Place, Caption]) -> _Compared:
    sights = np.array(seen.sights)
    tell_apart = np.ptp(sights, axis=0) > 0
    ranks = _ranks(sights)
    known = {name: number for number, name in enumerate(SIGHTS)}
    said = np.zeros(sights.shape)
    for row, place in enumerate(seen.places):
        said[row, [known[claim] for claim in claims(told[place])]] = 1
    said *= tell_apart
    captions = np.flatnonzero(said.any(axis=1))
    weights = said[captions] / said[captions].sum(axis=1, keepdims=True)

    def fits(rows: Indices, windows: Indices) -> Numbers:
        fit: Numbers = (weights[rows] * ranks[windows]).sum(axis=1)
        return fit

    return _Compared(FEATURES, seen.places, captions, _full([told[seen.places[row]] for row in captions]), fits)


def _full(captions: Iterable[Caption]) -> NDArray[np.bool_]:
    return np.array([caption.kind != "delta" for caption in captions], bool)


def _ranks(numbers: Numbers) -> Numbers:
    """Of each number, the share of its column that is less, what is equal counting half."""
    ordered = np.sort(numbers, axis=0)
    below = np.stack([np.searchsorted(ordered[:, column], numbers[:, column], side="left") for column in range(numbers.shape[1])], axis=1)
    upto = np.stack([np.searchsorted(ordered[:, column], numbers[:, column], side="right") for column in range(numbers.shape[1])], axis=1)
    ranks: Numbers = (below + upto) / (2 * len(numbers))
    return ranks


def _normed(vectors: Numbers) -> Numbers:
    """Rounded, so that machines that add up in another order agree."""
    normed: Numbers = np.round(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), 6)
    return normed


def _audit(compared: _Compared) -> PairingAudit | None:
    if not len(compared.captions):
        return None
    everyone = np.arange(len(compared.captions))
    own = float(compared.fits(everyone, compared.captions).mean())
    draw = np.random.Generator(np.random.PCG64(_SEED))
    others = [np.argsort(draw.random(len(compared.places)), kind="stable") for _ in range(_SHUFFLES)]
    shuffled = np.array([compared.fits(everyone, order[compared.captions]).mean() for order in others])
    mean = float(shuffled.mean())
    return PairingAudit(
        by=compared.by,
        windows=len(everyone),
        own=round(own, 4),
        shuffled=round(mean, 4),
        margin=round(own - mean, 4),
        spread=round(float(shuffled.std()), 4),
        shift=_shift(compared),
    )


def _shift(compared: _Compared) -> int:
    """By how many windows deltas would have to go to fit much better than they do; 0 where they are best off where they are."""
    where = {place: index for index, place in enumerate(compared.places)}
    gains = {by: gain for by in _SHIFTS if (gain := _gain(compared, where, by)) > 0}
    return max(gains, key=lambda by: (gains[by], -abs(by)), default=0)


def _gain(compared: _Compared, where: Mapping[Place, int], by: int) -> float:
    """How much better deltas fit the windows so many places on; 0 unless that is certain and worth speaking of."""
    pairs = [
        (row, index, where[place])
        for row, index in enumerate(compared.captions)
        if not compared.full[row] and (place := (compared.places[index][0], compared.places[index][1] + by)) in where
    ]
    if len(pairs) < _FEWEST_SHIFTED:
        return 0.0
    rows, own, other = np.array(pairs).T
    better = compared.fits(rows, other) - compared.fits(rows, own)
    mean, error = float(better.mean()), float(better.std(ddof=1)) / np.sqrt(len(better))
    return mean if mean > max(_LEAST_GAIN, _SURE * error) else 0.0
