"""What was said of each window: by a run, or by a policy that needs no look at it."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from streamcap_dagster.records import SPOKEN, Caption
from streamcap_dagster.rewards.form import says_nothing
from streamcap_dagster.truth import DrawnTruth, reference


@dataclass(frozen=True)
class Said:
    """A window and its caption; the text is empty for silence, and where the caption failed."""

    clip: int
    window: int
    start_s: float
    end_s: float
    full: bool
    """True of a caption that describes all there is: the first of a clip, and an anchor."""
    text: str
    failed: bool = False


def said_by(captions: Iterable[Caption]) -> list[Said]:
    """The captions of a video in order of clip and window, in whatever order they come."""
    return sorted((_said(caption) for caption in captions), key=lambda said: (said.clip, said.window))


def _said(caption: Caption) -> Said:
    text = "" if says_nothing(caption.text) else caption.text
    return Said(caption.clip, caption.window, caption.start_s, caption.end_s, caption.kind != "delta", text, caption.outcome not in SPOKEN)


def chains(said: Iterable[Said]) -> Iterator[list[Said]]:
    """The windows of each clip, which are captioned one after the other."""
    for _, windows in groupby(said, key=lambda window: window.clip):
        yield list(windows)


Policy = Callable[[DrawnTruth, Sequence[Said]], list[Said]]
"""Takes the windows of one clip, and says something else of them. All know the truth, and all describe the first window as it is: they differ in the deltas."""


def _perfect(truth: DrawnTruth, windows: Sequence[Said]) -> list[Said]:
    return [_saying(at, reference(truth, at.start_s, at.end_s, at.full)) for at in windows]


def _silent(truth: DrawnTruth, windows: Sequence[Said]) -> list[Said]:
    return [at if at.full else _saying(at, "") for at in _perfect(truth, windows)]


def _repeat(truth: DrawnTruth, windows: Sequence[Said]) -> list[Said]:
    told: list[str] = []
    repeated = []
    for at in _perfect(truth, windows):
        told = [at.text] if at.full else [*told, at.text]
        repeated.append(_saying(at, " ".join(filter(None, told))))
    return repeated


def _shuffled(truth: DrawnTruth, windows: Sequence[Said]) -> list[Said]:
    texts = [at.text for at in _perfect(truth, windows) if not at.full]
    random.Random(f"{truth.video_id} {windows[0].clip}").shuffle(texts)  # noqa: S311 -- to mix, not to keep secret
    drawn = iter(texts)
    return [at if at.full else _saying(at, next(drawn)) for at in _perfect(truth, windows)]


def _previous(truth: DrawnTruth, windows: Sequence[Said]) -> list[Said]:
    right = _perfect(truth, windows)
    return [at if at.full else _saying(at, before.text) for before, at in zip([*right[:1], *right], right, strict=False)]


def _saying(at: Said, text: str) -> Said:
    return replace(at, text=text, failed=False)


POLICIES: dict[str, Policy] = {"perfect": _perfect, "previous": _previous, "shuffled": _shuffled, "repeat": _repeat, "silent": _silent}
"""`previous` says of each window what is right for the one before it; `repeat` says again all that is known; `silent` says nothing after the first window."""


def said_by_policy(policy: str, truth: DrawnTruth, said: Iterable[Said]) -> list[Said]:
    """What a policy says of the same windows."""
    return [window for chain in chains(said) for window in POLICIES[policy](truth, chain)]
