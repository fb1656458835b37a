"""What the page is told of a video: each window with its caption, its frames, what was measured of it, what it cost and what was decided."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.quality.records import CaptionQuality, Drift, PairingAudit, WindowQuality
from streamcap_dagster.records import Caption, CaptionKind, Captions, Clips, Outcome, Record, Video, in_order
from streamcap_dagster.review_page.costs import Costs, costs_of
from streamcap_dagster.reviews.applying import said_at
from streamcap_dagster.reviews.records import Review
from streamcap_dagster.reviews.storing import ReviewUnusable, read_review
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Part = Literal["clips", "frames", "initial_captions", "delta_captions", "caption_quality", "preference_examples"]
"""Assets that the page shows something of."""


class ShownWindow(Record):
    """One window. Seconds are of the video."""

    clip: int
    window: int
    start_s: float
    end_s: float
    kind: CaptionKind
    outcome: Outcome
    text: str
    reason: str
    gated: bool
    captioner: str
    model: str
    caption_sha256: str
    """What a decision on it must name."""
    frames_s: tuple[float, ...]
    """When each of its frames is shown."""
    cost_usd: float | None
    """None where no answer is kept that cost anything, and where it is told of an earlier window."""
    quality: WindowQuality | None


class ShownVideo(Record):
    """A video as far as it was made."""

    video_id: str
    duration_s: float
    width: int
    height: int
    codec: str
    license: str
    credit: str
    skipped: str
    windows: tuple[ShownWindow, ...]
    """In order of clip, then window."""
    clips_sha256: dict[int, str]
    """By clip, as far as it was captioned: what a decision on the whole of it must name."""
    pairing: PairingAudit | None
    drifts: tuple[Drift, ...]
    total_usd: float | None
    """With what was asked beside the captions; None where nothing cost anything."""
    review: Review
    frames_version: str
    """Changes with the pictures."""
    not_made: tuple[Part, ...]
    troubles: tuple[str, ...]
    """Sentences about what is there and cannot be read."""


@dataclass
class Reading:
    """Reads the objects of a video, and notes which are not there and which cannot be read instead of giving up."""

    storage: Storage
    video_id: str
    not_made: list[Part] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def record(self, part: Part, key: str, kind: type[R]) -> R | None:
        try:
            return read_record(self.storage, key, kind)
        except ObjectMissing:
            self.not_made.append(part)
        except ObjectUnreadable as error:
            self.troubles.append(str(error))
        return None

    def look(self, part: Part, key: str) -> str:
        """The version of an object that is not read; empty when it is not there."""
        stored = self.storage.stat(key)
        if stored is None:
            self.not_made.append(part)
        return stored.version if stored else ""

    def or_else(self, other: T, read: Callable[[Storage, str], T]) -> T:
        """What is read of the video, and something else in the place of what cannot be."""
        try:
            return read(self.storage, self.video_id)
        except (ObjectUnreadable, ReviewUnusable) as error:
            self.troubles.append(str(error))
            return other

    def initials_and_deltas(self) -> tuple[Captions, Captions]:
        """As far as windows were captioned."""
        nothing = Captions(video_id=self.video_id, captions=())
        initials = self.record("initial_captions", keys.initial_captions(self.video_id), Captions)
        deltas = self.record("delta_captions", keys.delta_captions(self.video_id), Captions)
        return initials or nothing, deltas or nothing

    def quality(self) -> CaptionQuality | None:
        return self.record("caption_quality", keys.caption_quality(self.video_id), CaptionQuality)


def show_video(storage: Storage, video: Video) -> ShownVideo:
    """All of one video but its pictures. What is not made yet is missing, and named."""
    reading = Reading(storage, video.video_id)
    clips = reading.record("clips", keys.clips(video.video_id), Clips)
    frames_version = reading.look("frames", keys.frames(video.video_id))
    captions, quality = in_order(*reading.initials_and_deltas()), reading.quality()
    reading.look("preference_examples", keys.preference_examples(video.video_id))
    costs = reading.or_else(Costs({}), costs_of)
    paid = costs.of_windows(captions)
    review = reading.or_else(Review(video_id=video.video_id), read_review)
    measured = {(one.clip, one.window): one for one in quality.windows} if quality else {}
    said = said_at(captions)
    facts = ("video_id", "duration_s", "codec", "license", "credit")
    return ShownVideo(
        **{name: getattr(video, name) for name in facts},
        width=video.display_width,
        height=video.display_height,
        skipped=clips.skipped if clips else "",
        windows=tuple(
            _window(caption, said[place], paid.get(place), measured.get(place)) for caption in captions for place in [(caption.clip, caption.window)]
        ),
        clips_sha256={int(clip): sha256 for (clip, window), sha256 in said.items() if window is None},
        pairing=quality.pairing if quality else None,
        drifts=quality.drifts if quality else (),
        total_usd=costs.total_usd or None,
        review=review,
        frames_version=frames_version,
        not_made=tuple(reading.not_made),
        troubles=tuple(reading.troubles),
    )


def _window(caption: Caption, sha256: str, paid_usd: float | None, quality: WindowQuality | None) -> ShownWindow:
    told = ("clip", "window", "start_s", "end_s", "kind", "outcome", "text", "reason", "gated", "captioner", "model")
    return ShownWindow(
        **{name: getattr(caption, name) for name in told},
        caption_sha256=sha256,
        frames_s=caption.frame_pts_s,
        cost_usd=paid_usd or None,
        quality=quality,
    )
