"""The records that steps hand to each other and that storage holds: frozen, validated, one kind per stage.

All times are seconds from the video's first presented frame.
"""

import hashlib
from dataclasses import dataclass
from operator import not_
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

VIDEO_ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,95}$"
VideoId = Annotated[str, Field(pattern=VIDEO_ID_PATTERN)]
_TICK_S = 1e-6
"""Times are rounded to this."""
Seconds = Annotated[float, Field(ge=0)]

CaptionKind = Literal["initial", "delta", "anchor"]
"""An anchor is a full caption inside a clip, made without a look back. One that comes out opens a new segment, of which it is all the history at first."""
Outcome = Literal["ok", "no_change", "blocked", "recitation", "truncated", "invalid", "empty"]
SPOKEN: frozenset[Outcome] = frozenset({"ok", "no_change"})
"""Outcomes that make training examples; every other outcome is kept and counted with its reason."""

NO_CHANGE = "No change."
"""What the assistant says in conversations and exports when a window adds nothing."""

STAND_IN = "localhost/"
"""How the name of a hosted model begins when something on this machine answered in its place, such as the Gemini emulator."""
_OFFLINE = "offline"
"""The captioner that knows light and movement, and nothing of what things are."""


def rehearsed_by(captioner: str, model: str) -> str:
    """Who said it without a model that sees, so that it must not be trained on, or an empty text. Several captioners or models are told in one text."""
    stand_in = next((part for part in model.split() if part.startswith(STAND_IN)), "")
    return stand_in or (_OFFLINE if _OFFLINE in captioner.split() else "")


def is_rehearsal(captioner: str, model: str) -> bool:
    return bool(rehearsed_by(captioner, model))


class Record(BaseModel):
    """Base of every stored record."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Video(Record):
    """One row of `raw/manifest.csv`: a source file and what was probed of it. A failed file has zeros for what is unknown."""

    video_id: VideoId
    uri: str
    """Where the file is, relative to the source."""
    sha256: str
    size_bytes: int
    container: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    display_width: int = 0
    display_height: int = 0
    """Size as shown: after sample aspect ratio and rotation."""
    rotation: int = 0
    duration_s: float = 0.0
    """From the first presented frame to the end of the last."""
    fps: float = 0.0
    """Mean rate of the presented frames."""
    variable_fps: bool = False
    interlaced: bool = False
    audio: bool = False
    time_base: str = ""
    """Seconds per tick of the video stream's timestamps, as a fraction such as 1/12800."""
    first_pts: int = 0
    """Timestamp of the first presented frame, in ticks of `time_base`: second zero of this video."""
    status: Literal["ok", "failed", "removed", "forgotten"]
    reason: str = ""
    license: str = ""
    credit: str = ""
    url: str = ""
    group: str = ""
    """Videos of one group never end up in different splits. Like the three before it, it is what the source says, empty where it says nothing."""

    @property
    def content(self) -> str:
        """Hash of the file and of what was probed of it: what everything made from this video is made from, which what is said of it is not."""
        facts = self.model_dump_json(exclude={"video_id", "uri", "status", "reason", "license", "credit", "url", "group"})
        return hashlib.sha256(facts.encode()).hexdigest()

    @property
    def trouble(self) -> str:
        """Why it cannot be used, as a sentence that names the file; empty when it can."""
        return f"{self.uri!r}: {self.reason}" if self.reason else ""


class Clip(Record):
    """A span chosen for captioning: a whole number of windows, at least two."""

    clip: int
    start_s: Seconds
    end_s: Seconds
    windows: Annotated[int, Field(ge=2)]
    reason: str


class LeftOver(Record):
    """A span that was not made into a clip, and why."""

    start_s: Seconds
    end_s: Seconds
    reason: str


class Clips(Record):
    """`clips/<video_id>.json`. `skipped` is the reason why the video has no clip, empty when it has one."""

    video_id: VideoId
    window_duration_s: float
    clips: tuple[Clip, ...]
    left_over: tuple[LeftOver, ...] = ()
    skipped: str = ""


@dataclass(frozen=True)
class Frame:
    """A still: the picture on screen at `target_s`, with the timestamp `pts_s` that it was presented at."""

    clip: int
    window: int
    k: int
    """Index of the frame within its window, from 0."""
    target_s: float
    pts_s: float
    width: int
    height: int
    sha256: str
    jpeg: bytes


class FrameHash(Record):
    """The perceptual hashes of one picture of a video."""

    at_s: Seconds
    plain: bool
    """True of a picture with next to nothing in it, such as black: what is like it says nothing."""
    hashes: str
    """64 bits each as 16 hexadecimal digits: of the whole picture without black bars, then of parts of it."""


class FrameHashes(Record):
    """`frame_hashes/<video_id>.json`: about one picture a second, in order of time."""

    video_id: VideoId
    hashes: tuple[FrameHash, ...]


class Caption(Record):
    """What was said of one window. Holds only what a re-run of a deterministic captioner would say again."""

    clip: int
    window: int
    start_s: Seconds
    end_s: Seconds
    kind: CaptionKind
    outcome: Outcome
    text: str
    """Empty unless the outcome is `ok`."""
    reason: str = ""
    """Why there is no text: what blocked it, what made it invalid, or that the gate saw no change."""
    gated: bool = False
    """True when the no-change gate decided and nobody was asked."""
    frame_sha256: tuple[str, ...]
    frame_pts_s: tuple[float, ...]
    history_sha256: str
    """Hash of the earlier captions that the captioner was shown."""
    prompt_version: str
    captioner: str
    model: str
    call_key: str = ""
    """Name of the stored call that answered; empty when gated."""
    attested: bool | None = None
    """Whether the captioner was billed for as many image tokens as these frames come to; None where it does not tell."""
    segment: int = Field(0, ge=0, exclude_if=not_)
    """Which segment of its clip it belongs to, from 0. Stored from the first anchor on, so that captions without anchors are what they always were."""

    @model_validator(mode="after")
    def _speaks_of_the_past(self) -> Self:
        if self.max_evidence_pts_s > self.end_s + _TICK_S:
            raise ValueError(f"clip {self.clip}, window {self.window} ends at {self.end_s} s, but a frame it speaks of is shown at {self.max_evidence_pts_s} s")
        return self

    @property
    def max_evidence_pts_s(self) -> float:
        """When the last picture is shown that the caption speaks of: never after its window, or it would tell what a live feed has not shown yet."""
        return max(self.frame_pts_s, default=self.start_s)


class Captions(Record):
    """`initial_captions/<video_id>.json` and `delta_captions/<video_id>.json`: in order of clip, then window."""

    video_id: VideoId
    captions: tuple[Caption, ...]


def in_order(initials: Captions, deltas: Captions) -> list[Caption]:
    """All captions of a video, chain after chain: in order of clip, then window."""
    return sorted((*initials.captions, *deltas.captions), key=lambda caption: (caption.clip, caption.window))


Objective = Annotated[str, Field(min_length=1, max_length=120)]


class PairObjectives(Record):
    """What a good delta for `window` should convey, given everything said up to the window before it."""

    clip: int
    window: int
    objectives: tuple[Objective, ...] = Field(max_length=6)
    reason: str = ""
    """Why there are no objectives, when there are none."""
    call_key: str = ""


class Objectives(Record):
    """`objectives/<video_id>.json`: one entry per window pair."""

    video_id: VideoId
    pairs: tuple[PairObjectives, ...]


class Turn(Record):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


class SftExample(Record):
    """One record of `train.json`; the fields and their order are the dataset's schema."""

    video_id: VideoId
    start_time: float
    fps: float
    source_fps: float
    window_duration: float
    frames_window1: tuple[str, ...]
    frames_window2: tuple[str, ...]
    caption_window1: str
    caption_window2_delta: str
    conversations: tuple[Turn, ...]


class RlExample(Record):
    """One record of `rl.json`; the fields and their order are the dataset's schema."""

    video_id: VideoId
    start_time: float
    fps: float
    source_fps: float
    window_duration: float
    frames_window1: tuple[str, ...]
    frames_window2: tuple[str, ...]
    objectives: tuple[Objective, ...]


class SftPair(Record):
    """An SFT example and the pair it was made from: windows `window - 1` and `window` of `clip`."""

    clip: int
    window: int
    example: SftExample


class RlPair(Record):
    """An RL example and the pair it was made from."""

    clip: int
    window: int
    example: RlExample


class LeftOut(Record):
    """A pair that made no example, and why."""

    clip: int
    window: int
    reason: str


class SftExamples(Record):
    """`sft_examples/<video_id>.json`."""

    video_id: VideoId
    examples: tuple[SftPair, ...]
    left_out: tuple[LeftOut, ...] = ()


class RlExamples(Record):
    """`rl_examples/<video_id>.json`."""

    video_id: VideoId
    examples: tuple[RlPair, ...]
    left_out: tuple[LeftOut, ...] = ()


RankedBy = Literal["score", "human"]


class Candidate(Record):
    """Something that could be said of a window, and how good that would be; silence is `NO_CHANGE`."""

    text: str
    generator: str
    """What it came from: a captioner, or a rule that makes worse ones."""
    redundancy: float
    informativeness: float
    coverage: float
    score: float
    rank: int
    """1 is the best of the window."""


class PreferencePair(Record):
    """Two candidates for windows `window - 1` and `window` of `clip`: `chosen` answers `prompt` better than `rejected`."""

    clip: int
    window: int
    prompt: str
    """As asked, with the history in it."""
    chosen: str
    rejected: str
    margin: float
    """By how much `chosen` is better, in what ranked the two."""
    length_matched: bool
    """Whether both are about as long, so that they do not teach that shorter is better."""
    ranked_by: RankedBy
    objectives: tuple[Objective, ...]
    candidates: tuple[Candidate, ...]
    """All of the window's, in order of rank."""


class Undecided(Record):
    """The candidates of a window of which none is better enough than another to make a pair."""

    clip: int
    window: int
    ranked_by: RankedBy
    candidates: tuple[Candidate, ...]


class PreferenceExamples(Record):
    """`preference_examples/<video_id>.json`; a window may have several pairs."""

    video_id: VideoId
    examples: tuple[PreferencePair, ...]
    left_out: tuple[LeftOut, ...] = ()
    undecided: tuple[Undecided, ...] = ()
