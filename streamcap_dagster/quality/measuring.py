"""Every metric of every window of a video. Costs nothing and asks nobody: texts are compared, no picture is looked at."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import fmean

from streamcap_dagster.quality.history import SoFar
from streamcap_dagster.quality.language import UNKNOWN, language
from streamcap_dagster.quality.naming import Names
from streamcap_dagster.quality.phrases import meta_talk, refusal, times
from streamcap_dagster.quality.records import WindowQuality
from streamcap_dagster.quality.repetition import repetition
from streamcap_dagster.quality.thresholds import METRICS, flags
from streamcap_dagster.records import Caption
from streamcap_dagster.rewards.words import words

_DIGITS = 4


def measure(captions: Iterable[Caption]) -> tuple[WindowQuality, ...]:
    """What the captions of a video are like, in order of clip, then window, whatever order they come in.

    A full caption opens a segment, in which nothing was said before: it is all new.
    """
    ordered = sorted(captions, key=lambda caption: (caption.clip, caption.window))
    measured = [window for _, chain in groupby(ordered, key=lambda caption: (caption.clip, caption.segment)) for window in _measure_segment(chain)]
    usual = _usual(window.language for window in measured)
    return tuple(window.model_copy(update={"flags": flags(_values(window, usual))}) if window.words else window for window in measured)


def _measure_segment(chain: Iterable[Caption]) -> Iterator[WindowQuality]:
    so_far, names = SoFar(), Names()
    yield from (_measured(caption, so_far, names) for caption in chain)


def _measured(caption: Caption, so_far: SoFar, names: Names) -> WindowQuality:
    """Without its flags: they depend on the language of the others."""
    text, delta, spoken = caption.text, caption.kind == "delta", len(words(caption.text))
    if not spoken:
        return WindowQuality(clip=caption.clip, window=caption.window, kind=caption.kind, outcome=caption.outcome)
    heard, seconds = so_far.hear(caption.window, text), caption.end_s - caption.start_s
    return WindowQuality(
        clip=caption.clip,
        window=caption.window,
        kind=caption.kind,
        outcome=caption.outcome,
        words=spoken,
        words_per_s=round(spoken / seconds, _DIGITS) if seconds > 0 else 0.0,
        repetition=round(repetition(text), _DIGITS),
        redundancy=round(heard.redundancy, _DIGITS),
        novelty=round(heard.novelty, _DIGITS),
        repeats=heard.repeats,
        meta_talk=meta_talk(text, delta),
        refusal=refusal(text),
        times=times(text),
        language=language(text),
        renamed=names.hear(text, introduces=not delta),
    )


def _values(window: WindowQuality, usual: str) -> dict[str, float]:
    """What each metric that applies has to judge, by its name."""
    values = {
        "words_per_s": window.words_per_s,
        "repetition": window.repetition,
        "redundancy": window.redundancy,
        "novelty": window.novelty,
        "repeats": window.repeats is not None,
        "meta_talk": len(window.meta_talk),
        "refusal": bool(window.refusal),
        "times": len(window.times),
        "language": window.language not in (usual, UNKNOWN),
        "renamed": len(window.renamed),
    }
    return {name: float(values[name]) for name, metric in METRICS.items() if metric.applies(window)}


def _usual(languages: Iterable[str]) -> str:
    """The language of most windows that tell theirs; of two that are equally common the one that comes first in the alphabet."""
    counted = Counter(found for found in languages if found not in ("", UNKNOWN))
    return min(counted, key=lambda found: (-counted[found], found), default="")


def mean(windows: Iterable[WindowQuality], number: str) -> float | None:
    """Of a metric that is a number, over the windows that it applies to; None where there are none."""
    metric = METRICS[number]
    values = [getattr(window, number) for window in windows if metric.applies(window)]
    return fmean(values) if values else None
