"""What reviewers decided of a video as far as it applies to its captions, and the captions as they are by that."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import NO_CHANGE, SPOKEN, Caption, Captions, Outcome, Record, VideoId
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

DROPPED = "dropped by a reviewer"
"""Why a window makes no example."""
Ended = Outcome | Literal["dropped"]
"""How a window ended, with what reviewers decided."""


class ReviewedWindow(Record):
    """What was decided of a window, and what the model had said."""

    clip: int
    window: int
    dropped: bool
    """It makes no example and no subtitle, and its text is not in the history of later windows."""
    text: str | None
    """What is said instead; empty for silence, None where the caption stays."""
    ranking: tuple[str, ...]
    """Candidates, the best first; empty where nobody ranked any."""
    said: str
    """What the model said."""
    outcome: Outcome
    """And how that ended."""
    by: str
    at: AwareDatetime


class Reviewed(Record):
    """`reviewed/<video_id>.json`: in order of clip, then window; without windows where nothing was decided that applies."""

    video_id: VideoId
    windows: tuple[ReviewedWindow, ...] = ()


class ReviewedCaption(Caption):
    """The caption of a window that somebody decided something of. It is made where it is wanted, and never stored."""

    dropped: bool = False
    edited_by: str = ""
    """Whose words the text is; empty where it is the model's."""
    edited_at: str = ""
    """When it was written, in ISO 8601; empty like the one before."""
    instead_of: str | None = None
    """What the model said in its place; None where that is no caption, and where the text is the model's."""
    ranking: tuple[str, ...] = ()


def apply(captions: Captions, reviewed: Reviewed) -> Captions:
    """Captions with what reviewers decided: another text, and the outcome that comes with it. The very same where nothing was decided of them."""
    windows = {(window.clip, window.window): window for window in reviewed.windows}
    if not windows:
        return captions
    return Captions(video_id=captions.video_id, captions=tuple(_applied(caption, windows) for caption in captions.captions))


def _applied(caption: Caption, windows: Mapping[tuple[int, int], ReviewedWindow]) -> Caption:
    window = windows.get((caption.clip, caption.window))
    if window is None:
        return caption
    told = {**caption.model_dump(), "dropped": window.dropped, "ranking": window.ranking}
    if window.text is None:
        return ReviewedCaption(**told)
    told |= {"text": window.text, "outcome": "ok" if window.text else "no_change", "reason": "", "gated": False}
    if caption.kind == "anchor" and caption.outcome != "ok":
        told["kind"] = "delta"  # it opened no segment
    instead_of = (caption.text or NO_CHANGE) if caption.outcome in SPOKEN else None
    return ReviewedCaption(**told, edited_by=window.by, edited_at=window.at.isoformat(), instead_of=instead_of)


def is_dropped(caption: Caption) -> bool:
    return isinstance(caption, ReviewedCaption) and caption.dropped


def is_edited(caption: Caption) -> bool:
    return isinstance(caption, ReviewedCaption) and bool(caption.edited_by)


def captioned_text(caption: Caption) -> str:
    """What the captioner said, whatever a reviewer wrote; empty where it was silent or failed."""
    if not isinstance(caption, ReviewedCaption) or not caption.edited_by:
        return caption.text
    return "" if caption.instead_of in (None, NO_CHANGE) else caption.instead_of


def ended(caption: Caption) -> Ended:
    return "dropped" if is_dropped(caption) else caption.outcome


def edited_by(caption: Caption) -> str:
    return caption.edited_by if isinstance(caption, ReviewedCaption) else ""


def edited_at(caption: Caption) -> str:
    return caption.edited_at if isinstance(caption, ReviewedCaption) else ""


def reviewed_of(storage: Storage, video_id: str) -> Reviewed:
    """What was decided of a video that applies; nothing where that was not made. Raises ObjectUnreadable."""
    try:
        return read_record(storage, keys.reviewed(video_id), Reviewed)
    except ObjectMissing:
        return Reviewed(video_id=video_id)
