"""Quality of captions: windows a second on one core, beside the same answers worked out anew for each window from all earlier captions of its clip.

The captions are written by rule: a full description and then deltas of some ten words, every fifth of them silent and every tenth a repetition. The
baseline reads the whole history again for every caption, which is what one writes first, and is the same code in all else. Each round has texts of its
own, so that nothing is remembered from another.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from unittest.mock import patch

from streamcap_dagster.quality import measuring
from streamcap_dagster.quality.history import ALIKE, Heard
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.records import Caption
from streamcap_dagster.rewards.words import known_pairs, said_pairs, sentences, words

CLIPS, WINDOWS = 300, 30
LONG = 300
"""Windows of a long clip."""
TARGET = 5_000

_KINDS = "red blue green old small wooden tall wet grey striped yellow open empty bright".split()  # noqa: SIM905
_THINGS = "man woman dog car door table ball bicycle waiter glass lamp curtain bird child bag ladder".split()  # noqa: SIM905
_ACTS = "enters leaves crosses turns falls opens closes stops lifts drops carries follows passes hides reaches pushes".split()  # noqa: SIM905
_PLACES = "left right street kitchen window corner bridge stairs counter pavement".split()  # noqa: SIM905


def measure() -> dict[str, object]:
    """Windows a second of ours and of the baseline, on clips of a minute; and of both on clips of ten minutes."""
    draw = random.Random(7)
    checked = _corpus(draw, 3, WINDOWS)
    assert _naive(checked) == measuring.measure(checked)
    short = [_corpus(draw, CLIPS, WINDOWS) for _ in range(2)]
    long = [_corpus(draw, CLIPS * WINDOWS // LONG, LONG) for _ in range(2)]
    return {
        "windows": len(short[0]),
        "words_per_window": round(sum(len(caption.text.split()) for caption in short[0]) / len(short[0]), 1),
        "windows_per_s": _rate(measuring.measure, short[0]),
        "naive_windows_per_s": _rate(_naive, short[1]),
        f"in_clips_of_{LONG}_windows": {"windows_per_s": _rate(measuring.measure, long[0]), "naive_windows_per_s": _rate(_naive, long[1])},
        "target_windows_per_s": TARGET,
    }


def _rate(work: Callable[[Sequence[Caption]], object], captions: Sequence[Caption]) -> int:
    began = time.process_time()
    work(captions)
    return round(len(captions) / (time.process_time() - began))


class _ReadAgain:
    """Stands in for what remembers the captions of a segment, and remembers nothing but their texts."""

    def __init__(self) -> None:
        self._said: dict[int, str] = {}

    def hear(self, window: int, text: str) -> Heard:
        known = [known_pairs(sentence) for said in self._said.values() for sentence in sentences(said)]
        told = [said_pairs(sentence) for sentence in sentences(text)]
        repeated = [max((len(pairs & before) for before in known), default=0) for pairs in told]
        spoken = {*words(text)}
        alike = [before for before, said in self._said.items() if len(spoken & {*words(said)}) >= ALIKE * len(spoken | {*words(said)})]
        self._said[window] = text
        worst = max(again / len(pairs) for again, pairs in zip(repeated, told, strict=True))
        return Heard(worst, 1 - sum(repeated) / sum(map(len, told)), max(alike, default=None))


def _naive(captions: Sequence[Caption]) -> tuple[WindowQuality, ...]:
    with patch.object(measuring, "SoFar", _ReadAgain):
        return measuring.measure(captions)


def _corpus(draw: random.Random, clips: int, windows: int) -> list[Caption]:
    return [caption for clip in range(clips) for caption in _clip(draw, clip, windows)]


def _clip(draw: random.Random, clip: int, windows: int) -> Iterable[Caption]:
    said = [" ".join(_sentence(draw) for _ in range(6))]
    yield _caption(clip, 0, said[0])
    for window in range(1, windows):
        text = "" if window % 5 == 0 else draw.choice(said) if window % 10 == 9 else _sentence(draw)
        said += [text] if text else []
        yield _caption(clip, window, text)


def _sentence(draw: random.Random) -> str:
    first, second = (f"{draw.choice(_KINDS)} {draw.choice(_THINGS)}" for _ in range(2))
    return f"A {first} {draw.choice(_ACTS)} by the {second} at the {draw.choice(_PLACES)}."


def _caption(clip: int, window: int, text: str) -> Caption:
    return Caption(
        clip=clip,
        window=window,
        start_s=2.0 * window,
        end_s=2.0 * window + 2,
        kind="delta" if window else "initial",
        outcome="ok" if text else "no_change",
        text=text,
        frame_sha256=(),
        frame_pts_s=(),
        history_sha256="",
        prompt_version="1",
        captioner="generated",
        model="none",
    )
