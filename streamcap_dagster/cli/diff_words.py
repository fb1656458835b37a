"""What `streamcap diff` says of old and new captions, on a terminal and on a page alike."""

from streamcap_dagster.captions.comparison import Comparison, Manner, words_in
from streamcap_dagster.records import Caption


def told_outcome(caption: Caption | None) -> str:
    """How a caption ended and how long it is."""
    if caption is None:
        return "no such window"
    if caption.text:
        return f"{caption.outcome}, {told_count(words_in(caption), 'word')}"
    return f"{caption.outcome}{f': {caption.reason}' if caption.reason and not caption.gated else ''}"


def told_comparison(comparison: Comparison) -> str:
    """What differs, in numbers."""
    old, new = comparison.old, comparison.new
    changed = f"{len(comparison.changed):,} of {told_count(len(comparison.windows), 'window')} changed ({comparison.share_changed:.0%})"
    return f"{changed}; words a caption: {_words(old)} → {_words(new)}; silent: {_silent(old)} → {_silent(new)}."


def _words(manner: Manner) -> str:
    return "–" if manner.words is None else f"{manner.words:.1f}"


def _silent(manner: Manner) -> str:
    return "–" if manner.silent is None else f"{manner.silent:.0%}"


def told_count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
