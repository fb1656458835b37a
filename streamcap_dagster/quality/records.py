"""What `caption_quality/<video_id>.json` holds: what was measured of every window of a video."""

from streamcap_dagster.records import CaptionKind, Outcome, Record, VideoId


class WindowQuality(Record):
    """What the caption of one window is like. Silence has no words and no flags, and counts as neither new nor redundant."""

    clip: int
    window: int
    kind: CaptionKind
    outcome: Outcome
    words: int = 0
    words_per_s: float = 0.0
    """Words in the time that the window lasts: how fast they would have to be spoken."""
    repetition: float = 0.0
    """Share of its words, 0 to 1, that say again what the same caption has said."""
    redundancy: float = 0.0
    """0 when all of it is new, 1 when one of its sentences was said in full before, in the same segment."""
    novelty: float = 0.0
    """Share of what it says, 0 to 1, that was not said before."""
    repeats: int | None = None
    """The last earlier window that it is nearly a copy of."""
    meta_talk: tuple[str, ...] = ()
    """Words about the video or about what goes on as before, where only what is new was wanted."""
    refusal: str = ""
    """The words in which the captioner refuses."""
    times: tuple[str, ...] = ()
    """Times and numbers of frames that nobody can see in the pictures."""
    language: str = ""
    """ISO 639-1 code; `unknown` where the words do not tell it, empty for silence."""
    renamed: tuple[str, ...] = ()
    """Things that have got another name, as `man -> goalkeeper`."""
    flags: tuple[str, ...] = ()
    """The thresholds it has passed, by name: that of a metric, and with `_error` behind it where it is an error."""


class PairingAudit(Record):
    """How well captions agree with the frames of their own windows, and with those of others."""

    by: str
    """What compared them: `features`, or the name of a model."""
    windows: int
    """How many captions were compared."""
    own: float
    shuffled: float
    margin: float
    """How much better they agree with their own frames; near 0 where captions sit on the wrong windows."""
    spread: float
    """Standard deviation of `shuffled` from one shuffle to another: so much chance does to `own`, and to `margin`."""
    shift: int = 0
    """By how many windows deltas would have to go to agree much better than they do, as when they were moved or tell ahead; 0 where they are right."""


class Drift(Record):
    """How far what was said of a segment has drifted from an anchor, the full caption that ends it."""

    clip: int
    window: int
    """Of the anchor."""
    drift: float
    """0 when both say the same, 1 when they have nothing in common."""
    unsaid: tuple[str, ...] = ()
    """What the anchor tells and the segment had not."""
    lost: tuple[str, ...] = ()
    """What the segment had told and the anchor does not."""


class CaptionQuality(Record):
    """`caption_quality/<video_id>.json`: windows in order of clip, then window."""

    video_id: VideoId
    windows: tuple[WindowQuality, ...]
    pairing: PairingAudit | None = None
    """None where there was nothing to compare."""
    drifts: tuple[Drift, ...] = ()
    """One for each anchor."""
