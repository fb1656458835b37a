"""Which decisions apply to the captions as they are now: those on what is still said of the window, and shown in it."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from streamcap_dagster.records import Caption, Captions, in_order
from streamcap_dagster.reviews.records import Decision, Place, Review
from streamcap_dagster.reviews.reviewed import Reviewed, ReviewedWindow


@dataclass(frozen=True)
class Applied:
    """What a review comes to."""

    reviewed: Reviewed
    applying: Mapping[Place, Decision]
    """Those that count, by the place of what they are of as it is now."""
    outdated: tuple[Decision, ...] = ()
    """Decisions on what is not said any more, or of windows that are no more: kept, and without effect."""


def caption_sha256(*captions: Caption) -> str:
    """Names what a person sees who decides on a window, or on a clip by all of its captions in order: the words, the pictures and the time."""
    seen = [[caption.text, caption.outcome, caption.start_s, caption.end_s, *caption.frame_sha256] for caption in captions]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def apply_review(review: Review, initials: Captions, deltas: Captions) -> Applied:
    """The decisions of a review that apply to these captions, which are the model's, by window. A verdict on a window goes before that on its clip."""
    captions = in_order(initials, deltas)
    known = said_at(captions)
    applying = _applying(review.decisions, known)
    windows = (window for caption in captions for window in _window(caption, applying))
    counting = {decision.place for decision in applying.values()}
    outdated = tuple(decision for decision in review.decisions if not decision.is_nothing and decision.place not in counting)
    return Applied(Reviewed(video_id=review.video_id, windows=tuple(windows)), applying, outdated)


def _applying(decisions: Sequence[Decision], known: Mapping[Place, str]) -> dict[Place, Decision]:
    """Decisions by where what they are of stands now, for clips cut otherwise have other numbers. What was decided, or taken back, there goes first."""
    there = {decision.place: decision for decision in decisions if known.get(decision.place) == decision.caption_sha256}
    elsewhere = [decision for decision in decisions if decision.place not in there and not decision.is_nothing]
    places = _alone(known)
    for decision in sorted(elsewhere, key=attrgetter("revision"), reverse=True):
        place = places.get((decision.caption_sha256, decision.window is None))
        if place is not None:
            there.setdefault(place, decision)
    return {place: decision for place, decision in there.items() if not decision.is_nothing}


def _alone(known: Mapping[Place, str]) -> dict[tuple[str, bool], Place]:
    """Where a caption or a clip stands of which there is one alone."""
    times = Counter((sha256, window is None) for (_, window), sha256 in known.items())
    return {(sha256, place[1] is None): place for place, sha256 in known.items() if times[sha256, place[1] is None] == 1}


def said_at(captions: Sequence[Caption]) -> dict[Place, str]:
    """What there is to decide on, windows and whole clips, by place: the name of what is said there."""
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
    verdict = decision.verdict or (of_clip.verdict if of_clip else None)
    text = decision.text if decision.text != caption.text or caption.outcome not in ("ok", "no_change") else None
    told = of_clip if of_clip and verdict == "drop" and decision.verdict is None and text is None else decision
    if verdict == "drop" or text is not None or decision.ranking:
        yield ReviewedWindow(
            clip=caption.clip,
            window=caption.window,
            dropped=verdict == "drop",
            text=text,
            ranking=decision.ranking or (),
            said=caption.text,
            outcome=caption.outcome,
            by=told.by,
            at=told.at,
        )
