"""Which decisions apply to the captions as they are now: those on what is still said of the window, and shown in it."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamcap_dagster.records import Caption, Captions, in_order
from streamcap_dagster.reviews.records import Decision, Place, Review
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow


@dataclass(frozen=True)
class Applied:
    """What a review comes to."""

    reviewed: Reviewed
    outdated: tuple[Decision, ...] = ()
    """Decisions on what is not said any more, or of windows that are no more: kept, and without effect."""


def caption_sha256(*captions: Caption) -> str:
    """Names what a person sees who decides on a window, or on a clip by all of its captions in order: the words, the pictures and the time."""
    seen = [[caption.text, caption.outcome, caption.start_s, caption.end_s, *caption.frame_sha256] for caption in captions]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def apply_review(review: Review, initials: Captions, deltas: Captions) -> Applied:
    """The decisions of a review that apply to these captions, which are the model's, by window. A verdict on a window goes before that on its clip."""
    captions = in_order(initials, deltas)
    known = _known(captions)
    decided = {decision.place: decision for decision in review.decisions if not decision.is_nothing}
    applying = {place: decision for place, decision in decided.items() if known.get(place) == decision.caption_sha256}
    windows = (window for caption in captions for window in _window(caption, applying))
    outdated = tuple(decision for place, decision in decided.items() if place not in applying)
    return Applied(Reviewed(video_id=review.video_id, windows=tuple(windows)), outdated)


def _known(captions: Sequence[Caption]) -> dict[Place, str]:
    """What there is to decide on."""
    clips: dict[int, list[Caption]] = defaultdict(list)
    for caption in captions:
        clips[caption.clip].append(caption)
    places: dict[Place, str] = {(caption.clip, caption.window): caption_sha256(caption) for caption in captions}
    return places | {(clip, None): caption_sha256(*chain) for clip, chain in clips.items()}


def _window(caption: Caption, applying: Mapping[Place, Decision]) -> Iterator[ReviewedWindow]:
    """What was decided of a window; nothing where that changes nothing, as where it is kept as it is."""
    of_window, of_clip = (applying.get((caption.clip, window)) for window in (caption.window, None))
    decision = of_window or of_clip
    if decision is None:
        return
    verdict = (of_window.verdict if of_window else None) or (of_clip.verdict if of_clip else None)
    text = decision.text if decision.text != caption.text or caption.outcome not in ("ok", "no_change") else None
    if verdict == "drop" or text is not None or decision.ranking:
        yield ReviewedWindow(
            clip=caption.clip,
            window=caption.window,
            dropped=verdict == "drop",
            text=text,
            ranking=decision.ranking or (),
            said=caption.text,
            outcome=caption.outcome,
            by=decision.by,
            at=decision.at,
        )
